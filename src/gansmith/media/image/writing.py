"""Files of pictures that are asked for by options: sprite sheets, and textures of any size."""

from __future__ import annotations

from pathlib import Path

from gansmith.codec import suffix
from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn
from gansmith.media.image.any_size import draw_any_size
from gansmith.media.image.sprite_sheet import write_sprite_sheet
from gansmith.model import GeneratorModel
from gansmith.output_folder import OutputFolder, sample_names
from gansmith.outputs import Provenance
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
    format_ = model.codec.chosen_format(request.format_)
    names = [f"{name}.{suffix(format_)}" for name in sample_names(request.indices)]
    folder = OutputFolder(place, provenance, names)
    origins = provenance.of_samples(request.indices)
    for index, name, origin in zip(request.indices, names, origins, strict=True):
        tensors = draw_any_size(model, index, request, (side, side))
        (sample,) = model.codec.finish(model.codec.decode(tensors))
        folder.add(name, model.codec.to_bytes(sample, format_), origin)
    folder.write_manifest(side=side)
    log(f"{pluralize(len(names), 'texture')} of {side} pixels a side in {place}")
    return place
