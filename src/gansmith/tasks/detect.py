"""Find out what files say of their origin, and whether samples carry the mark of training data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.errors import GansmithError
from gansmith.provenance.detection import (
    MOST_BYTES,
    Finding,
    detect_file,
    files_below,
    keys_to_try,
)
from gansmith.provenance.identity import marking_key, own_key, read_key
from gansmith.provenance.keyed import key_name
from gansmith.provenance.picture_mark import LEAST, signed_scores
from gansmith.provenance.samples import PICTURES, read_pixels
from gansmith.storage.reading import open_regular

CONTROLS = 200
"""Random keys that a set of pictures is compared with."""
ENOUGH = 3.1
"""Standard deviations above the controls: 1 in 1,000 sets without the mark scores as much."""
FEWEST = 16


def detect(
    places: str | Path | Sequence[str | Path], *, key: str | Path | None = None
) -> Iterator[Finding]:
    """Read every layer of files.

    Args:
        places: A file, a folder, or several of them.
        key: File with the key of marks to look for, as `gansmith provenance init` makes it; by
            default the user's own and the public one.

    Yields:
        What was found in each file; one that cannot be read has an `error`.

    Raises:
        GansmithError: There is no such file or folder, no file in it has a layer to read, or the
            key cannot be read.
    """
    given = [places] if isinstance(places, str | Path) else places
    keys = keys_to_try(own_key(), None if key is None else read_key(Path(key)))
    path = None
    for path in files_below([Path(place) for place in given]):
        yield detect_file(path, keys)
    if path is None:
        raise GansmithError(
            f"there are no files to read in {', '.join(map(str, given))}: give files, or a folder "
            "with pictures, sounds or other generated files"
        )


@dataclass(frozen=True)
class SetScore:
    """How strongly a set of pictures carries a mark, together.

    Attributes:
        key: Name of the key.
        pictures: How many were read.
        unreadable: How many were not.
        mean: Mean score of a picture.
        control_mean: The same, over random keys.
        control_deviation: Its standard deviation over random keys.
    """

    key: str
    pictures: int
    unreadable: int
    mean: float
    control_mean: float
    control_deviation: float

    @property
    def score(self) -> float:
        """Standard deviations above random keys."""
        return (self.mean - self.control_mean) / max(self.control_deviation, 1e-9)

    @property
    def found(self) -> bool:
        """Whether the set carries the mark."""
        return self.score >= ENOUGH

    def line(self) -> str:
        """Return the result in one sentence."""
        found = "carry the mark" if self.found else "show no mark"
        left = f" ({self.unreadable} could not be read)" if self.unreadable else ""
        return (
            f"{self.pictures:,} pictures{left} {found} of key '{self.key}': {self.score:.1f} "
            f"standard deviations above {CONTROLS} random keys, {ENOUGH} are enough (1 in 1,000 "
            "sets without it scores as much)"
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self) | {"score": self.score, "found": self.found}


def fingerprint_of(places: Sequence[str | Path], *, key: str | Path | None = None) -> SetScore:
    """Test whether pictures together carry a mark, such as that of the data of their generator.

    The mean score is compared with those of random keys, so that what the pictures have in common
    does not count.

    Args:
        places: Files or folders.
        key: As for :func:`detect`; by default the user's own, else the public one.

    Raises:
        GansmithError: There are too few pictures, or the key cannot be read.
    """
    wanted = marking_key() if key is None else read_key(Path(key))
    paths = files_below([Path(place) for place in places])
    pictures, unreadable = [], 0
    for path in paths:
        if path.suffix.lower() not in PICTURES:
            continue
        try:
            with open_regular(path, MOST_BYTES) as file:
                pixels = read_pixels(file.read())
        except GansmithError:
            unreadable += 1
            continue
        if min(pixels.shape[:2]) >= LEAST:
            pictures.append(pixels)
    if len(pictures) < FEWEST:
        raise GansmithError(
            f"a set needs at least {FEWEST} pictures of {LEAST} pixels, and there are "
            f"{len(pictures)}"
        )
    return score_set(pictures, wanted, unreadable)


def score_set(pictures: Sequence[Any], key: bytes, unreadable: int = 0) -> SetScore:
    """Test whether pictures, uint8 [H, W, C], together carry the mark of a key."""
    keys = [key, *(f"control {number}".encode() for number in range(CONTROLS))]
    means = np.mean([signed_scores(pixels, keys) for pixels in pictures], axis=0)
    controls = means[1:]
    return SetScore(
        key_name(key),
        len(pictures),
        unreadable,
        float(means[0]),
        float(controls.mean()),
        float(controls.std()),
    )
