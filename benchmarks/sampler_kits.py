"""Sampler kits, ends of clips and stereo, on trained runs and on a trained decoder.

    pip install pysfizz
    python benchmarks/sampler_kits.py [RUN ...] [--steps 1500]

For each run: the level of the first and last samples of 1,000 generated clips, and its kit as
sfizz plays it: hits in turn, with a short press; notes while their key is held; loops for 6 s. Then
stereo: correlation of the channels of panned hits through a decoder that was trained on such hits,
44.1 kHz, settings of recipe `drums`.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.media.audio.codec import AudioCodec
from gansmith.media.audio.logmel import LogMel
from gansmith.media.audio.sampler_kit import kit
from gansmith.media.audio.samples import by_channel, to_samples, to_waves
from gansmith.media.audio.stft import Transform
from gansmith.media.audio.vocoder import train_vocoder
from gansmith.model import load_generator

RATE, BLOCK, HEARD, CLIPS = 44_100, 64, 1e-3, 1_000


def ends_of_clips(run: Path) -> str:
    """Return the highest level of first and last samples of generated clips, in dBFS."""
    clips = to_waves(load_generator(run).sample(CLIPS)[:, 0])
    peak = float(np.abs(clips[:, [0, -1]]).max())
    return f"{20 * np.log10(max(peak, 1e-6)):.1f} dBFS at the ends of {CLIPS:,} clips"


def played(synth: Any, key: int, held: float, seconds: float) -> NDArray[Any]:
    """Return the left channel of one key, held for some seconds."""
    blocks = []
    synth.note_on(0, key, 100)
    for block in range(round(seconds * RATE / BLOCK)):
        if block == round(held * RATE / BLOCK):
            synth.note_off(0, key, 0)
        blocks.append(synth.render_block()[0])
    synth.all_sound_off()
    return np.concatenate(blocks)


def ending(wave: NDArray[Any]) -> float:
    """Return the second after which a wave stays below -60 dBFS."""
    loud = np.flatnonzero(np.abs(wave) > HEARD)
    return (int(loud[-1]) + 1) / RATE if len(loud) else 0.0


def kit_in_sfizz(run: Path) -> list[str]:
    """Export a kit, play every class, and return one line for each."""
    from pysfizz import Synth

    with tempfile.TemporaryDirectory() as place:
        path = kit(run, 3, out=place)
        text = path.read_text("utf-8")
        whole = path.with_name("whole.sfz")  # in memory: streaming falls behind on a busy machine
        whole.write_text("<control> hint_ram_based=1\n" + text, "utf-8")
        player = Synth(RATE, BLOCK)
        assert player.load_sfz_file(str(whole))
        mode = "loops" if "loop_continuous" in text else "hits" if "one_shot" in text else "notes"
        held = {"hits": 0.05, "notes": 1.5, "loops": 6.0}[mode]
        lines = [f"kit of {mode}: {len(player.playable_keys)} keys play"]
        for key in player.playable_keys[:: max(1, len(player.playable_keys) // 4)]:
            waves = [played(player._synth, key, held, held + 2.5) for _ in range(3)]
            apart = len({round(float(np.abs(wave).sum()), 3) for wave in waves})
            seconds = ", ".join(f"{ending(wave):.2f}" for wave in waves)
            lines.append(f"  key {key}, held {held} s: sounds {seconds} s, {apart} of 3 different")
    return lines


def panned_hits(count: int, length: int) -> NDArray[np.int16]:
    """Return hits [N, 1, T, 2] whose right channel is a share of the left one."""
    clips = []
    for seed in range(count):
        random = np.random.default_rng(seed)
        time = np.arange(length) / RATE
        tone = 0.6 * np.sin(2 * np.pi * random.uniform(60, 300) * time)
        wave = tone * np.exp(-time * random.uniform(4, 20))
        wave += 0.2 * random.standard_normal(length) * np.exp(-time * random.uniform(10, 40))
        wave *= 0.8 / np.abs(wave).max()
        clips.append(np.stack([wave, random.uniform(0.1, 1) * wave], axis=1)[None])
    return to_samples(np.stack(clips))


def stereo(steps: int) -> list[str]:
    """Return the correlations of the channels of panned hits after encoding and decoding."""
    clips = panned_hits(60, round(0.4 * RATE))
    training, test = clips[:48], clips[48:]
    waves = by_channel(training)
    mel = LogMel.fit(waves, RATE, Transform(512, 128), 80, 72.0)
    vocoder = train_vocoder(mel, waves, steps)
    lines = []
    for iterations in (8, 32):
        codec = AudioCodec(RATE, clips.shape[2], mel, iterations, vocoder)
        decoded = codec.decode(codec.encode(torch.from_numpy(test)))[:, 0].astype(float)
        found = [float(np.corrcoef(clip.T)[0, 1]) for clip in decoded]
        lines.append(
            f"stereo, decoder of {steps} steps, {iterations} iterations: correlation of channels "
            f"{min(found):.3f} at least, median {np.median(found):.3f}"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--steps", type=int, default=1500)
    given = parser.parse_args()
    for run in given.runs:
        print(f"{run}: {ends_of_clips(run)}", *kit_in_sfizz(run), sep="\n", flush=True)
    if given.steps:
        print(*stereo(given.steps), sep="\n")


if __name__ == "__main__":
    main()
