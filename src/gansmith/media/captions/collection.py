"""Pictures with captions as a collection: the captions are its samples, and each has a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gansmith.counting import pluralize
from gansmith.data.collection import Collection, Prepared, combined_digest
from gansmith.data.labels import sorted_naturally
from gansmith.errors import GansmithError
from gansmith.log import LogFn
from gansmith.media.captions.datasets import EMOJI_SETS, emoji_captions
from gansmith.media.image.collection import PictureCollection
from gansmith.media.image.datasets import PICTURE_SETS
from gansmith.media.image.folder import PictureFolder
from gansmith.media.image.options import ImageOptions
from gansmith.media.image.resizing import conform
from gansmith.media.text.code_points import normalise, to_points, with_line_feeds
from gansmith.media.text.encoding import UnreadableText, decode
from gansmith.media.text.options import TextOptions
from gansmith.media.text.preparation import cut_at_border, usual_length
from gansmith.recipe import DataConfig

_FORMAT = "gansmith-captions-1"
_CAPTION_FILES = frozenset({".txt", ".jsonl"})
FILE_KEYS = ("file", "file_name", "image", "picture")
TEXT_KEYS = ("caption", "captions", "text")


class CaptionedPictures(Collection):
    """Pictures that something is written of; those without a caption are left out.

    Args:
        pictures: The pictures.
        captions: What is written of each of them, in their order.
        log: Takes how many have no caption.

    Attributes:
        pictures: The pictures.
        captions: By number of the picture: its different captions, normalised, one at least.

    Raises:
        GansmithError: Fewer than two pictures have a caption.
    """

    kind = "captions"
    medium = "captions"

    def __init__(
        self, pictures: PictureCollection, captions: Sequence[Sequence[str]], log: LogFn
    ) -> None:
        self.pictures, self.name = pictures, pictures.name
        self.source, self.licence = f"{pictures.source}, with captions", pictures.licence
        self.faults, self.ignored = pictures.faults, pictures.ignored
        self.official_split = pictures.official_split
        cleaned = ((n, _different(found)) for n, found in enumerate(captions))
        self.captions = {number: found for number, found in cleaned if found}
        if len(self.captions) < 2:
            raise GansmithError(
                f"{pictures.source} has {pluralize(len(self.captions), 'picture')} with a caption: "
                "put a .txt beside each picture, or a .jsonl with "
                f"{FILE_KEYS[0]} and {TEXT_KEYS[0]} on a line"
            )
        if missing := len(captions) - len(self.captions):
            bare = pluralize(missing, "picture")
            log(f"left out {bare} of {pictures.source} without a caption")
        written = [json.dumps([number, *found]) for number, found in self.captions.items()]
        self.content = combined_digest([pictures.content, *written])

    def prepare(self, config: DataConfig) -> Prepared:
        """Cut captions to one greatest length, and bring pictures to one size."""
        return PreparedCaptions(self, config)


class PreparedCaptions(Prepared):
    """Captions, ready to be stored with their pictures.

    Args:
        collection: Pictures and captions.
        config: Greatest length, size of pictures, share held out.
    """

    dtype = np.dtype(np.int32)

    def __init__(self, collection: CaptionedPictures, config: DataConfig) -> None:
        self._collection, self._config = collection, config
        self._plan = collection.pictures.plan(config.model_copy(update={"mode": "RGBA"}))
        numbers = [n for n, found in collection.captions.items() for _ in found]
        texts = [text for found in collection.captions.values() for text in found]
        self.longest = config.of(TextOptions).longest or usual_length(texts)
        self.shape = (1, self.longest, 1)
        self.texts, self._numbers = [cut_at_border(text, self.longest) for text in texts], numbers

    def __len__(self) -> int:
        return len(self.texts)

    def settings(self) -> dict[str, object]:
        """What is done to captions and pictures, in plain values."""
        return self._plan.settings() | {"longest": self.longest}

    def fingerprint(self) -> str:
        """Hex digest of the content and the settings."""
        settings = (f"{name}={value}" for name, value in self.settings().items())
        return combined_digest([_FORMAT, self._collection.content, *settings])

    def labels(self) -> Sequence[str]:
        """The name of each caption's picture."""
        names = self._collection.pictures.names()
        return [names[number] for number in self._numbers]

    def pictures(self) -> NDArray[np.uint8]:
        """Pictures that have captions, uint8 [P, H, W, 4]."""
        collection, plan = self._collection, self._plan
        names = collection.pictures.names()
        found = {
            names[number]: conform(picture, plan.size, plan.mode, plan.resize, plan.filter)
            for number, picture in enumerate(collection.pictures.pictures())
            if number in collection.captions
        }
        return np.stack([found[name] for name in sorted_naturally(found)])

    def held_out(self) -> NDArray[np.bool_]:
        """As the pictures are: all captions of one are on the same side."""
        return self._collection.pictures.held_out(self._plan.share)[self._numbers]

    def rows(self) -> Iterator[NDArray[np.int32]]:
        """Yield every caption as code points, int32 [1, longest, 1], filled with 0."""
        yield from to_points(self.texts, self.longest)


def captioned(path: Path, config: DataConfig, log: LogFn) -> CaptionedPictures:
    """Find pictures and their captions.

    Args:
        path: A folder; of no meaning where `config.source` is a named set of emoji.
        config: Its `source` counts here.
        log: Takes progress, warnings, and how many pictures have no caption.

    Raises:
        GansmithError: There are none, or too few captions.
    """
    if config.source in EMOJI_SETS:
        plain = config.model_copy(update={"labels": False})
        pictures = PICTURE_SETS[config.source].collect(plain, log=log)
        return CaptionedPictures(pictures, emoji_captions(config.source, log), log)
    if config.source in PICTURE_SETS:
        raise GansmithError(
            f"'{config.source}' has no captions: take {' or '.join(EMOJI_SETS)}, or your own folder"
        )
    if not path.is_dir():
        raise GansmithError(f"no folder of pictures with captions at {path}; check its path")
    own = PictureFolder(
        path,
        use_labels=False,
        value_range=config.of(ImageOptions).range,
        beside=_CAPTION_FILES,
        log=log,
    )
    return CaptionedPictures(own, _beside(path, own.names()), log)


def _beside(folder: Path, names: Sequence[str]) -> list[list[str]]:
    """Captions of pictures in a folder, from its .jsonl files and from a .txt beside each."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for table in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(_lines(table), start=1):
            if line.strip():
                name, texts = _record(line, f"{table}, line {number}")
                found.get(name, []).extend(texts)
    for name in names:
        note = (folder / name).with_suffix(".txt")
        if note.is_file():
            found[name] += _lines(note)
    return list(found.values())


def _lines(path: Path) -> list[str]:
    try:
        return with_line_feeds(decode(path.read_bytes())).split("\n")
    except (OSError, UnreadableText) as error:
        raise GansmithError(f"{path} cannot be read: {error}") from None


def _record(line: str, where: str) -> tuple[str, list[str]]:
    """Name and captions that a line of JSON holds."""
    try:
        record = json.loads(line)
        name = next(record[key] for key in FILE_KEYS if key in record)
        texts = next(record[key] for key in TEXT_KEYS if key in record)
    except (ValueError, TypeError, StopIteration):
        raise GansmithError(
            f"{where}: takes an object with '{FILE_KEYS[0]}' and '{TEXT_KEYS[0]}'"
        ) from None
    texts = texts if isinstance(texts, list) else [texts]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise GansmithError(f"{where}: '{TEXT_KEYS[0]}' takes a text or a list of texts")
    return str(name), [text for text in texts if text is not None]


def _different(texts: Sequence[str]) -> list[str]:
    return [text for text in dict.fromkeys(map(normalise, texts)) if text]
