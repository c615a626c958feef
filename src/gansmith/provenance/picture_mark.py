"""An invisible keyed mark of pictures: spread spectrum with a search for crop, flip and scale.

The mark lives in a frame of 64 x 64 that every picture is scaled to, so that it survives resizing.
Its carrier is a sum of cosines of middle frequencies whose signs follow from a key (Cox et al.
1997, "Secure spread spectrum watermarking for multimedia"). The detector whitens the frame,
divides it by its local contrast, and correlates it with the carrier, plain and mirrored, and with
the carrier stretched and shifted as cropping does.

A mark says that a picture was made by whoever has the key, and nothing else: it has no message.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gansmith.provenance.keyed import key_signs

SIDE = 64
"""Pixels of the frame, and of the shorter side from which pictures are marked."""
LEAST = 40
"""Pixels of the shorter side from which a mark is looked for."""
PSNR = 38.4
"""Least peak signal-to-noise ratio of a marked picture, in dB."""
THRESHOLD = 3.9
"""Score from which a picture counts as marked; see `docs/provenance.md` for its error rate."""
FEWEST_COLOURS = 65
"""Pictures of fewer colours are pixel art, drawings of tiles or masks, and are not marked."""

_LOWEST, _HIGHEST, _SLOPE = 5.0, 38.0, 1.0
_CONTRAST = 3.0
_LEAST_CONTRAST = 1.5
_FOLLOWS = (0.25, -0.35)
"""Powers of the local contrast that the amplitude follows, tried in turn until the mark is strong:
above 0 flat parts carry less, where the eye sees more; below 0 texture does, which hides more of
the mark from the detector."""
_STRONG = 14.0
"""Score at which a mark is strong enough: more would cost quality and add little."""
_STRETCHES = (1.0, 1.027, 1.053, 1.08, 1.11)
_SHIFT = 4
_SPARSE = 97
_SEARCH_COST = 1.6
"""What the score of a searched position loses, because there are many of them."""

Frame = NDArray[np.float32]


def _cosines() -> NDArray[np.float64]:
    """Return the orthonormal DCT-II of `SIDE` values, as rows of a matrix."""
    steps = np.arange(SIDE)
    waves = np.cos(np.pi * (steps + 0.5) * steps[:, None] / SIDE) * np.sqrt(2 / SIDE)
    waves[0] /= np.sqrt(2)
    return np.asarray(waves)


def _blur() -> NDArray[np.float64]:
    """Return the matrix of a Gaussian that is reflected at both ends."""
    steps = np.arange(SIDE, dtype=float)
    images = (steps, -steps - 1, 2 * SIDE - 1 - steps)
    parts = [np.exp(-((steps[:, None] - at) ** 2) / (2 * _CONTRAST**2)) for at in images]
    weights = np.sum(parts, axis=0)
    return np.asarray(weights / weights.sum(1, keepdims=True))


_DCT = _cosines().astype(np.float32)
_BLUR = _blur().astype(np.float32)
_RADIUS = np.hypot(*np.indices((SIDE, SIDE))).astype(np.float32)
_BAND = (1 / (1 + np.exp(-(_RADIUS - _LOWEST) * 2)) / (1 + np.exp(_RADIUS - _HIGHEST))).astype(
    np.float32
)
_WHITE = _BAND * (_RADIUS / 16) ** _SLOPE
"""Amplitudes of natural pictures fall with the inverse of the frequency."""


def _spectrum(frame: Frame) -> Frame:
    return np.asarray(_DCT @ frame @ _DCT.T, np.float32)


def _inverse(spectrum: Frame) -> Frame:
    return np.asarray(_DCT.T @ spectrum @ _DCT, np.float32)


class _Carrier(NamedTuple):
    """What one key needs.

    Attributes:
        pattern: What is added to a frame, [64, 64].
        templates: Conjugate spectra of the whitened pattern, one for each pair of stretches.
    """

    pattern: Frame
    templates: NDArray[np.complex64]


@lru_cache(maxsize=8)
def _carrier(key: bytes) -> _Carrier:
    signs = _flat_signs(key).reshape(SIDE, SIDE)
    white = _inverse(_WHITE * _BAND * signs)
    stretched = [_stretch(x) for x in _STRETCHES]
    views = np.stack([rows @ white @ columns.T for rows in stretched for columns in stretched])
    return _Carrier(_inverse(_BAND * signs), np.conj(np.fft.rfft2(views)).astype(np.complex64))


def _stretch(factor: float) -> Frame:
    """Return the matrix that stretches 64 values about their middle, by their cosine series."""
    places = (np.arange(SIDE) + 0.5 - SIDE / 2) / factor + SIDE / 2 - 0.5
    waves = np.cos(np.pi * (places[:, None] + 0.5) * np.arange(SIDE) / SIDE) * np.sqrt(2 / SIDE)
    waves[:, 0] /= np.sqrt(2)
    return np.asarray(waves @ _DCT, np.float32)


def _luma(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the brightness of [H, W, C], where C is 1 to 4 with alpha last, laid on mid-grey."""
    colours: Frame = pixels[..., : 3 if pixels.shape[-1] >= 3 else 1].astype(np.float32)
    weights = (0.299, 0.587, 0.114) if colours.shape[-1] == 3 else (1.0,)
    grey: Frame = np.asarray(colours @ np.array(weights, np.float32), np.float32)
    if pixels.shape[-1] in (2, 4):
        grey = np.asarray(128 + (grey - 128) * (pixels[..., -1] / 255), np.float32)
    return grey


def _resized(values: Frame, height: int, width: int) -> Frame:
    if values.shape == (height, width):
        return values
    image = Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image)


def _whitened(pixels: NDArray[np.uint8]) -> tuple[Frame, Frame]:
    """Return the whitened frame over its local contrast, and the contrast."""
    frame = _resized(_luma(pixels), SIDE, SIDE)
    detail = _inverse(_WHITE * _spectrum(frame))
    contrast = np.sqrt(_BLUR @ (detail * detail) @ _BLUR.T + _LEAST_CONTRAST**2)
    return detail / contrast, contrast


def can_be_marked(pixels: NDArray[np.uint8]) -> bool:
    """Return whether a picture [H, W, C] is large enough for a mark, and no pixel art."""
    if min(pixels.shape[:2]) < SIDE:
        return False
    packed = pixels.reshape(-1, pixels.shape[-1]).astype(np.int64) @ (
        256 ** np.arange(pixels.shape[-1])
    )
    return any(len(np.unique(part)) >= FEWEST_COLOURS for part in (packed[::_SPARSE], packed))


def mark_picture(
    pixels: NDArray[np.uint8], key: bytes, *, always_alike: bool = False
) -> NDArray[np.uint8]:
    """Return a picture with the mark of a key.

    The carrier is put in upright or mirrored, added or subtracted, whichever the picture is already
    closer to: then no picture works against its mark.

    Args:
        pixels: uint8 [H, W, C], C from 1 to 4 with alpha last, which stays as it is.
        key: Whoever has it can find the mark, and remove it.
        always_alike: Always add the upright carrier, so that many marked pictures have it in
            common.

    Returns:
        uint8 [H, W, C], at least `PSNR` dB from `pixels`.
    """
    colours = pixels.shape[-1] - (pixels.shape[-1] in (2, 4))
    frame, contrast = _whitened(pixels)
    pattern = _carrier(key).pattern
    if not always_alike:
        plain, mirrored = _centred(frame, key)
        pattern = pattern[:, ::-1] if abs(mirrored) > abs(plain) else pattern
        closer = mirrored if abs(mirrored) > abs(plain) else plain
        pattern = pattern if closer > 0 else -pattern
    before = pixels[..., :colours].astype(np.float32)
    for follows in _FOLLOWS:
        wave = _resized(pattern * contrast**follows, *pixels.shape[:2])[..., None]
        marked, score = _added(pixels, before, wave, key)
        if score >= _STRONG - 1:
            break
    return marked


def _added(
    pixels: NDArray[np.uint8], before: Frame, wave: Frame, key: bytes
) -> tuple[NDArray[np.uint8], float]:
    """Add a wave as strongly as quality allows and detection needs; return also the score."""
    limit = 255 * 10 ** (-PSNR / 20)
    strength = limit / max(float(np.sqrt(np.mean(wave**2))), 1e-9)
    marked, score = pixels.copy(), 0.0
    for _ in range(4):
        marked[..., : before.shape[-1]] = np.clip(np.rint(before + strength * wave), 0, 255)
        error = float(np.sqrt(np.mean((marked[..., : before.shape[-1]] - before) ** 2)))
        score = max(map(abs, _centred(_whitened(marked)[0], key)))
        factor = min(limit / max(error, 1e-9), _STRONG / max(score, 1.0), 2.0)
        if 0.98 <= factor <= 1.03 and error <= limit:
            break
        strength *= 0.995 * factor
    return marked, score


def picture_score(pixels: NDArray[np.uint8], key: bytes) -> float | None:
    """Return how strongly a picture carries the mark of a key.

    Args:
        pixels: uint8 [H, W, C], C from 1 to 4 with alpha last.
        key: The key.

    Returns:
        The score: standard normal for one position of an unmarked picture, and marked from
        `THRESHOLD`; None where the picture is too small to tell.
    """
    if min(pixels.shape[:2]) < LEAST:
        return None
    frame, _ = _whitened(pixels)
    return max(*map(abs, _centred(frame, key)), _searched(frame, key) - _SEARCH_COST)


def signed_scores(pixels: NDArray[np.uint8], keys: Sequence[bytes]) -> NDArray[np.float32]:
    """Return the scores of one picture for several keys, where the mark was put and upright only.

    These are standard normal without a mark, so that they can be averaged over many pictures.
    """
    frame, _ = _whitened(pixels)
    values = (_spectrum(frame) * _WHITE * _BAND).ravel()
    signs = np.stack([_flat_signs(key) for key in keys])
    return np.asarray(signs @ values / _deviation(frame))


@lru_cache(maxsize=512)
def _flat_signs(key: bytes) -> NDArray[np.float32]:
    return key_signs(key, "picture", (SIDE, SIDE)).ravel()


def _deviation(frame: Frame) -> float:
    """Standard deviation of the correlation with the carriers of random keys."""
    values = _spectrum(frame) * _WHITE * _BAND
    return max(float(np.sqrt(np.sum(values**2))), 1e-9)


def _centred(frame: Frame, key: bytes) -> tuple[float, float]:
    """Scores of the carrier where it was put, upright and mirrored."""
    spectrum = _spectrum(frame)
    products = spectrum * (_WHITE * _BAND * _flat_signs(key).reshape(SIDE, SIDE))
    columns = products.sum(axis=0)
    deviation = max(float(np.sqrt(np.sum((spectrum * _WHITE * _BAND) ** 2))), 1e-9)
    mirrored = columns[::2].sum() - columns[1::2].sum()  # odd cosines change their sign
    return float(columns.sum()) / deviation, float(mirrored) / deviation


def _searched(frame: Frame, key: bytes) -> float:
    """Best score of the carrier stretched and shifted, upright or mirrored, in half pixels."""
    best = 0.0
    for view in (frame, frame[:, ::-1]):
        products = np.fft.rfft2(view).astype(np.complex64) * _carrier(key).templates
        best = max(best, float(np.abs((_DOWN @ products @ _ACROSS).real).max()))
    return best / _deviation(frame)


def _shifts() -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Return matrices that give a correlation at the shifts of the search, from its spectrum."""
    shifts = np.arange(-2 * _SHIFT, 2 * _SHIFT + 1) / 2
    rows, columns = np.fft.fftfreq(SIDE), np.fft.rfftfreq(SIDE)
    twice = np.where((columns > 0) & (columns < 0.5), 2, 1)[:, None]
    down = np.exp(2j * np.pi * shifts[:, None] * rows) / SIDE
    across = np.exp(2j * np.pi * columns[:, None] * shifts) * twice / SIDE
    return down.astype(np.complex64), across.astype(np.complex64)


_DOWN, _ACROSS = _shifts()
