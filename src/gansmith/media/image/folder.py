"""A folder of pictures as a collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from gansmith.data.collection import combined_digest
from gansmith.data.labels import folder_labels
from gansmith.data.scan import find_files, readable
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.image.collection import PictureCollection
from gansmith.media.image.reading import (
    SUFFIXES,
    NotAPicture,
    PictureFacts,
    UnreadablePicture,
    examine,
    read_picture,
)
from gansmith.storage.file_facts import Facts, cached_file_metadata, file_digest

_AT_ONCE = 256
_TAKES = "PNG, JPEG, WebP, GIF, BMP or TIFF files there, or an .npy or .npz file"


class PictureFolder(PictureCollection):
    """Pictures in a folder and its sub-folders, in the order of their relative paths.

    Hidden files and folders are passed over, and so are files that neither hold a picture nor
    claim to by their suffix. Files are looked over once and again only when they change.

    Args:
        root: The folder.
        use_labels: Look for labels.
        log: Takes progress and warnings of files that cannot be read, one line each.

    Raises:
        GansmithError: No picture can be read, or a table of labels is wrong.
    """

    def __init__(self, root: Path, *, use_labels: bool, log: LogFn = silent) -> None:
        self.name = root.resolve().name
        self.source = f"folder {root.resolve()}"
        self._root = root
        records = cached_file_metadata(self.kind, root, find_files(root), _learn, log)
        read, self.faults = readable(records, root, "picture", _TAKES, log)
        self.ignored = len(records) - len(read) - len(self.faults)
        self._names = list(read)
        self._facts = [PictureFacts(**record["facts"]) for record in read.values()]
        self._labels = folder_labels(root, self._names) if use_labels else None
        self.sizes = Counter((facts.height, facts.width) for facts in self._facts)
        self.transparent = any(facts.transparent for facts in self._facts)
        self.coloured = any(facts.coloured for facts in self._facts)
        sums = [record["sha256"] for record in read.values()]
        self.content = combined_digest([*self._names, *sums, *(self._labels or ())])

    def labels(self) -> Sequence[str] | None:
        """One label name a picture, or None."""
        return self._labels

    def names(self) -> Sequence[str]:
        """Relative path of every readable picture."""
        return self._names

    def facts(self) -> list[PictureFacts]:
        """Facts of every readable picture, in order."""
        return self._facts

    def pictures(self) -> Iterator[Image.Image]:
        """Yield every readable picture, decoded by several threads."""
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(self), _AT_ONCE):
                yield from pool.map(self._read_again, self._names[start : start + _AT_ONCE])

    def _read_again(self, name: str) -> Image.Image:
        try:
            return read_picture(self._root / name).image
        except UnreadablePicture as error:
            raise GansmithError(
                f"{self._root / name} changed while the folder was being read ({error}); run again"
            ) from error


def _learn(file: Path) -> Facts:
    """Facts to remember: digest and picture; or the fault; or nothing for other files."""
    try:
        facts = examine(read_picture(file))
        return {"sha256": file_digest(file), "facts": asdict(facts)}
    except NotAPicture as error:
        return {"fault": str(error)} if file.suffix.lower() in SUFFIXES else {}
    except UnreadablePicture as error:
        return {"fault": str(error)}
