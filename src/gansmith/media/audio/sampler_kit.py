"""A drum kit, or any set of one-shots by class or note, that loads in a sampler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gansmith.data.note_names import note_numbers
from gansmith.errors import GansmithError
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.loudness import trim_tail
from gansmith.media.audio.sfz import map_key_ranges, write_sfz
from gansmith.media.audio.writing import write_preview
from gansmith.medium import suffix
from gansmith.model import load_generator
from gansmith.outputs import claim, file_names, record


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
    place, folders, ending = (
        Path(out),
        file_names(model.label_names),
        suffix(codec.chosen_format(format_)),
    )
    stems = {n: [f"{n}/{n}-{index:02d}.{ending}" for index in range(count)] for n in folders}
    before = claim(place, ["kit.sfz", *(stem for own in stems.values() for stem in own)])
    groups, shots = dict[str, list[Path]](), dict[str, list[NDArray[Any]]]()
    for name, folder in zip(model.label_names, folders, strict=True):
        samples = model.sample(count, seed=seed, label=name)
        groups[name] = [place / stem for stem in stems[folder]]
        shots[name] = [s[0] if codec.loops else trim_tail(s[0]) for s in samples]
        for shot, path in zip(shots[name], groups[name], strict=True):
            codec.write_one(shot[None], path, format_)
    overview = [place / "kit.sfz"]
    if note_numbers(shots):
        firsts, scale = [own[0] for own in shots.values()], place / "scale.wav"
        write_preview(firsts, codec.rate, scale, list(shots))
        overview += [scale, scale.with_suffix(".txt")]
    write_sfz(place / "kit.sfz", groups)
    files = [
        {"file": path.relative_to(place).as_posix(), "index": index, "label": name}
        for name, paths in groups.items()
        for index, path in enumerate(paths)
    ]
    record(place, {"run": str(run), "seed": seed}, files, overview, before)
    return place / "kit.sfz"
