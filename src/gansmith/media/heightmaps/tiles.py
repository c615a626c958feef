"""Heightmaps for engines: of any size, and in tiles whose edges are the same heights."""

from __future__ import annotations

import re
from pathlib import Path

from gansmith.codec import suffix
from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn
from gansmith.media.image.any_size import draw_any_size
from gansmith.model import GeneratorModel
from gansmith.output_folder import OutputFolder, sample_names
from gansmith.outputs import Provenance, format_of_only_file, save_output
from gansmith.verbs import Request

USUAL_SIDE = 513
MOST_TILES = 16


def write_heightmaps(
    model: GeneratorModel,
    home: Path,
    provenance: Provenance,
    request: Request,
    log: LogFn,
) -> Path:
    """Write heightmaps of any size; see `gansmith.verbs.Generation.writes`.

    A grid of tiles is cut from one larger terrain, so the last row of a tile is the first of the
    one below. Tiles are named by column and row, `00_x1_y0`, as Unreal imports them.

    Raises:
        GansmithError: The options are wrong, the model draws one size only, or the folder cannot
            be written.
    """
    options = request.options
    side, (rows, columns) = options.get("side", USUAL_SIDE), parse_tiles(options.get("tiles"))
    place = request.out or home / f"heightmaps-{request.seed}-{side}"
    cells = [(y, x) for y in range(rows) for x in range(columns)]
    tiled, total = len(cells) > 1, len(request.indices) * len(cells)
    size = rows * (side - 1) + 1, columns * (side - 1) + 1
    only = format_of_only_file(model.codec, request.out, total, request.format_)
    if only is not None:
        (index,), (origin,) = request.indices, provenance.of_samples(request.indices)
        (terrain,) = model.codec.decode(draw_any_size(model, index, request, size))
        save_output(place, model.codec.to_bytes(terrain, only), origin)
        log(f"1 heightmap of {side} x {side} in {place}")
        return place
    format_ = model.codec.chosen_format(request.format_)
    names = {
        (index, y, x): f"{name}{f'_x{x}_y{y}' if tiled else ''}.{suffix(format_)}"
        for index, name in zip(request.indices, sample_names(request.indices), strict=True)
        for y, x in cells
    }
    folder = OutputFolder(place, provenance, names.values())
    origins = provenance.of_samples(request.indices)
    for index, origin in zip(request.indices, origins, strict=True):
        (terrain,) = model.codec.decode(draw_any_size(model, index, request, size))
        for y, x in cells:
            top, left = y * (side - 1), x * (side - 1)
            tile = terrain[top : top + side, left : left + side]
            folder.add(names[index, y, x], model.codec.to_bytes(tile, format_), origin)
    folder.write_manifest(side=side, tiles=f"{rows}x{columns}")
    log(f"{pluralize(len(names), 'heightmap')} of {side} x {side} in {place}")
    return place


def parse_tiles(text: str | None) -> tuple[int, int]:
    """Return rows and columns of "2x3"; one tile where there is no text.

    Raises:
        GansmithError: It is something else.
    """
    if text is None:
        return 1, 1
    match = re.fullmatch(r"(\d{1,3})x(\d{1,3})", text.strip())
    rows, columns = (int(part) for part in match.groups()) if match else (0, 0)
    if not (1 <= rows <= MOST_TILES and 1 <= columns <= MOST_TILES):
        raise GansmithError(
            f"--tiles takes rows x columns, such as 2x2, up to {MOST_TILES} each (got '{text}')"
        )
    return rows, columns
