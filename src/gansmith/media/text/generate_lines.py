"""Rejection sampling of poems, line by line: generated lines are kept if they fit a form."""

from __future__ import annotations

import torch
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.media.text.codec import TextCodec
from gansmith.media.text.verse.english import LineForm
from gansmith.networks.sequence.language_model import Decoding, SequenceGenerator, uniform
from gansmith.networks.sequence.special_tokens import PAD
from gansmith.sampling import draw_latents

OFFERS = 16
"""Candidate lines of each poem in a round."""
ROUNDS, PATIENCE = 120, 12
"""Maximum number of rounds, and of rounds without a fitting line before a poem is restarted."""


def generate_constrained_lines(
    generator: SequenceGenerator,
    codec: TextCodec,
    form: LineForm,
    decoding: Decoding,
    prompt: str,
    count: int,
    seed: int,
    labels: Tensor | None,
) -> list[str]:
    """Generate poems whose every line fits a form.

    If the generator was trained on texts of several lines, a candidate is the next line after those
    of the poem; else it is a whole text. The first candidate that fits is taken. Complete lines of
    the prompt are kept; its last line begins the next one.

    Args:
        generator: A generator of texts.
        codec: Its codec.
        form: Decides which lines fit.
        decoding: Temperature and nucleus.
        prompt: Beginning of every poem; all characters except line feeds must be known.
        count: Number of poems.
        seed: The same seed gives the same poems.
        labels: Class of each poem, or None.

    Raises:
        GansmithError: The prompt breaks the form, or no generated lines fit.
    """
    *whole, begun = prompt.split("\n")
    _check(form, whole, begun)
    poems = [list(whole) for _ in range(count)]
    idle = [0] * count
    several = "\n" in "".join(codec.vocabulary.symbols())
    for turn in range(ROUNDS):
        due = [index for index, poem in enumerate(poems) if len(poem) < form.lines]
        if not due:
            return ["\n".join(poem) for poem in poems]
        before = [
            _before(poems[index], begun if len(poems[index]) == len(whole) else "", several)
            for index in due
        ]
        rows = torch.tensor(due).repeat_interleave(OFFERS)
        generator.decoding = Decoding(
            decoding.temperature, decoding.top_p, _prefixes(codec, before)
        )
        latents = draw_latents(count * OFFERS, generator.latent, seed * ROUNDS + turn)
        latents = latents[: len(rows)]
        texts = codec.vocabulary.decode(
            generator.write(uniform(latents), None if labels is None else labels[rows])
        )
        for place, index in enumerate(due):
            offered = texts[place * OFFERS : (place + 1) * OFFERS]
            lines = (_line(text, poems[index], several) for text in offered)
            fitting = next((line for line in lines if form.fits(line, poems[index])), None)
            idle[index] = 0 if fitting else idle[index] + 1
            if fitting:
                poems[index].append(fitting)
            elif idle[index] >= PATIENCE:
                poems[index], idle[index] = list(whole), 0
    missing = sum(len(poem) < form.lines for poem in poems)
    raise GansmithError(
        f"{missing} of {count} poems found no lines that keep the form among "
        f"{ROUNDS * OFFERS:,} candidates for each; try a higher --temperature, or train on such "
        "verse"
    )


def _check(form: LineForm, whole: list[str], begun: str) -> None:
    """Raise an error for a prompt that cannot be completed."""
    for place, line in enumerate(whole):
        if not form.fits(line, whole[:place]):
            raise GansmithError(
                f"line {place + 1} of the prompt, '{line}', does not keep the form: change it"
            )
    if begun and not form.could_fit(begun, whole):
        raise GansmithError(
            f"line {len(whole) + 1} of the prompt, '{begun}', is too long for the form: shorten it"
        )


def _before(poem: list[str], begun: str, several: bool) -> str:
    """Return the text before the next line."""
    return "\n".join([*poem, begun]) if several else begun


def _line(text: str, poem: list[str], several: bool) -> str:
    """Return the line of a generated text that follows the lines of a poem."""
    lines = text.split("\n")
    place = len(poem) if several else 0
    return lines[place].strip() if place < len(lines) else ""


def _prefixes(codec: TextCodec, before: list[str]) -> Tensor | None:
    """Return tokens [N, P], each OFFERS times, padded."""
    numbers = codec.vocabulary.numbers(before)
    longest = max(map(len, numbers))
    if not longest:
        return None
    found = torch.full((len(before), longest), PAD)
    for row, some in zip(found, numbers, strict=True):
        row[: len(some)] = torch.tensor(some, dtype=torch.long)
    return found.repeat_interleave(OFFERS, dim=0)
