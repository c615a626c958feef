"""Canvas: a picture with smooth edges, drawn by Pillow in the places of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from gansmith.drawing.fonts import legible
from gansmith.drawing.pixels import png_bytes

FINER = 3
"""A canvas is drawn this many times larger and reduced, which smooths every edge."""
INK, MUTED, GRID, SOFT = "#1c2430", "#667080", "#e4e7ec", "#f5f6f8"
BLUE, ORANGE, RED = "#2563c9", "#d2691e", "#c2416c"

Point = tuple[float, float]


class Canvas:
    """A white picture to draw on; all places and sizes are in its pixels, from the top left.

    Args:
        width: Pixels across.
        height: Pixels down.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * FINER, height * FINER), "white")
        self._draw = ImageDraw.Draw(self._image)

    def width_of(self, text: str, size: int = 12) -> float:
        """Pixels that a line of text takes across."""
        drawn, font = legible(text, size * FINER)
        return font.getlength(drawn) / FINER

    def text(
        self,
        place: Point,
        text: str,
        ink: str = INK,
        size: int = 12,
        anchor: str = "lm",
        room: float | None = None,
    ) -> None:
        """Write one line, shortened where it needs more than `room` pixels."""
        line = " ".join(text.split())
        if room is not None and self.width_of(line, size) > room:
            while line and self.width_of(line + "...", size) > room:
                line = line[:-1]
            line += "..."
        line, font = legible(line, size * FINER)
        self._draw.text(self._finer(place), line, fill=ink, font=font, anchor=anchor)

    def line(self, points: Sequence[Point], ink: str, width: float = 1) -> None:
        """Draw a line from point to point; none through fewer than two."""
        if len(points) < 2:
            return
        thick = round(width * FINER)
        self._draw.line([self._finer(p) for p in points], fill=ink, width=thick, joint="curve")

    def dashes(self, start: Point, end: Point, ink: str, dash: float = 5) -> None:
        """Draw a dashed line."""
        (x0, y0), (x1, y1) = start, end
        length = max(1e-9, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
        across, down = (x1 - x0) / length, (y1 - y0) / length
        for k in range(int(length / (2 * dash)) + 1):
            ends = (2 * k * dash, min(length, (2 * k + 1) * dash))
            self.line([(x0 + across * at, y0 + down * at) for at in ends], ink)

    def box(self, corner: Point, opposite: Point, fill: str) -> None:
        """Fill a rectangle; its right and lower borders are not part of it."""
        (x0, y0), (x1, y1) = self._finer(corner), self._finer(opposite)
        left, top = round(x0), round(y0)
        self._draw.rectangle((left, top, max(left, round(x1) - 1), max(top, round(y1) - 1)), fill)

    def disc(self, centre: Point, radius: float, ink: str, hollow: bool = False) -> None:
        """Draw a disc, or a ring around white."""
        (x, y), r = self._finer(centre), radius * FINER
        fill, width = ("white", 2 * FINER) if hollow else (ink, 1)
        self._draw.ellipse((x - r, y - r, x + r, y + r), fill=fill, outline=ink, width=width)

    def to_png(self) -> bytes:
        """Return the picture as the content of a PNG file."""
        picture = self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)
        return png_bytes(picture, optimize=True)

    def _finer(self, place: Point) -> Point:
        return place[0] * FINER, place[1] * FINER


def blend(ink: str, ground: str, share: float) -> str:
    """Mix two colours such as "#2563c9": all of `ink` at share 1, none of it at 0."""
    pairs = [(int(ink[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)
