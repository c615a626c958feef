"""HTML pages: templates, embedded pictures and sounds, atomic writing."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image, ImageSequence

from gansmith.drawing.scales import duration, label, number, plain, si
from gansmith.errors import GansmithError
from gansmith.report.metric_formatting import closeness, reading
from gansmith.run import IMAGE_DAMAGE
from gansmith.storage.reading import read_bytes

FILE_LIMIT, PIXEL_LIMIT = 256 * 2**20, 2**26
"""Bytes of a file that is read, and pixels of an image in it."""
PICTURE_LIMIT = 6 * 2**20
"""Bytes of one picture or animation inside a page; larger ones are reduced."""
WIDE = 3
"""Width over height from which a picture gets a row of its own."""
REDUCED_SIDE = 800
"""Pixels at which a picture that is too large is tried first: twice its width on the page."""


@dataclass(frozen=True)
class Picture:
    """A picture inside a page: its data URI, and its size in pixels."""

    src: str
    width: int
    height: int

    @property
    def wide(self) -> bool:
        """Whether it needs the whole width of a page: in a third of it, it would be a stripe."""
        return self.width > WIDE * self.height


@cache
def _environment() -> Environment:
    loader = PackageLoader("gansmith.report", "templates")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(si=si, number=number, duration=duration)
    environment.filters.update(label=label, plain=plain, count="{:,}".format)
    environment.filters.update(reading=reading, closeness=closeness)
    return environment


def render(template: str, **context: object) -> Markup:
    """Fill a template of `templates/`; every value is escaped unless it is Markup already."""
    return Markup(_environment().get_template(template).render(**context))


def embed(path: Path, side: int | None = None, limit: int = PICTURE_LIMIT) -> Picture:
    """Turn a picture or animation into a data URI.

    Args:
        path: A still or animated picture.
        side: Longest side in pixels; larger pictures are reduced to it.
        limit: Bytes; over it, an animation loses frames and pixels until it fits.

    Raises:
        GansmithError: The file is damaged, or does not fit however small.
    """
    try:
        content = read_bytes(path, FILE_LIMIT)
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > PIXEL_LIMIT:
                raise ValueError(f"it has {image.width} x {image.height} pixels")
            if len(content) <= limit and (side is None or max(image.size) <= side):
                mime = Image.MIME[image.format or "PNG"]
                return Picture(_data_uri(mime, content), *image.size)
            return _reduced(image, side or REDUCED_SIDE, limit)
    except IMAGE_DAMAGE as error:
        raise GansmithError(f"{path} is not a readable picture ({error}): delete it") from None


def embed_picture(png: bytes, size: tuple[int, int]) -> Picture:
    """Turn the content of a PNG file of that width and height into a data URI."""
    return Picture(_data_uri("image/png", png), *size)


def embed_sound(path: Path) -> str:
    """Turn a FLAC file into a data URI.

    Raises:
        GansmithError: The file cannot be read.
    """
    return _data_uri("audio/flac", read_bytes(path, FILE_LIMIT))


def _data_uri(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def _reduced(image: Image.Image, side: int, limit: int) -> Picture:
    """Encode anew, at the given side, then at 1/2, 1/3, ... with every 2nd, 3rd, ... frame."""
    for factor in range(1, 13):
        target = max(1, min(side, max(image.size)) // factor)
        frames, times = _frames(image, target, factor)
        buffer = io.BytesIO()
        options = {"save_all": True, "append_images": frames[1:], "duration": times, "loop": 0}
        frames[0].save(buffer, "WEBP", quality=80, method=2, **(options if len(frames) > 1 else {}))
        if buffer.tell() <= limit:
            return Picture(_data_uri("image/webp", buffer.getvalue()), *frames[0].size)
    raise ValueError(f"larger than {limit} bytes however small")


def _frames(image: Image.Image, side: int, every: int) -> tuple[list[Image.Image], list[int]]:
    """Every n-th frame, reduced; the time of the frames between is theirs."""
    frames: list[Image.Image] = []
    times: list[int] = []
    for index, frame in enumerate(ImageSequence.Iterator(image)):
        frame.load()  # only then is the duration known
        if index % every == 0:
            frames.append(frame.convert("RGBA"))
            frames[-1].thumbnail((side, side), Image.Resampling.LANCZOS)
            times.append(0)
        times[-1] += int(frame.info.get("duration", 100))
    return frames, times
