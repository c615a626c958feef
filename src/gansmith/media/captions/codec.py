"""Codec of captions: texts conditioned on pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.captions.sheet import CAPTIONED, CAPTIONS, captioned_sheet
from gansmith.media.image.codec import ImageCodec
from gansmith.media.text.codec import TextCodec, learnt
from gansmith.media.text.tokenizer import TextTokenizer
from gansmith.sampling import draw_labels

if TYPE_CHECKING:
    from gansmith.data.dataset import Dataset
    from gansmith.recipe import Recipe

MOST_EXAMPLES = 128


class CaptionCodec(TextCodec):
    """Captions of pictures; see :class:`TextCodec`.

    Args:
        vocabulary: Converts texts to tokens and back.
        length: Maximum number of tokens of a text, its end included.
        longest: Maximum number of characters of a text.
        examples: Held-out pictures uint8 [N, H, W, 4], which are captioned if no picture is given.
    """

    name = "captions"

    def __init__(
        self, vocabulary: TextTokenizer, length: int, longest: int, examples: NDArray[np.uint8]
    ) -> None:
        super().__init__(vocabulary, length, longest)
        self.examples = examples

    @classmethod
    def fit(cls, recipe: Recipe, dataset: Dataset, log: LogFn = silent) -> CaptionCodec:
        """Learn the vocabulary, and keep some held-out pictures."""
        if dataset.pictures is None or dataset.labels is None:
            raise GansmithError(
                f"medium 'captions' needs pictures with captions, and '{dataset.name}' is texts "
                "alone: set data.captions=true"
            )
        examples = dataset.pictures[example_labels(dataset)]
        return cls(*learnt(recipe, dataset), np.array(examples))

    def adapted(self, dataset: Dataset) -> CaptionCodec:
        """Return the codec with held-out pictures of other data as its examples."""
        assert dataset.pictures is not None
        examples = np.array(dataset.pictures[example_labels(dataset)])
        return CaptionCodec(self.vocabulary, self.length, self.longest, examples)

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], state_dict: Mapping[str, Tensor]
    ) -> CaptionCodec:
        """Rebuild a codec from its :meth:`config` and :meth:`state_dict`."""
        plain = TextCodec.from_config(config, state_dict)
        examples = state_dict["examples"].numpy()
        return cls(plain.vocabulary, plain.length, plain.longest, examples)

    def state_dict(self) -> dict[str, Tensor]:
        """Return `tokenizer.json`, as bytes, and the examples."""
        return super().state_dict() | {"examples": torch.from_numpy(self.examples)}

    @property
    def condition_shape(self) -> tuple[int, int, int]:
        """Shape (C, H, W) of the network tensor of a picture."""
        return ImageCodec().shape(self.examples.shape)

    def encode_condition(self, pictures: Tensor) -> Tensor:
        """Convert pictures uint8 [N, H, W, 4] to network tensors, float32 [N, 4, H, W]."""
        return ImageCodec().encode(pictures)

    def read_picture(self, path: Path) -> NDArray[np.uint8]:
        """Read a picture and bring it to the size of the examples, uint8 [H, W, 4].

        Raises:
            GansmithError: It cannot be read.
        """
        return ImageCodec().read(path, self.examples.shape)

    def conditions(self, count: int, seed: int) -> Tensor:
        """Draw pictures from the examples, float32 [count, 4, H, W]."""
        chosen = draw_examples(len(self.examples), count, seed)
        return ImageCodec().encode(torch.from_numpy(self.examples)[chosen])

    def condition_labels(self, dataset: Dataset, count: int, seed: int) -> NDArray[np.int64]:
        """Return the labels of the pictures that :meth:`conditions` draws."""
        examples = example_labels(dataset)
        labels: NDArray[np.int64] = examples[draw_examples(len(examples), count, seed).numpy()]
        return labels

    def condition_sheet(self, sample: Callable[[Tensor], NDArray[Any]]) -> Image.Image:
        """Draw some examples, each with several generated captions."""
        shown = self.examples[:CAPTIONED]
        pictures = ImageCodec().encode(torch.from_numpy(shown))
        texts = self.texts(sample(pictures.repeat_interleave(CAPTIONS, dim=0)))
        captions = [texts[at : at + CAPTIONS] for at in range(0, len(texts), CAPTIONS)]
        return captioned_sheet(shown, captions)


def draw_examples(examples: int, count: int, seed: int) -> Tensor:
    """Draw `count` indices of `examples` uniformly with replacement, int64 [count]."""
    return draw_labels(count, torch.ones(examples), seed)


def example_labels(dataset: Dataset) -> NDArray[np.int64]:
    """Return the held-out pictures that become examples, as numbers of their labels."""
    assert dataset.labels is not None
    held_out = np.unique(dataset.labels[dataset.held_out_indices])
    return np.random.default_rng(0).permutation(held_out)[:MOST_EXAMPLES]
