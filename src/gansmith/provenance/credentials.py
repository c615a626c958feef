"""C2PA manifests: signing files, and checking signatures (https://spec.c2pa.org)."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from typing import Any, NamedTuple

from gansmith.errors import GansmithError
from gansmith.provenance.identity import Certificate
from gansmith.provenance.record import SOURCE_TYPE, Record

ASSERTION = "gansmith.provenance"
"""Names the record, which the signature covers with the rest of the file."""
_BOX = b"jumb"
"""Type of the boxes of every manifest (ISO 19566-5)."""


class Credential(NamedTuple):
    """What a manifest says.

    Attributes:
        state: `Trusted` (signed by the own authority), `Valid` (by another), or `Invalid`.
        signer: Organisation that the certificate names.
        generated: Whether it says that a trained model made the content.
        faults: Codes of what is wrong.
    """

    state: str
    signer: str | None
    generated: bool
    faults: tuple[str, ...]


def available() -> bool:
    """Return whether the library is installed."""
    return find_spec("c2pa") is not None


@lru_cache(maxsize=4)
def _context(anchor: str | None) -> Any:
    import c2pa

    settings: dict[str, Any] = {"builder": {"thumbnail": {"enabled": False}}}
    if anchor is not None:
        settings["trust"] = {"trust_anchors": anchor}
    return c2pa.Context.from_dict(settings)


@lru_cache(maxsize=4)
def _signer(certificate: Certificate, timestamp: str | None) -> Any:
    import c2pa

    algorithm = c2pa.C2paSigningAlg.ES256
    url = timestamp.encode() if timestamp else None
    try:
        return c2pa.Signer.from_info(
            c2pa.C2paSignerInfo(algorithm, certificate.chain, certificate.private, url)
        )
    except c2pa.C2paError as error:
        raise GansmithError(
            f"the certificate cannot be used ({error}): run `gansmith provenance init --force`"
        ) from error


def signed(
    content: bytes, mime: str, record: Record, certificate: Certificate, timestamp: str | None
) -> bytes:
    """Return a file with a signed manifest.

    Args:
        content: The file.
        mime: Its type.
        record: Where it comes from.
        certificate: To sign with.
        timestamp: URL of a time stamp authority, or None.

    Raises:
        GansmithError: The certificate or the authority cannot be used.
    """
    import c2pa

    created = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE}
    assertions = [
        {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
        {"label": ASSERTION, "data": {"id": record.id}},
    ]
    generator = {"name": record.system, "version": record.version}
    manifest = {"claim_generator_info": [generator], "assertions": assertions}
    target = BytesIO()
    try:
        builder = c2pa.Builder(json.dumps(manifest), _context(certificate.anchor))
        builder.sign(_signer(certificate, timestamp), mime, BytesIO(content), target)
    except c2pa.C2paError as error:
        where = f" (time stamps come from {timestamp})" if timestamp else ""
        raise GansmithError(f"the file cannot be signed: {error}{where}") from error
    return target.getvalue()


def read_credential(content: bytes, mime: str, anchor: str | None) -> Credential | None:
    """Read and check the manifest of a file.

    Args:
        content: The file.
        mime: Its type.
        anchor: An authority to trust, in PEM.

    Returns:
        None where the file, which may be damaged, has no manifest.

    Raises:
        GansmithError: There is one that cannot be read.
    """
    import c2pa

    try:
        report = json.loads(c2pa.Reader(mime, BytesIO(content), context=_context(anchor)).json())
    except c2pa.C2paError as error:
        if _BOX not in content:
            return None
        raise GansmithError("its C2PA manifest is damaged, or the file around it") from error
    active = report.get("manifests", {}).get(report.get("active_manifest"), {})
    codes = [str(status.get("code")) for status in report.get("validation_status", [])]
    return Credential(
        str(report.get("validation_state", "Invalid")),
        active.get("signature_info", {}).get("issuer"),
        "trainedAlgorithmicMedia" in json.dumps(active.get("assertions", [])),
        tuple(code for code in codes if code != "signingCredential.untrusted"),
    )
