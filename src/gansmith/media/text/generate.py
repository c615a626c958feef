"""Conditional generation of text: with a prompt, a title, a verse form, a picture, or best-of-N."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.captions.codec import CaptionCodec
from gansmith.media.text.code_points import titled, visible
from gansmith.media.text.codec import TextCodec
from gansmith.media.text.generate_lines import generate_constrained_lines
from gansmith.media.text.verse.english import Couplet, Haiku, LineForm
from gansmith.media.text.verse.forms import FORMS
from gansmith.media.text.verse.quatrain import Quatrain
from gansmith.model import GeneratorModel
from gansmith.networks import build_networks, load_weights
from gansmith.networks.sequence.language_model import (
    Decoding,
    Mask,
    SequenceDiscriminator,
    SequenceGenerator,
    uniform,
)
from gansmith.networks.sequence.special_tokens import END
from gansmith.run import Run
from gansmith.sampling import draw_latents

AT_ONCE = 500
ROUNDS, WARMER, LEAST = 10, 1.1, 16
"""Rounds in which different captions of one picture are drawn, the factor by which the temperature
rises from round to round, and the captions of a round after the first."""


@dataclass(frozen=True)
class TextGenerationConfig:
    """Options of text generation; None means as in the recipe.

    Attributes:
        temperature: Sampling temperature; below 1 for more typical texts.
        top_p: Nucleus sampling: probability of the most likely tokens to draw from.
        title: Title of every text; the generator must have been trained on titles.
        prompt: Beginning of every text, after its title.
        max_length: Maximum number of tokens of a text.
        form: Name of a verse form that every text keeps.
        best_of: Number of candidates for each text; the discriminator chooses.
        picture: Path of a picture; all texts are captions of it, each different from the others.
    """

    temperature: float | None = None
    top_p: float | None = None
    title: str | None = None
    prompt: str | None = None
    max_length: int | None = None
    form: str | None = None
    best_of: int | None = None
    picture: Path | None = None

    @property
    def given(self) -> list[str]:
        """Options that are set, as they are typed."""
        named = [field.name for field in fields(self) if getattr(self, field.name) is not None]
        return ["--" + name.replace("_", "-") for name in named]


def generate(
    model: GeneratorModel,
    home: Path,
    count: int,
    seed: int,
    labels: Tensor | None,
    options: Mapping[str, Any],
    log: LogFn = silent,
) -> NDArray[np.int32]:
    """Generate texts as stored samples; see `gansmith.verbs.Generation`."""
    config = TextGenerationConfig(**options)
    texts = generate_text(model, home, count, seed, labels, config, log)
    assert isinstance(model.codec, TextCodec)
    return model.codec.pack(texts, max(map(len, texts)) if config.form else None)


def generate_text(
    model: GeneratorModel,
    home: Path,
    count: int,
    seed: int,
    labels: Tensor | None,
    config: TextGenerationConfig,
    log: LogFn = silent,
) -> list[str]:
    """Generate texts.

    Args:
        model: A generator of texts.
        home: Folder of the run, which holds the discriminator.
        count: Number of texts. There may be fewer different captions of a picture; there is at
            least one.
        seed: The same seed and options give the same texts.
        labels: Class of each text, or None.
        config: Options.
        log: Takes a line if there are fewer captions than `count`.

    Raises:
        GansmithError: An option is out of range, or the generator does not support it.
    """
    generator, codec = model.generator, model.codec
    if not isinstance(generator, SequenceGenerator) or not isinstance(codec, TextCodec):
        raise GansmithError(
            f"{config.given[0]} only works with text models; this one generates '{codec.name}'"
        )
    _check(config, codec.length)
    if config.picture is not None:
        return _captions(model, home, count, seed, config, log)
    length = config.max_length or codec.length
    temperature = model.blueprint.temperature if config.temperature is None else config.temperature
    prompt, top_p = visible(normalize("NFC", config.prompt or "")), config.top_p or 1.0
    config = replace(config, prompt=prompt)
    if config.form in LINE_FORMS:
        if config.title is not None or codec.titled:
            raise GansmithError(f"--form {config.form} is for texts without titles")
        form = LINE_FORMS[config.form]()
        _check_lines(config, codec)
        plain = Decoding(temperature, top_p)
        return generate_constrained_lines(
            generator, codec, form, plain, prompt, count, seed, labels
        )
    head = _head(codec, config)
    begun = _begun(codec, prompt, length, head)
    generator.decoding = Decoding(temperature, top_p, begun, _mask(codec, config, length, head))
    tries = config.best_of or 1
    latents = draw_latents(count * tries, generator.latent, seed)[:, :length]
    asked = None if labels is None else labels.repeat_interleave(tries, dim=0)
    tokens = _written(generator, latents, asked)
    if tries > 1:
        evaluator = _discriminator(model, home)
        chosen = _ratings(evaluator, tokens, asked).view(count, tries).argmax(1)
        tokens = tokens[torch.arange(count) * tries + chosen]
    return codec.vocabulary.decode(tokens)


def _captions(
    model: GeneratorModel,
    home: Path,
    count: int,
    seed: int,
    config: TextGenerationConfig,
    log: LogFn,
) -> list[str]:
    """Draw different captions of one picture, in rounds of rising temperature."""
    codec = model.codec
    if not isinstance(codec, CaptionCodec):
        raise GansmithError("--picture only works with captions models")
    assert config.picture is not None
    condition = codec.encode_condition(torch.from_numpy(codec.read_picture(config.picture)[None]))
    usual = model.blueprint.temperature if config.temperature is None else config.temperature
    found: dict[str, None] = {}
    for turn in range(ROUNDS):
        warmer = replace(config, picture=None, temperature=min(5.0, usual * WARMER**turn))
        drawn = count if turn == 0 else max(count, LEAST)
        labels = condition.expand(drawn, -1, -1, -1)
        texts = generate_text(model, home, drawn, seed + turn, labels, warmer)
        found |= dict.fromkeys(filter(None, texts))
        if len(found) >= count:
            return list(found)[:count]
    if not found:
        raise GansmithError(f"no caption of {config.picture} was generated: train longer")
    log(
        f"{config.picture} has only {pluralize(len(found), 'different caption')}: for more, set a "
        "higher --temperature"
    )
    return list(found)


LINE_FORMS: dict[str, Callable[[], LineForm]] = {"haiku": Haiku, "couplet": Couplet}
QUATRAINS = {"quatrain-5": 5, "quatrain-7": 7}


def _check(config: TextGenerationConfig, length: int) -> None:
    if config.form is not None:
        FORMS[config.form]  # raises for unknown names
    for name, value, low, high in (
        ("--temperature", config.temperature, 0.0, 5.0),
        ("--top-p", config.top_p, 1e-6, 1.0),
        ("--max-length", config.max_length, 1, length),
        ("--best-of", config.best_of, 1, 1000),
    ):
        if value is not None and not low <= value <= high:
            lowest = "above 0" if low == 1e-6 else f"from {low:g}"
            raise GansmithError(f"{name} takes a number {lowest} to {high:g}, not {value:g}")


def _check_lines(config: TextGenerationConfig, codec: TextCodec) -> None:
    for name, value in (("--best-of", config.best_of), ("--max-length", config.max_length)):
        if value is not None:
            raise GansmithError(f"{name} and --form {config.form} do not go together: drop one")
    for line in (config.prompt or "").split("\n"):
        _begun(codec, line, codec.length)


def _begun(codec: TextCodec, prompt: str, length: int, head: str = "") -> Tensor | None:
    """Return tokens [1, P] of a title with what follows it, and of a prompt; None without both."""
    if not head + prompt:
        return None
    for name, text in (("title", head), ("prompt", prompt)):
        if (unknown := codec.vocabulary.first_unknown(text)) is not None:
            named = "a line break" if unknown == "\n" else f"'{unknown}'"
            raise GansmithError(
                f"the {name} has {named}, which no training text has: use another --{name}"
            )
    numbers = codec.vocabulary.numbers([head + prompt])[0]
    if len(numbers) >= length:
        named = " and ".join(("the title",) * bool(head) + ("the prompt",) * bool(prompt))
        verb = "have" if head and prompt else "has"
        raise GansmithError(
            f"{named} {verb} {len(numbers)} tokens and texts at most {length}: shorten it"
        )
    return torch.tensor([numbers])


def _head(codec: TextCodec, config: TextGenerationConfig) -> str:
    """Return the title with what separates it from the text; empty without a title."""
    if config.title is None:
        if codec.titled and (config.prompt or config.form in QUATRAINS):
            raise GansmithError(
                "the generator writes a title before each text: say which with --title"
            )
        return ""
    if not codec.titled:
        raise GansmithError(
            "--title is for generators that learnt texts with titles: train with data.title"
        )
    if not (head := titled(config.title, "")):
        raise GansmithError("--title is empty")
    return head


def _mask(codec: TextCodec, config: TextGenerationConfig, length: int, head: str) -> Mask | None:
    """Return the mask of a Chinese verse form; None without one."""
    if config.form not in QUATRAINS:
        return None
    skipped = len(codec.vocabulary.numbers([head])[0])
    length -= skipped
    form = Quatrain(codec.vocabulary.symbols(), QUATRAINS[config.form], end=END)
    if length < form.tokens:
        if config.max_length is not None:
            remedy = "drop --max-length"
        else:
            remedy = "shorten --title" if skipped else "train on poems of that form"
        raise GansmithError(
            f"--form {config.form} has {form.tokens} characters and texts at most {length}: "
            f"{remedy}"
        )
    if config.prompt and (fault := form.broken(config.prompt)):
        raise GansmithError(f"{fault}: give another --prompt, or drop --form")
    return lambda before: torch.from_numpy(form.allowed(before[:, skipped:].numpy()))


def _written(generator: SequenceGenerator, latents: Tensor, labels: Tensor | None) -> Tensor:
    """Draw tokens [N, T], in batches."""
    parts = [
        generator.write(
            uniform(latents[at : at + AT_ONCE]),
            None if labels is None else labels[at : at + AT_ONCE],
        )
        for at in range(0, len(latents), AT_ONCE)
    ]
    return torch.cat(parts)


def _discriminator(model: GeneratorModel, home: Path) -> SequenceDiscriminator:
    """Load the discriminator of the last checkpoint."""
    state = Run(home).load_checkpoint("last")
    if state is None:
        raise GansmithError(
            f"--best-of needs the discriminator in {home}/checkpoints: name the run's own folder"
        )
    pair = build_networks(model.blueprint.network, model.blueprint.spec, seed=0)
    assert isinstance(pair.discriminator, SequenceDiscriminator)
    load_weights(pair.discriminator, state["networks"]["discriminator"])
    return pair.discriminator.eval()


@torch.no_grad()
def _ratings(evaluator: SequenceDiscriminator, tokens: Tensor, labels: Tensor | None) -> Tensor:
    samples = tokens[:, None, None]
    parts = range(0, len(tokens), AT_ONCE)
    rated = [
        evaluator(samples[at : at + AT_ONCE], None if labels is None else labels[at : at + AT_ONCE])
        for at in parts
    ]
    return torch.cat(rated)
