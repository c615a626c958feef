"""Codec of text: code points to tokens and back, to files and to sheets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gansmith.codec import Codec
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.text.code_points import normalise, split_title, to_points, to_texts
from gansmith.media.text.options import TextConfig, TextOptions
from gansmith.media.text.sheet import text_sheet
from gansmith.media.text.tokenizer import TextTokenizer
from gansmith.media.text.verse.chinese import verse_traits

if TYPE_CHECKING:
    from gansmith.data.dataset import Dataset
    from gansmith.recipe import Recipe

MOST_SHOWN = 48
"""Texts of a sheet."""
SEPARATOR = "---"
"""Line between texts that have empty lines themselves; `data.separator` reads it."""


class TextCodec(Codec):
    """Texts as code points int32 [N, 1, L, 1]; networks see tokens, int64 [N, 1, 1, T].

    Args:
        vocabulary: Turns texts into tokens and back.
        length: T, the end of a text included.
        longest: L.
        titled: Texts begin with a title, followed by an empty line.
    """

    name = "text"
    stored = np.int32
    formats = ("txt",)
    collections = (".txt", ".jsonl")
    interpolation_suffixes = (".txt",)
    walks = 1

    def __init__(
        self, vocabulary: TextTokenizer, length: int, longest: int, titled: bool = False
    ) -> None:
        self.vocabulary, self.length, self.longest = vocabulary, length, longest
        self.titled = titled
        self.tokens = len(vocabulary)

    @classmethod
    def fit(cls, recipe: Recipe, dataset: Dataset, log: LogFn = silent) -> TextCodec:
        """Learn the vocabulary and the maximum length from the training texts."""
        if dataset.pictures is not None:
            raise GansmithError(
                f"medium 'text' does not see the pictures of '{dataset.name}': set medium=captions"
            )
        codec = cls(*learnt(recipe, dataset), titled=recipe.data.of(TextOptions).title is not None)
        codec.traits = known_traits(codec.vocabulary, log)
        return codec

    def adapted(self, dataset: Dataset) -> TextCodec:
        """Return the codec with what tokens have in common, which no file holds."""
        self.traits = known_traits(self.vocabulary, silent)
        return self

    @classmethod
    def from_config(cls, config: Mapping[str, Any], state_dict: Mapping[str, Tensor]) -> TextCodec:
        """Rebuild a codec from its :meth:`config` and :meth:`state_dict`."""
        written = bytes(state_dict["tokenizer"].tolist()).decode()
        lengths = config["length"], config["longest"]
        return cls(TextTokenizer.restore(written), *lengths, titled=config.get("titled", False))

    def config(self) -> dict[str, Any]:
        """Return both lengths, and whether texts have titles."""
        return {"length": self.length, "longest": self.longest, "titled": self.titled}

    def state_dict(self) -> dict[str, Tensor]:
        """Return the content of `tokenizer.json`, as bytes."""
        content = np.frombuffer(self.vocabulary.written().encode(), np.uint8)
        return {"tokenizer": torch.from_numpy(content.copy())}

    def files(self) -> dict[str, str]:
        """Return `tokenizer.json`, in the format of the library `tokenizers`."""
        return {"tokenizer.json": self.vocabulary.written()}

    def shape(self, stored: tuple[int, ...]) -> tuple[int, int, int]:
        """Return (1, 1, T)."""
        return 1, 1, self.length

    def encode(self, samples: Tensor) -> Tensor:
        """Convert code points to tokens; texts that are too long are truncated, without an end."""
        texts = to_texts(samples.cpu().numpy())
        tokens = self.vocabulary.encode(texts, self.length)
        return tokens[:, None, None].to(samples.device)

    def decode(self, tensors: Tensor) -> NDArray[np.int32]:
        """Convert tokens to code points; texts that are too long are truncated."""
        return self.pack(self.vocabulary.decode(tensors.flatten(1)))

    def pack(self, texts: Sequence[str], longest: int | None = None) -> NDArray[np.int32]:
        """Convert texts to stored samples of at most `longest` characters."""
        room = self.longest if longest is None else longest
        return to_points([normalise(normalise(text)[:room]) for text in texts], room)

    def read(self, path: Path, stored: tuple[int, ...]) -> NDArray[np.int32]:
        """Raise an error: the latent of a text cannot be found.

        Raises:
            GansmithError: Always.
        """
        raise GansmithError(
            f"similar texts to {path} cannot be found: start from its first words with generate "
            "--prompt"
        )

    def to_bytes(self, sample: NDArray[Any], format_: str) -> bytes:
        """Encode a text in UTF-8, followed by a line feed."""
        return (to_texts(sample[None])[0] + "\n").encode()

    def collection_to_bytes(
        self, samples: NDArray[Any], suffix: str, facts: Sequence[Mapping[str, Any]]
    ) -> bytes:
        """Encode all texts as one file.

        Args:
            samples: Code points.
            suffix: `.jsonl` for records with `text`, with `title` if texts have titles, and facts;
                `.txt` for lines, for paragraphs with an empty line between them if any text has
                several lines, or with a line `---` between them if any has empty lines itself.
            facts: One mapping for each text.
        """
        texts = to_texts(samples)
        if suffix == ".jsonl":
            records = (
                {**self._record(text), **fact} for text, fact in zip(texts, facts, strict=True)
            )
            joined = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
        elif self.titled or any("\n\n" in text for text in texts):
            joined = f"\n{SEPARATOR}\n".join(texts)
        else:
            joined = ("\n\n" if any("\n" in text for text in texts) else "\n").join(texts)
        return (joined + "\n").encode()

    def _record(self, text: str) -> dict[str, str]:
        """Return a text, without its title if it has one, and the title."""
        title, body = split_title(text) if self.titled else ("", text)
        return {"title": title, "text": body} if title else {"text": text}

    def interpolation_to_bytes(self, walks: Sequence[NDArray[Any]], suffix: str) -> bytes:
        """Encode the steps of one interpolation as lines or paragraphs."""
        return self.collection_to_bytes(np.concatenate(walks), suffix, [])

    def sheet(self, samples: NDArray[Any], **options: Any) -> Image.Image:
        """Draw up to 48 texts; see :func:`gansmith.media.text.sheet.text_sheet`."""
        return text_sheet(to_texts(samples[:MOST_SHOWN]), **options)

    def texts(self, samples: NDArray[Any]) -> list[str]:
        """Return code points as strings."""
        return to_texts(samples)


def learnt(recipe: Recipe, dataset: Dataset) -> tuple[TextTokenizer, int, int]:
    """Learn a vocabulary; return it with the maximum length of a text in tokens and characters."""
    texts = to_texts(dataset.samples[dataset.train_indices])
    config = recipe.section(TextConfig)
    vocabulary = TextTokenizer.learn(texts, config.tokens, config.vocabulary)
    return vocabulary, vocabulary.longest(texts), dataset.samples.shape[2]


def known_traits(vocabulary: TextTokenizer, log: LogFn) -> Tensor | None:
    """Return rhyme and tone features of tokens; None if their tables are not installed."""
    try:
        return verse_traits(vocabulary.symbols())
    except GansmithError as error:
        log(f"networks get no features of rhymes and tones: {error}")
        return None
