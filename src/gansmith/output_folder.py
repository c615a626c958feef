"""Folders of generated files: names, manifest, and which files an earlier call wrote."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import BaseModel

from gansmith.codec import Codec, suffix
from gansmith.data.scan import MANIFEST, RUN_FILES
from gansmith.errors import GansmithError
from gansmith.outputs import Payload, Provenance, outside_record, save_output
from gansmith.storage.atomic import atomic_file, require_writable, sweep
from gansmith.storage.memory import require_memory
from gansmith.storage.reading import read_json

LONGEST = 80
"""Characters of a name, with room for a number and a suffix in the 255 bytes of file systems."""
UNLISTED = "\\:"
"""Characters that no name in a manifest has: Windows takes them for folders and drives."""
_NAME_BYTES = 1_000
"""Memory for the name of a file and for its entries in the manifest."""
_RESERVED = r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?"
_UNSAFE = r'[/\\:*?"<>|$=\x00-\x1f]'
"""Characters that file systems or sampler formats (`$` and `=` in SFZ) do not allow in names."""


def prepare_output_dir(place: Path, wanted: Iterable[str]) -> set[str]:
    """Check that files may be written into a folder, and return those of an earlier call.

    Args:
        place: The folder; it need not exist.
        wanted: Relative paths of the files, with forward slashes.

    Returns:
        As :func:`previous_outputs`.

    Raises:
        GansmithError: As :func:`previous_outputs`, nothing may be written there, or one of the
            files exists and no earlier call wrote it.
    """
    require_writable(place, folder=True)
    before = previous_outputs(place)
    for name in wanted:
        if name not in before and (place / name).exists():
            raise GansmithError(
                f"{place / name} exists and was not generated: choose another folder with --out"
            )
    return before


class _ListedFile(BaseModel):
    file: str


class _Listed(BaseModel):
    """The manifest of generated samples; those of other programs rarely have `run`."""

    run: Any
    files: list[_ListedFile]
    overview: list[str] = []


def previous_outputs(place: Path) -> set[str]:
    """Return the files that an earlier call listed in this folder's manifest.

    Returns:
        Relative paths with forward slashes, of files in the folder only.

    Raises:
        GansmithError: The folder is a run, or holds the manifest of something else.
    """
    if all((place / name).is_file() for name in RUN_FILES):
        raise GansmithError(f"{place} is a run: choose another folder for its samples with --out")
    manifest = place / MANIFEST
    if not manifest.exists():
        return set()
    try:
        listed = read_json(manifest, _Listed)
        names = [*(entry.file for entry in listed.files), *listed.overview]
        return {name for name in names if _lies_in(place, name)}
    except (GansmithError, OSError, ValueError):
        raise GansmithError(
            f"{manifest} is not of generated samples: choose another folder with --out"
        ) from None


def _lies_in(place: Path, name: str) -> bool:
    """Whether a relative path is of a file in the folder, and of no other through a link."""
    if not set(UNLISTED).isdisjoint(name) or not (place / name).is_file():
        return False
    return (place / name).parent.resolve().is_relative_to(place.resolve())


class OutputFolder:
    """A folder of generated files that are listed in its `manifest.json`.

    Files that no earlier call wrote are never replaced; files of an earlier call that are not
    written again are removed. Before the first file, a manifest with `pending` is written, which
    lists all files to come: after a kill, the same call completes the folder.

    Args:
        path: The folder; made with the first file.
        provenance: Where the files come from.
        wanted: Relative paths of all files that will be written, with forward slashes.

    Attributes:
        removed: Files of an earlier call that :meth:`write_manifest` has removed.

    Raises:
        GansmithError: As :func:`prepare_output_dir`: before anything is written, or sampled.
    """

    def __init__(self, path: Path, provenance: Provenance, wanted: Iterable[str]) -> None:
        self.path, self.provenance = path, provenance
        self._wanted = list(wanted)
        self._before = prepare_output_dir(path, self._wanted)
        self._begun, self.removed = False, 0
        self._files: list[dict[str, Any]] = []
        self._overview: list[str] = []
        self._records: dict[str, Any] = {}

    def add(self, name: str, payload: Payload, provenance: Provenance) -> Path:
        """Write the file of one sample.

        Args:
            name: Relative path with forward slashes.
            payload: Its content.
            provenance: Of the sample, with its `index` and, where known, its `label`.
        """
        self._begin()
        path = self._save(name, payload, provenance)
        entry = {"file": name, "index": provenance.index, "label": provenance.label}
        self._files.append({key: value for key, value in entry.items() if value is not None})
        return path

    def add_overview(self, files: Mapping[str, bytes]) -> None:
        """Write files that show all samples together, by name; without invisible mark."""
        self._begin()
        for name, payload in files.items():
            self._save(name, payload, self.provenance.without_mark())
            self._overview.append(name)

    def write_manifest(self, **facts: Any) -> None:
        """List the files and how they were made, and remove the earlier files not among them.

        Args:
            **facts: Options of the call, beside the provenance.

        Raises:
            GansmithError: A file cannot be removed, or the manifest not be written.
        """
        now = {name.casefold() for name in (*(f["file"] for f in self._files), *self._overview)}
        for name in sorted(self._before):
            if name.casefold() not in now:
                _remove(self.path / name)
                self.removed += 1
        self._save_manifest(self._files, **facts)

    def _save(self, name: str, payload: Payload, provenance: Provenance) -> Path:
        """Write a file, and keep the record of one that cannot hold it for the manifest."""
        path = save_output(self.path / name, payload, provenance, sidecar=False)
        if (record := outside_record(path, provenance)) is not None:
            self._records[name] = record.to_json()
        return path

    def _begin(self) -> None:
        """Write the pending manifest and remove what a killed call left, before the first file."""
        if self._begun:
            return
        self._begun = True
        for folder in {self.path, *((self.path / name).parent for name in self._wanted)}:
            sweep(folder, older_than=0.0)
        files = [{"file": name} for name in dict.fromkeys((*self._wanted, *sorted(self._before)))]
        self._save_manifest(files, pending=True)

    def _save_manifest(self, files: list[dict[str, Any]], **facts: Any) -> None:
        origin = self.provenance
        listed = {"run": origin.run, "seed": origin.seed, **facts}
        listed |= {"recipe": origin.recipe, "gansmith": origin.gansmith, "created": origin.created}
        listed |= {"provenance": asdict(origin.marking) | {"records": self._records}}
        listed |= {"files": files}
        listed |= {"overview": self._overview} if self._overview else {}
        with atomic_file(self.path / MANIFEST) as partial:
            partial.write_text(json.dumps(listed, indent=1) + "\n", "utf-8")


class SampleFolder(OutputFolder):
    """A folder of one file for each sample, and of files that show all of them together.

    Args:
        path: The folder.
        provenance: Where the samples come from.
        codec: Encodes the samples.
        names: File name of each sample, without suffix.
        format_: One of the codec's `formats`; the first if left out.

    Raises:
        GansmithError: The format is unknown, or as :class:`OutputFolder`.
    """

    def __init__(
        self,
        path: Path,
        provenance: Provenance,
        codec: Codec,
        names: Sequence[str],
        format_: str | None = None,
    ) -> None:
        self._codec, self._format = codec, codec.chosen_format(format_)
        self._names = names
        self._file_names = [f"{name}{codec.file_tag}.{suffix(self._format)}" for name in names]
        super().__init__(path, provenance, [*self._file_names, *codec.overview_files])

    def write(self, samples: NDArray[Any], provenances: Sequence[Provenance], **facts: Any) -> None:
        """Write all samples, the overview and the manifest.

        Args:
            samples: Stored samples [N, H, W, C], one for each name.
            provenances: Where each sample comes from.
            **facts: For the manifest.

        Raises:
            GansmithError: A file cannot be written or removed.
        """
        for sample, name, provenance in zip(samples, self._file_names, provenances, strict=True):
            self.add(name, self._codec.to_bytes(sample, self._format), provenance)
        self.add_overview(self._codec.overview(samples, self._names))
        self.write_manifest(**facts)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise GansmithError(f"{path} cannot be removed: {error.strerror}") from error


def sample_names(
    indices: int | Sequence[int],
    labels: Sequence[int] | None = None,
    label_names: Sequence[str] = (),
) -> list[str]:
    """Return a file name without suffix for each sample: its number, then its class if it has one.

    Args:
        indices: Numbers of the samples, or how many there are, numbered from 0.
        labels: Class of each.
        label_names: Names of the classes.

    Raises:
        GansmithError: So many names do not fit into memory.
    """
    numbers = range(indices) if isinstance(indices, int) else indices
    require_memory(_NAME_BYTES * len(numbers), f"the names of {len(numbers):,} files take")
    digits = len(str(max(numbers)))
    names = [f"{index:0{digits}d}" for index in numbers]
    if labels is None:
        return names
    safe = safe_file_names(label_names)
    return [f"{name}-{safe[label]}" for name, label in zip(names, labels, strict=True)]


def safe_file_names(labels: Sequence[str]) -> list[str]:
    """Turn labels into file names that every file system accepts and keeps distinct."""
    names: list[str] = []
    for label in labels:
        plain = re.sub(_UNSAFE, "_", unicodedata.normalize("NFC", label))[:LONGEST].strip(" .")
        name = unique = f"_{plain}" if re.fullmatch(_RESERVED, plain.lower()) else plain or "_"
        taken, number = {other.casefold() for other in names}, 1
        while unique.casefold() in taken:
            number += 1
            unique = f"{name}-{number}"
        names.append(unique)
    return names
