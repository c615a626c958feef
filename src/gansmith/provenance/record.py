"""The one record of where a generated file comes from, and its forms for the rules.

It has what the rules on marking ask for: that a machine made the content (AI Act, Art. 50(2)), who
provides the system, its name and version, the time and a unique identifier (SB 942), and the label
`AIGC` (GB 45438-2025).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from gansmith.errors import GansmithError

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC: created algorithmically by a model that was trained on sampled content."""
IN_EVERY_RECORD = b"digital_source_type"
"""Stands in every file that holds a record, in every form of it."""
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "urn:gansmith:provenance:1")
_MOST_CHARACTERS = 400
_ZEROS = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Record:
    """Where one generated file comes from.

    Attributes:
        id: Unique identifier, a URN of a UUID.
        created: Time of writing, ISO 8601 in UTC.
        system: Name of the program.
        version: Of the program.
        provider: Who provides the system, where that is known.
        model: SHA-256 of the trained model; None while it is being trained.
        run: Name of the run.
        recipe: Name of its recipe.
        seed: Of the samples.
        index: Number of the sample.
        label: Its class.
        mark: Name of the key of the invisible mark that was put in; None without one.
        digital_source_type: What kind of content this is, the last part of a term of the IPTC.
        sha256: Digest of the file, without its C2PA manifest and with zeros in place of this.
    """

    id: str
    created: str
    system: str
    version: str
    provider: str | None = None
    model: str | None = None
    run: str | None = None
    recipe: str | None = None
    seed: int | None = None
    index: int | None = None
    label: str | None = None
    mark: str | None = None
    digital_source_type: str = SOURCE_TYPE.rpartition("/")[2]
    sha256: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what is known, as plain values."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def to_text(self) -> str:
        """Return the record as one line of JSON in ASCII, without braces and `--` inside."""
        return _plain(self.to_json())

    @classmethod
    def from_text(cls, text: str | bytes) -> Record:
        """Read :meth:`to_text`.

        Raises:
            GansmithError: It is damaged, or of something else.
        """
        try:
            values = json.loads(text)
            known = {field.name for field in fields(cls)}
            record = cls(**{name: values[name] for name in known & values.keys()})
            numbers = (record.seed, record.index)
            texts = [v for k, v in asdict(record).items() if k not in ("seed", "index")]
            fitting = all(v is None or isinstance(v, str) for v in texts)
            if not fitting or not all(v is None or isinstance(v, int) for v in numbers):
                raise TypeError
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise GansmithError("its record of provenance is damaged") from error
        return record

    def open(self) -> Record:
        """Return the record with zeros as its digest, as the digest is computed of."""
        return replace(self, sha256=_ZEROS)

    def sealed(self, rest: bytes) -> Record:
        """Return the record with the digest of a file that holds it `open`."""
        return replace(self, sha256=hashlib.sha256(rest).hexdigest())

    def fits(self, rest: bytes) -> bool:
        """Return whether no byte of a file has changed since its record was sealed."""
        if self.sha256 is None or len(self.sha256) != len(_ZEROS):
            return False
        plain = rest.replace(self.sha256.encode(), _ZEROS.encode())
        return self.sha256 == hashlib.sha256(plain).hexdigest()

    def aigc(self) -> str:
        """Return the implicit label of GB 45438-2025, a line of JSON."""
        values = {
            "Label": "1",
            "ContentProducer": self.provider or self.system,
            "ProduceID": self.id,
            "ReservedCode1": "",
            "ContentPropagator": "",
            "PropagateID": "",
            "ReservedCode2": "",
        }
        return _plain(values)


def _plain(values: dict[str, Any]) -> str:
    """Return flat values as JSON that any text format can hold."""
    text = json.dumps(values, separators=(",", ":"))[1:-1]
    for sign, code in (("--", "-\\u002d"), ("{", "\\u007b"), ("}", "\\u007d")):
        text = text.replace(sign, code)
    return f"{{{text}}}"


def unique_id(content: bytes, *facts: object) -> str:
    """Return an identifier that follows from content and facts, so that equal files have one."""
    digest = hashlib.sha256(content).hexdigest()
    return uuid.uuid5(_NAMES, "\n".join([digest, *map(str, facts)])).urn


def shortened(text: str | None) -> str | None:
    """Return a text as a record holds it: no more than 400 characters."""
    return text if text is None else text[:_MOST_CHARACTERS]


def outside_bytes(content: bytes, record: Record) -> bytes:
    """Return what the digest of a record outside its file is of: both."""
    return content + b"\0" + record.open().to_text().encode()
