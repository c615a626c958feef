"""A drum kit, or any set of one-shots by class or note, that loads in a sampler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gansmith.data.note_names import note_numbers
from gansmith.errors import GansmithError
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.loudness import trim_tail
from gansmith.media.audio.sfz import map_key_ranges, sfz_text
from gansmith.media.audio.writing import preview_bytes
from gansmith.medium import suffix
from gansmith.model import load_generator
from gansmith.outputs import OutputFolder, safe_file_names
from gansmith.run import provenance_of

KIT, SCALE = "kit.sfz", ("scale.wav", "scale.txt")


def kit(
    run: str | Path, count: int = 8, *, seed: int = 0, out: str | Path, format_: str = "wav"
) -> Path:
    """Write a folder of one-shots for each class, and `kit.sfz`, which lays them on keys.

    Silence behind the sounds is cut off, but not of loops. A manifest says how each was made. Where
    the classes are notes, `scale.wav` plays the first of each from the lowest to the highest.

    Args:
        run: A run folder or a `generator.safetensors`, of sounds with labels.
        count: Sounds a class.
        seed: The same seed gives the same kit.
        out: Folder of the kit.
        format_: wav, wav24, flac or flac24.

    Returns:
        Path of `kit.sfz`.

    Raises:
        GansmithError: The run is not of sounds, has no labels or more than there are keys, or `out`
            cannot be written.
    """
    model = load_generator(run)
    codec = model.codec
    if not isinstance(codec, AudioCodec):
        raise GansmithError(f"a kit is made of sounds, and {run} makes samples of '{codec.name}'")
    if not model.label_names:
        raise GansmithError(
            f"a kit needs classes (kick, snare, ...), and {run} was trained without labels"
        )
    map_key_ranges(model.label_names)
    place, folders = Path(out), safe_file_names(model.label_names)
    ending = suffix(codec.chosen_format(format_))
    stems = {n: [f"{n}/{n}-{index:02d}.{ending}" for index in range(count)] for n in folders}
    scale = SCALE if note_numbers(model.label_names) else ()
    wanted = [KIT, *scale, *(stem for own in stems.values() for stem in own)]
    output = OutputFolder(place, provenance_of(run, seed), wanted)
    groups, shots = dict[str, list[Path]](), dict[str, list[NDArray[Any]]]()
    for name, folder in zip(model.label_names, folders, strict=True):
        samples = model.sample(count, seed=seed, label=name)
        shots[name] = [s[0] if codec.loops else trim_tail(s[0]) for s in samples]
        origins = output.provenance.of_samples(count, [name] * count)
        groups[name] = [
            output.add(stem, codec.to_bytes(shot[None], format_), origin)
            for shot, stem, origin in zip(shots[name], stems[folder], origins, strict=True)
        ]
    overview = {KIT: sfz_text(groups, place).encode()}
    if scale:
        firsts = [own[0] for own in shots.values()]
        overview |= zip(scale, preview_bytes(firsts, codec.rate, list(shots)), strict=True)
    output.add_overview(overview)
    output.write_manifest()
    return place / KIT
