"""Films: a sequence of sheets as one animated file."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

from gansmith.data.cache import atomic_file
from gansmith.errors import GansmithError

_FORMATS = {".webp": "WEBP", ".gif": "GIF"}
_OPTIONS: dict[str, dict[str, int]] = {"WEBP": {"quality": 80, "method": 4}, "GIF": {}}


def film_format(path: Path) -> str:
    """Return the format that a film's file name asks for.

    Raises:
        GansmithError: The name ends in neither `.webp` nor `.gif`.
    """
    if path.suffix.lower() not in _FORMATS:
        raise GansmithError(f"a film is written as .webp or .gif, got '{path.name}'")
    return _FORMATS[path.suffix.lower()]


def write_film(
    frames: Sequence[Image.Image], path: Path, *, fps: float = 12.0, hold: float = 1.0
) -> None:
    """Write an endless animation, as WebP or GIF by the suffix of `path`.

    Args:
        frames: Pictures of one size, at least one.
        path: File to write; ends in `.webp` or `.gif`.
        fps: Frames a second.
        hold: Seconds for which the last frame stays.

    Raises:
        GansmithError: Another suffix, no frames, frames of several sizes, or no place to write.
    """
    format_ = film_format(path)
    if not frames:
        raise GansmithError(f"film {path} needs at least one frame, got none")
    if sizes := {frame.size for frame in frames} - {frames[0].size}:
        raise GansmithError(
            f"film {path} takes frames of one size, got {frames[0].size} and {sizes.pop()}"
        )
    durations = [round(1000 / fps)] * len(frames)
    durations[-1] = max(durations[-1], round(1000 * hold))
    buffer = BytesIO()
    frames[0].save(
        buffer,
        format=format_,
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=0,
        **_OPTIONS[format_],
    )
    with atomic_file(path) as part:
        part.write_bytes(buffer.getvalue())
