"""Feature extractors of texts: n-grams, or a text encoder of the user."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.extractor import (
    EXTRACTORS,
    FILE_EXTRACTORS,
    VERSION,
    Extractor,
    digest,
    optional_module,
)
from gansmith.media.text.code_points import to_texts
from gansmith.media.text.metrics.bleu import tokenise
from gansmith.medium import MEDIA
from gansmith.storage.cached_tensors import Tensors, cached_tensors

DIMENSIONS = 256
CHARACTERS, WORDS = 4, 2
"""Longest pieces in characters and in words."""

BITS = 18
"""Of a piece's hash: some 260,000 numbers, which a hundred thousand pieces seldom share."""

PARTS = 8
"""Dimensions that each piece adds to, one in every part."""

AT_ONCE = 512
LONGEST = 512
"""Tokens of a text that an encoder reads where its tokenizer sets no bound."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Pieces:
    """TF-IDF of hashed n-grams, projected to 256 dimensions.

    Pieces are all runs of 1 to 4 characters and of 1 or 2 words, in small letters and with a blank
    before and behind the text. A piece counts 1 + ln(occurrences) times its weight, and each text
    is brought to length one. The projection is sparse and keeps distances nearly as they are: each
    piece adds to one dimension in every eighth of them, by a sign that its hash draws (Kane and
    Nelson, "Sparser Johnson-Lindenstrauss Transforms", 2014).

    Args:
        weights: float32 [2^18], the weight of each number; see `rarity`.
    """

    description = f"small letters; pieces of 1 to {CHARACTERS} characters and 1 to {WORDS} words"

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self.weights = weights

    def __call__(self, samples: NDArray[Any]) -> Tensor:
        """Convert stored texts, int32 [N, 1, L, 1], to float32 [N, 256]."""
        count = len(samples)
        owners, pieces, times = _counted(to_texts(samples))
        values = (1 + np.log(times)) * self.weights[pieces]
        values /= np.sqrt(np.bincount(owners, values**2, minlength=count))[owners]
        width = DIMENSIONS // PARTS
        drawn = _mixed((pieces[:, None] * PARTS + np.arange(PARTS)).astype(np.uint64))
        places = (drawn % np.uint64(width)).astype(np.int64) + np.arange(PARTS) * width
        signs = np.where(drawn >> np.uint64(63), 1, -1) / np.sqrt(PARTS)
        flat = np.bincount(
            (owners[:, None] * DIMENSIONS + places).ravel(),
            (values[:, None] * signs).ravel(),
            minlength=count * DIMENSIONS,
        )
        return torch.from_numpy(flat.reshape(count, DIMENSIONS).astype(np.float32))


class Reading(Extractor):
    """Features of texts that need no training but the weights of pieces.

    Args:
        weights: See `rarity`.
    """

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self.name, self.preprocessing = "reading", Pieces(weights)
        self.dimensions, self.details = DIMENSIONS, {}
        settings = (CHARACTERS, WORDS, BITS, PARTS, DIMENSIONS)
        self.identity = digest(VERSION, self.name, settings, weights.tobytes())

    def features(self, samples: NDArray[Any]) -> Tensor:
        """Return float32 [N, 256] of stored texts, int32 [N, 1, L, 1]."""
        chunks = range(0, len(samples), AT_ONCE)
        return torch.cat([self.preprocessing(samples[i : i + AT_ONCE]) for i in chunks])


def rarity(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return what each number of a piece weighs: 1 + ln((1 + texts) / (1 + texts with it)).

    Args:
        texts: The training texts.

    Returns:
        float32 [2^18].
    """
    found = np.zeros(1 << BITS)
    for start in range(0, len(texts), AT_ONCE):
        _, pieces, _ = _counted(texts[start : start + AT_ONCE])
        found += np.bincount(pieces, minlength=len(found))
    return (1 + np.log((1 + len(texts)) / (1 + found))).astype(np.float32)


@EXTRACTORS.register("reading")
def reading(dataset: Dataset) -> Extractor:
    """The characters and words that a text is made of, rare ones more; for texts.

    Raises:
        GansmithError: The samples are no texts.
    """
    _require_texts("reading", dataset)

    def compute() -> Tensors:
        texts = to_texts(dataset.samples[dataset.train_indices])
        return {"weights": torch.from_numpy(rarity(texts))}

    key = digest(dataset.fingerprint, VERSION, CHARACTERS, WORDS, BITS)
    return Reading(cached_tensors("reading", key, compute)["weights"].numpy())


@FILE_EXTRACTORS.register("sentence")
def sentence(file: Path, dataset: Dataset) -> Extractor:
    """`sentence:FILE`: averaged states of an ONNX text encoder with its `tokenizer.json` beside it.

    Raises:
        GansmithError: The samples are no texts, a package is missing, or the files do not serve.
    """
    _require_texts("sentence", dataset)
    return Sentence(file)


class Sentence(Extractor):
    """Features of texts by an encoder such as those that sentence-transformers exports.

    Texts are read one by one, so that none is padded. Of an output [1, tokens, D] the mean over
    tokens counts, an output [1, D] as it is; all are brought to length one.

    Args:
        file: The encoder as ONNX; `input_ids`, `attention_mask` and `token_type_ids` are given to
            it as far as it asks for them. `tokenizer.json` lies beside it.

    Raises:
        GansmithError: A package is missing, or the files do not serve.
    """

    def __init__(self, file: Path) -> None:
        runtime = optional_module("onnxruntime", "onnx")
        tokenizers = optional_module("tokenizers", "onnx")
        rules = file.with_name("tokenizer.json")
        if not rules.is_file():
            raise GansmithError(f"{file} needs its tokenizer.json in the same folder")
        self.name, self.preprocessing, self.details = f"sentence:{file.name}", _AsStored(), {}
        try:
            self._session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
            self._tokenizer = tokenizers.Tokenizer.from_file(str(rules))
            self._tokenizer.no_padding()
            if self._tokenizer.truncation is None:
                self._tokenizer.enable_truncation(LONGEST)
            self.dimensions = self._state("a").shape[-1]
        except Exception as error:  # neither library's errors share a base class of their own
            reason = " ".join(str(error).split())[:200]
            raise GansmithError(f"{file} does not serve as a text encoder: {reason}") from None
        self.identity = digest(VERSION, "sentence", file.read_bytes(), rules.read_bytes())

    def features(self, samples: NDArray[Any]) -> Tensor:
        """Return float32 [N, D] of stored texts, int32 [N, 1, L, 1]."""
        return F.normalize(torch.stack([self._state(text) for text in to_texts(samples)]), dim=1)

    def _state(self, text: str) -> Tensor:
        # An empty text may have no tokens at all, and no mean: it is read as the first token.
        ids = np.array([self._tokenizer.encode(text).ids or [0]], np.int64)
        given = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        wanted = {source.name: given[source.name] for source in self._session.get_inputs()}
        output = torch.from_numpy(self._session.run(None, wanted)[0]).float()
        return output[0].mean(0) if output.ndim == 3 else output[0]


class _AsStored:
    """An encoder's tokenizer takes texts as they are."""

    description = "none: texts as they are stored"

    def __call__(self, samples: NDArray[Any]) -> Tensor:
        """Code points [N, L], which float32 holds exactly."""
        return torch.from_numpy(np.asarray(samples, np.float32).reshape(len(samples), -1))


def _require_texts(name: str, dataset: Dataset) -> None:
    if MEDIA[dataset.medium].showcase != "text":
        raise GansmithError(
            f"feature extractor '{name}' takes texts, '{dataset.name}' of medium "
            f"'{dataset.medium}' holds none: set evaluation.extractor=auto"
        )


def _counted(
    texts: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Owner, number and occurrences of each piece of each text."""
    pairs = np.concatenate([owners << BITS | pieces for owners, pieces in _pieces(texts)])
    found, times = np.unique(pairs, return_counts=True)
    return found >> BITS, found & ((1 << BITS) - 1), times


def _pieces(texts: Sequence[str]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Owner and number of every piece, for each kind and length."""
    signs = [f" {text.lower()} ".encode("utf-32-le", "surrogatepass") for text in texts]
    characters = [np.frombuffer(coded, "<u4") for coded in signs]
    words = [_checksums(text) for text in texts]
    for kind, (rows, most) in enumerate(((characters, CHARACTERS), (words, WORDS))):
        codes = np.concatenate(rows).astype(np.uint64)
        owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        for size in range(1, most + 1):
            yield _runs(codes, owners, size, salt=kind * 16 + size)


def _checksums(text: str) -> NDArray[np.uint32]:
    coded = (word.encode("utf-8", "surrogatepass") for word in tokenise(text))
    return np.array([zlib.crc32(word) for word in coded], np.uint32)


def _runs(
    codes: NDArray[np.uint64], owners: NDArray[np.int64], size: int, salt: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Owner and number of all runs of `size` codes that lie within a text."""
    count = max(0, len(codes) - size + 1)
    hashes = np.full(count, salt, np.uint64)
    for step in range(size):
        hashes = _mixed(hashes ^ codes[step : step + count])
    whole = owners[:count] == owners[size - 1 :]
    return owners[:count][whole], (hashes[whole] >> np.uint64(64 - BITS)).astype(np.int64)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64 bits: multiply, then fold the upper half, which is mixed best, into the lower."""
    values = (values + _FACTOR) * _FACTOR
    values = (values ^ (values >> np.uint64(32))) * _FACTOR
    return values ^ (values >> np.uint64(29))
