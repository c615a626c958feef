"""Pictures with captions as a collection: captions are the samples, and each has a picture."""

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
from gansmith.media.captions.files import FILE_KEYS, NOTES, TEXT_KEYS, Found, find_captions
from gansmith.media.image.collection import PictureCollection
from gansmith.media.image.datasets import PICTURE_SETS
from gansmith.media.image.folder import PictureFolder
from gansmith.media.image.options import ImageOptions
from gansmith.media.image.resizing import conform
from gansmith.media.text.code_points import normalise, to_points
from gansmith.media.text.options import TextOptions
from gansmith.media.text.preparation import cut_at_border, usual_length
from gansmith.recipe import DataConfig

_FORMAT = "gansmith-captions-1"
_CAPTION_FILES = frozenset({*NOTES, ".jsonl", ".json", ".csv", ".tsv", ".token"})
_NAMED = 5
"""Names that a message lists before it sums up the rest."""


class CaptionedPictures(Collection):
    """Pictures with captions; those without a caption are left out.

    Args:
        pictures: The pictures.
        captions: Captions of each picture, in their order.
        log: Takes the pictures without a caption, and the captions without a picture.
        found: Captions that belong to no picture, and records that cannot be read.

    Attributes:
        pictures: The pictures.
        captions: Captions of each picture by its index: different, normalised, at least one.
        bare: Names of the pictures without a caption.
        unmatched: Names of pictures that have captions and do not exist.

    Raises:
        GansmithError: Fewer than two pictures have a caption.
    """

    kind = "captions"
    medium = "captions"

    def __init__(
        self,
        pictures: PictureCollection,
        captions: Sequence[Sequence[str]],
        log: LogFn,
        found: Found | None = None,
    ) -> None:
        self.pictures, self.name = pictures, pictures.name
        self.source, self.licence = f"{pictures.source}, with captions", pictures.licence
        self.faults = [*pictures.faults, *(found.faults if found else ())]
        self.ignored = pictures.ignored
        self.official_split = pictures.official_split
        cleaned = ((n, _different(texts)) for n, texts in enumerate(captions))
        self.captions = {number: texts for number, texts in cleaned if texts}
        self.unmatched = found.unmatched if found else []
        if len(self.captions) < 2:
            raise GansmithError(
                f"{pictures.source} has {pluralize(len(self.captions), 'picture')} with a caption"
                f"{self._lost()}: put a .txt beside each picture, or a .jsonl with {FILE_KEYS[0]} "
                f"and {TEXT_KEYS[0]} on a line, or a .csv with these columns"
            )
        names = pictures.names() if len(self.captions) < len(captions) else []
        self.bare = [name for n, name in enumerate(names) if n not in self.captions]
        if self.bare:
            bare = pluralize(len(self.bare), "picture")
            log(f"left out {bare} of {pictures.source} without a caption")
        if self.unmatched:
            lost = pluralize(len(self.unmatched), "name")
            log(f"left out captions of {lost} without a picture{_listed(self.unmatched)}")
        for place, reason in (found.faults if found else ())[:_NAMED]:
            log(f"warning: skipped {place}: {reason}")
        written = [json.dumps([number, *texts]) for number, texts in self.captions.items()]
        self.content = combined_digest([pictures.content, *written])

    def _lost(self) -> str:
        return (
            f" (captions name no picture: {', '.join(self.unmatched[:2])})"
            if self.unmatched
            else ""
        )

    def prepare(self, config: DataConfig) -> Prepared:
        """Truncate captions to one maximum length, and bring pictures to one size."""
        return PreparedCaptions(self, config)


class PreparedCaptions(Prepared):
    """Captions, ready to be stored with their pictures.

    Args:
        collection: Pictures and captions.
        config: Maximum length, size of pictures, share held out.
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
        """Return what is done to captions and pictures, in plain values."""
        return self._plan.settings() | {"longest": self.longest}

    def fingerprint(self) -> str:
        """Return the hex digest of the content and the settings."""
        settings = (f"{name}={value}" for name, value in self.settings().items())
        return combined_digest([_FORMAT, self._collection.content, *settings])

    def labels(self) -> Sequence[str]:
        """Return the name of the picture of each caption."""
        names = self._collection.pictures.names()
        return [names[number] for number in self._numbers]

    def pictures(self) -> NDArray[np.uint8]:
        """Return the pictures that have captions, uint8 [P, H, W, 4]."""
        collection, plan = self._collection, self._plan
        names = collection.pictures.names()
        found = {
            names[number]: conform(picture, plan.size, plan.mode, plan.resize, plan.filter)
            for number, picture in enumerate(collection.pictures.pictures())
            if number in collection.captions
        }
        return np.stack([found[name] for name in sorted_naturally(found)])

    def held_out(self) -> NDArray[np.bool_]:
        """Split as the pictures are: all captions of one are on the same side."""
        return self._collection.pictures.held_out(self._plan.share)[self._numbers]

    def rows(self) -> Iterator[NDArray[np.int32]]:
        """Yield every caption as code points, int32 [1, longest, 1], padded with 0."""
        yield from to_points(self.texts, self.longest)


def captioned(path: Path, config: DataConfig, log: LogFn) -> CaptionedPictures:
    """Find pictures and their captions.

    Args:
        path: A folder; not used if `config.source` is a named set of emoji.
        config: Its `source` counts here.
        log: Takes progress and warnings, such as pictures without a caption.

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
    found = find_captions(path, own.names())
    return CaptionedPictures(own, found.captions, log, found)


def _listed(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > _NAMED else ""
    return f" ({', '.join(names[:_NAMED])}{more})"


def _different(texts: Sequence[str]) -> list[str]:
    return [text for text in dict.fromkeys(map(normalise, texts)) if text]
