"""Films: a sequence of sheets as one animated file."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

from gansmith.errors import GansmithError
from gansmith.storage.atomic import atomic_file

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


def write_animation(
    frames: Sequence[Image.Image], path: Path, *, fps: float = 12.0, hold: float = 1.0
) -> None:
    """Write an endless animation, as WebP or GIF by the suffix of `path`.

    Args:
        frames: Pictures, at least one; smaller ones are laid at the top left of white paper.
        path: File to write; ends in `.webp` or `.gif`.
        fps: Frames a second.
        hold: Seconds for which the last frame stays.

    Raises:
        GansmithError: Another suffix, no frames, or no place to write.
    """
    format_ = film_format(path)
    if not frames:
        raise GansmithError(f"film {path} needs at least one frame, got none")
    frames = _evened(frames)
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


def _evened(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """Give all frames the size of the largest: sheets of texts grow with their texts."""
    width, height = (max(side) for side in zip(*(frame.size for frame in frames), strict=True))
    return [f if f.size == (width, height) else _laid(f, width, height) for f in frames]


def _laid(frame: Image.Image, width: int, height: int) -> Image.Image:
    paper = Image.new(frame.mode, (width, height), "white")
    paper.paste(frame)
    return paper
