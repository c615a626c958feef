"""Files of pictures that are asked for by options: sprite sheets, and textures of any size."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from gansmith.codec import suffix
from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn
from gansmith.media.image.any_size import draw_any_size
from gansmith.media.image.sprite_sheet import write_sprite_sheet
from gansmith.model import GeneratorModel
from gansmith.output_folder import OutputFolder, sample_names
from gansmith.outputs import Provenance, format_of_only_file, save_output
from gansmith.verbs import Request


def write_pictures(
    model: GeneratorModel,
    home: Path,
    provenance: Provenance,
    request: Request,
    log: LogFn,
) -> Path:
    """Write a sprite sheet or textures of any size; see `gansmith.verbs.Generation.writes`.

    Raises:
        GansmithError: The options do not fit each other or the model, or as
            :class:`gansmith.output_folder.OutputFolder`.
    """
    options = request.options
    if "sheet" in options and "side" in options:
        raise GansmithError("--sheet packs samples as they were trained: leave --side out")
    if "sheet" in options:
        return write_sprite_sheet(model, home, provenance, request, log)
    side = options["side"]
    place = request.out or home / f"samples-{request.seed}-{side}"
    only = format_of_only_file(model.codec, request.out, len(request.indices), request.format_)
    if only is not None:
        (index,), (origin,) = request.indices, provenance.of_samples(request.indices)
        save_output(place, model.codec.to_bytes(_drawn(model, index, request, side), only), origin)
        log(f"1 texture of {side} pixels a side in {place}")
        return place
    format_ = model.codec.chosen_format(request.format_)
    names = [f"{name}.{suffix(format_)}" for name in sample_names(request.indices)]
    folder = OutputFolder(place, provenance, names)
    origins = provenance.of_samples(request.indices)
    for index, name, origin in zip(request.indices, names, origins, strict=True):
        sample = _drawn(model, index, request, side)
        folder.add(name, model.codec.to_bytes(sample, format_), origin)
    folder.write_manifest(side=side)
    log(f"{pluralize(len(names), 'texture')} of {side} pixels a side in {place}")
    return place


def _drawn(model: GeneratorModel, index: int, request: Request, side: int) -> NDArray[np.uint8]:
    """Draw one texture, [H, W, C]."""
    tensors = draw_any_size(model, index, request, (side, side))
    (sample,) = model.codec.finish(model.codec.decode(tensors))
    return cast("NDArray[np.uint8]", sample)
