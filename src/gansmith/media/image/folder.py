"""A folder of pictures as a collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.data.collection import combined_digest
from gansmith.data.labels import folder_labels
from gansmith.data.layout import find_split
from gansmith.data.scan import find_files, readable
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.image.collection import PictureCollection
from gansmith.media.image.pixel_budget import map_bounded
from gansmith.media.image.reading import (
    SUFFIXES,
    NotAPicture,
    PictureFacts,
    UnreadablePicture,
    examine_file,
    read_picture,
)
from gansmith.media.image.value_range import BYTES, Settled, remedy, settle
from gansmith.storage.file_facts import Facts, cached_file_metadata, file_digest

_MEMO = "pictures-2"
_TAKES = (
    "PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or other files that Pillow reads there, or an .npy or "
    ".npz file"
)


class PictureFolder(PictureCollection):
    """Pictures in a folder and its sub-folders, in the order of their relative paths.

    Hidden files and folders are passed over, and so are files that neither hold a picture nor
    claim to by their suffix. Files are looked over once and again only when they change.

    Args:
        root: The folder.
        use_labels: Look for labels.
        intensities: `data.intensities`: labels are graded.
        value_range: `data.range`, for pictures of more than eight bits.
        beside: Suffixes of files beside the pictures that something else reads.
        log: Takes progress and warnings of files that cannot be read, one line each.

    Raises:
        GansmithError: No picture can be read, a table of labels is wrong, or pictures have values
            without a usual range.
    """

    def __init__(
        self,
        root: Path,
        *,
        use_labels: bool,
        intensities: bool = False,
        value_range: str | None = None,
        beside: frozenset[str] = frozenset(),
        log: LogFn = silent,
    ) -> None:
        self.name = root.resolve().name
        self.source = f"folder {root.resolve()}"
        self._root = root
        files = find_files(root, log)
        files = [name for name in files if PurePosixPath(name).suffix.lower() not in beside]
        records = cached_file_metadata(_MEMO, root, files, _learn, log)
        read, self.faults = readable(records, root, "picture", _TAKES, log)
        self.ignored = len(records) - len(read) - len(self.faults)
        self._names = list(read)
        self._facts = [PictureFacts(**record["facts"]) for record in read.values()]
        self.sizes = Counter((facts.height, facts.width) for facts in self._facts)
        settled = settle((facts.extent for facts in self._facts), value_range)
        self._scales = settled.scales
        self._check_range(settled, log)
        if value_range is not None and settled.scales:
            self.range = next(iter(settled.scales.values()))
        self._labels = (
            folder_labels(root, self._names, log, intensities=intensities) if use_labels else None
        )
        split = find_split(self._names)
        self._official = None if split is None else np.array(split.held_out, np.bool_)
        self.official_split = split is not None
        if split is not None:
            log(f"{root}: {split.described}")
        self.transparent = any(facts.transparent for facts in self._facts)
        self.coloured = any(facts.coloured for facts in self._facts)
        sums = [record["sha256"] for record in read.values()]
        self.content = combined_digest([*self._names, *sums, *(self._labels or ())])

    def labels(self) -> Sequence[str] | None:
        """One label name a picture, or None."""
        return self._labels

    def held_out(self, share: float) -> NDArray[np.bool_]:
        """The pictures in folders for tests, if there are such folders; else chosen by content."""
        return super().held_out(share) if self._official is None else self._official

    def names(self) -> Sequence[str]:
        """Relative path of every readable picture."""
        return self._names

    def file_names(self) -> Sequence[str]:
        """Relative path of every readable picture."""
        return self._names

    def facts(self) -> list[PictureFacts]:
        """Facts of every readable picture, in order."""
        return self._facts

    def pictures(self) -> Iterator[Image.Image]:
        """Yield every readable picture, decoded by several threads."""
        pixels = [facts.height * facts.width for facts in self._facts]
        yield from map_bounded(self._read_again, zip(self._names, pixels, strict=True))

    def _read_again(self, name: str) -> Image.Image:
        try:
            return read_picture(self._root / name, self._scales).image
        except UnreadablePicture as error:
            raise GansmithError(
                f"{self._root / name} changed while the folder was being read ({error}); run again"
            ) from error

    def _check_range(self, settled: Settled, log: LogFn) -> None:
        for kind, extent in settled.unsettled.items():
            count = sum(facts.numbers == kind for facts in self._facts)
            raise GansmithError(
                f"{self._root}: {count:,} of {len(self):,} pictures are of type {kind} with values "
                f"from {extent.low:g} to {extent.high:g}, of which none is black or white by "
                f"itself: {remedy(extent.low, extent.high)}"
            )
        if settled.warning:
            log(f"warning: {self._root}: {settled.warning}")
        deep = [facts for facts in self._facts if facts.depth > 8 and facts.numbers == BYTES]
        if deep and len(deep) == len(self) and max(facts.high for facts in deep) < 32:
            log(
                f"warning: {self._root}: these colour pictures of {deep[0].depth} bits use less "
                "than 1/8 of their range, so all are nearly black: scale their values up"
            )


def _learn(file: Path) -> Facts:
    """Facts to remember: digest and picture; or the fault; or nothing for other files."""
    try:
        facts = examine_file(file)
        return {"sha256": file_digest(file), "facts": asdict(facts)}
    except NotAPicture as error:
        return {"fault": str(error)} if file.suffix.lower() in SUFFIXES else {}
    except UnreadablePicture as error:
        return {"fault": str(error)}
