"""Sampler kits: generated sounds of each class or note, with presets that load in samplers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.codec import suffix
from gansmith.data.note_names import HIGHEST, note_numbers
from gansmith.errors import GansmithError
from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.decent_sampler import dspreset_text
from gansmith.media.audio.loudness import loudness, trim_tail
from gansmith.media.audio.samples import to_waves
from gansmith.media.audio.sfz import Mode, Shot, map_key_ranges, sfz_text
from gansmith.media.audio.sustain import add_sustain_loop
from gansmith.media.audio.writing import MIDDLE_C, preview_bytes
from gansmith.model import load_generator
from gansmith.output_folder import OutputFolder, safe_file_names
from gansmith.run import provenance_of

KIT, DECENT, SCALE = "kit.sfz", "kit.dspreset", ("scale.wav", "scale.txt")


def kit(
    run: str | Path,
    count: int = 8,
    *,
    seed: int = 0,
    out: str | Path,
    format_: str = "wav",
    tempo: float | None = None,
    normalise: str | None = None,
    velocity_layers: int = 1,
) -> Path:
    """Write a folder of sounds for each class, and presets that map them to keys.

    Hits play to their end, and hi-hats stop each other. Notes end with their key; those that are
    held have a sustain loop. Loops repeat while the key is held. The end of a hit or note is cut
    60 dB below its peak. If the classes are notes, `scale.wav` plays the first of each, from the
    lowest to the highest.

    Args:
        run: A run folder or a `generator.safetensors`, of sounds with labels.
        count: Sounds per class.
        seed: The same seed gives the same kit.
        out: Folder of the kit.
        format_: wav, wav24, flac or flac24.
        tempo: Tempo of loops in beats per minute, instead of that of the data.
        normalise: Loudness in LUFS such as "-14", or "peak"; by default as generated.
        velocity_layers: Number of velocity ranges; the sounds of a class are distributed over them
            by loudness.

    Returns:
        Path of `kit.sfz`; `kit.dspreset` beside it is the same for DecentSampler.

    Raises:
        GansmithError: The run is not of sounds, has no labels or more than there are keys, has
            fewer sounds per class than velocity layers, or `out` cannot be written.
    """
    model = load_generator(run)
    codec = model.codec
    if not isinstance(codec, AudioCodec):
        raise GansmithError(
            f"a kit needs a model of sounds, and {run} generates samples of '{codec.name}'"
        )
    if not model.label_names:
        raise GansmithError(
            f"a kit needs classes (kick, snare, ...), and {run} was trained without labels"
        )
    if not 1 <= velocity_layers <= count:
        raise GansmithError(
            f"--velocity-layers {velocity_layers} needs as many sounds per class: set -n to at "
            f"least {velocity_layers}, not {count}"
            if velocity_layers > 1
            else f"--velocity-layers must be at least 1, not {velocity_layers}"
        )
    map_key_ranges(model.label_names)
    codec = codec if tempo is None else codec.time_stretched(tempo)
    codec = codec if normalise is None else codec.normalised(normalise)
    model.codec = codec = codec.for_format(format_)
    notes = note_numbers(model.label_names) or {}
    mode: Mode = "loops" if codec.loops else "notes" if notes else "hits"
    place, folders = Path(out), safe_file_names(model.label_names)
    ending = f"{codec.file_tag}.{suffix(format_)}"
    stems = {n: [f"{n}/{n}-{index:02d}{ending}" for index in range(count)] for n in folders}
    scale = SCALE if notes else ()
    wanted = [KIT, DECENT, *scale, *(stem for own in stems.values() for stem in own)]
    output = OutputFolder(place, provenance_of(run, seed), wanted)
    groups, firsts = dict[str, list[Shot]](), list[NDArray[Any]]()
    for name, folder in zip(model.label_names, folders, strict=True):
        samples = model.sample(count, seed=seed, label=name)
        clips = [_finished(sample[0], codec.rate, mode) for sample in samples]
        layers = _velocities([clip for clip, _ in clips], codec.rate, velocity_layers)
        origins = output.provenance.of_samples(count, [name] * count)
        root = notes.get(name, MIDDLE_C)
        groups[name] = [
            Shot(
                output.add(stem, codec.clip_bytes(clip, format_, loop, root), origin), loop, *layer
            )
            for (clip, loop), layer, stem, origin in zip(
                clips, layers, stems[folder], origins, strict=True
            )
        ]
        firsts.append(clips[0][0])
    presets = (sfz_text(groups, place, mode), dspreset_text(groups, place, mode))
    overview = {KIT: presets[0].encode(), DECENT: presets[1].encode()}
    if scale:
        rising = sorted(notes, key=notes.__getitem__)
        played = [firsts[model.label_names.index(name)] for name in rising]
        overview |= zip(scale, preview_bytes(played, codec.rate, rising), strict=True)
    output.add_overview(overview)
    output.write_manifest()
    return place / KIT


def _finished(
    clip: NDArray[Any], rate: int, mode: Mode
) -> tuple[NDArray[Any], tuple[int, int] | None]:
    """Return a clip [T, C] as the kit plays it, and the frames of its loop if it has one."""
    if mode == "loops":
        return clip, (0, len(clip))
    clip = trim_tail(clip, rate)
    return add_sustain_loop(clip, rate) if mode == "notes" else (clip, None)


def _velocities(clips: list[NDArray[Any]], rate: int, layers: int) -> list[tuple[int, int]]:
    """Return lowest and highest velocity of each clip, by its rank in loudness."""
    levels = [loudness(to_waves(clip), rate) for clip in clips]
    ranks = np.argsort(np.argsort([-np.inf if level is None else level for level in levels]))
    borders = np.linspace(0, HIGHEST + 1, layers + 1).astype(int)
    found = []
    for rank in ranks:
        layer = int(rank) * layers // len(clips)
        found.append((int(borders[layer]), int(borders[layer + 1]) - 1))
    return found
