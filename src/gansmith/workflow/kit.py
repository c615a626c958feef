"""A drum kit, or any set of one-shots by class or note, that loads in a sampler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gansmith.errors import GansmithError
from gansmith.media.audio.levels import trim_tail
from gansmith.media.audio.medium import AudioMedium
from gansmith.media.audio.notes import note_numbers
from gansmith.media.audio.sfz import write_sfz
from gansmith.media.audio.writing import write_preview
from gansmith.media.base import suffix
from gansmith.model import load
from gansmith.registry import unknown


def kit(
    run: str | Path, count: int = 8, *, seed: int = 0, out: str | Path, format_: str = "wav"
) -> Path:
    """Write a folder of one-shots for each class, and `kit.sfz`, which lays them on keys.

    Silence behind the sounds is cut off. Where the classes are notes, `scale.wav` plays the first
    of each from the lowest to the highest.

    Args:
        run: A run folder or a `generator.safetensors`, of sounds with labels.
        count: Sounds a class.
        seed: The same seed gives the same kit.
        out: Folder of the kit.
        format_: wav, wav24, flac or flac24.

    Returns:
        Path of `kit.sfz`.

    Raises:
        GansmithError: The run is not of sounds, has no labels, or `out` cannot be written.
    """
    model = load(run)
    medium = model.medium
    if format_ not in AudioMedium.formats:
        raise unknown("format", format_, list(AudioMedium.formats))
    if not isinstance(medium, AudioMedium):
        raise GansmithError(f"a kit is made of sounds, and {run} makes samples of '{medium.name}'")
    if not model.label_names:
        raise GansmithError(
            f"a kit needs classes (kick, snare, ...), and {run} was trained without labels"
        )
    place, groups, shots = Path(out), dict[str, list[Path]](), dict[str, list[NDArray[Any]]]()
    for name in model.label_names:
        samples = model.sample(count, seed=seed, label=name)
        names = [f"{name}-{index:02d}" for index in range(count)]
        groups[name] = [place / name / f"{stem}.{suffix(format_)}" for stem in names]
        shots[name] = [trim_tail(sample[0]) for sample in samples]
        for shot, path in zip(shots[name], groups[name], strict=True):
            medium.write_one(shot[None], path, format_)
    if note_numbers(shots):
        firsts = [own[0] for own in shots.values()]
        write_preview(firsts, medium.rate, place / "scale.wav", list(shots))
    write_sfz(place / "kit.sfz", groups)
    return place / "kit.sfz"
