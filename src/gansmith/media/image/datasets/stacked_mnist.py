"""Stacked MNIST: three digits as red, green and blue, 1,000 modes to miss.

The set is of L. Metz et al. 2017, "Unrolled Generative Adversarial Networks" (arXiv 1611.02163),
its numbers are of A. Srivastava et al. 2017, "VEEGAN" (arXiv 1705.07761) and Z. Lin et al. 2018,
"PacGAN" (arXiv 1712.04086): 128,000 pictures to train on, judged by 26,000.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gansmith.media.image.named_pictures import Contents, NamedPictures

TRAINING = 128_000
HELD_OUT = 26_000
_SEED = 0


def stacked(
    mnist: NamedPictures, *, training: int = TRAINING, held_out: int = HELD_OUT
) -> NamedPictures:
    """Return Stacked MNIST, made from the files of MNIST whenever it is read.

    Args:
        mnist: The set of grey digits.
        training: Number of pictures stacked from its training digits.
        held_out: Number of pictures stacked from its held-out digits.
    """
    total = training + held_out
    return replace(
        mnist,
        name="stacked-mnist",
        summary=f"{total:,} stacks of three digits as red, green, blue, 28x28, 1,000 labels",
        citation=(
            "L. Metz, B. Poole, D. Pfau, J. Sohl-Dickstein: Unrolled generative adversarial "
            f"networks. ICLR 2017; digits: {mnist.citation}"
        ),
        samples=total,
        mode="RGB",
        read=lambda folder: stack(mnist.read(folder), training, held_out),
        made_from=mnist.name,
    )


def stack(digits: Contents, training: int, held_out: int) -> Contents:
    """Stack random digits by threes; the same ones each time.

    Args:
        digits: Samples [N, H, W, 1] with one-character labels.
        training: Number of pictures to make of digits that are not held out.
        held_out: Number of pictures to make of digits that are, which stand last.

    Returns:
        Samples [training + held_out, H, W, 3]; a label is the three digits, red first.
    """
    # Raw bits: their stream is the same in every version of NumPy, that of `integers` is not.
    bits = np.random.PCG64(_SEED).random_raw(3 * (training + held_out)).reshape(-1, 3)
    parts = (bits[:training], ~digits.held_out), (bits[training:], digits.held_out)
    picks = np.concatenate([_choose(*part) for part in parts])
    labels = np.array(digits.labels)[picks]
    return Contents(
        samples=np.moveaxis(digits.samples[..., 0][picks], 1, -1),
        labels=tuple(map("".join, labels.tolist())),
        held_out=np.arange(len(picks)) >= training,
    )


def _choose(bits: NDArray[np.uint64], among: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Turn random bits into indices where `among` is true, equally likely to within 1e-14."""
    places = np.flatnonzero(among)
    chosen: NDArray[np.int64] = places[bits % np.uint64(len(places))]
    return chosen
