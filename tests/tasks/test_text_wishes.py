"""What can be asked of texts, against what the networks say when they are asked by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.media.text.codec import TextCodec
from gansmith.media.text.generate import TextGenerationConfig, generate_text
from gansmith.model import load
from gansmith.networks import build_networks
from gansmith.networks.sequence.language_model import SequenceDiscriminator, SequenceGenerator
from gansmith.networks.sequence.special_tokens import END, PAD, UNKNOWN
from gansmith.run import Run
from tests.tasks.text_runs import Cli, lines_run, refusal, untrained
from tests.training.verses import TEXTS


@pytest.fixture
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lines_run(tmp_path_factory.getbasetemp())


def texts(run: Path, count: int, wish: TextGenerationConfig, seed: int = 0) -> list[str]:
    return generate_text(load(run), run, count, seed, None, wish)


def shortfall(run: Path, text: str, begun: int = 0) -> float:
    """By how much the logit of any token is below that of the likeliest one, at most."""
    model = load(run)
    generator, codec = model.generator, model.codec
    assert isinstance(generator, SequenceGenerator) and isinstance(codec, TextCodec)
    tokens = codec.vocabulary.encode([text], codec.length)
    scores = generator.logits(tokens)[0]
    scores[:, [PAD, UNKNOWN]] = -torch.inf
    told = scores.gather(1, tokens[0][:, None])[:, 0]
    return float((scores.amax(1) - told)[begun : len(text) + 1].max())


def ratings(run: Path, candidates: list[str]) -> list[float]:
    """The discriminator's mean logit of each text, its end included, one by one."""
    model, state = load(run), Run(run).load_checkpoint("last")
    evaluator = build_networks(model.blueprint.network, model.blueprint.spec, seed=9).discriminator
    assert state is not None
    assert isinstance(evaluator, SequenceDiscriminator) and isinstance(model.codec, TextCodec)
    evaluator.load_state_dict(state["networks"]["discriminator"])
    evaluator.eval()
    length, numbers = model.codec.length, model.codec.vocabulary.numbers(candidates)
    rows = [torch.tensor([[*row, END][:length]]) for row in numbers]
    return [evaluator.steps(row).mean().item() for row in rows]


def test_without_temperature_every_token_is_the_likeliest(trained: Path) -> None:
    for prompt in ("", "a dog"):
        for text in texts(trained, 3, TextGenerationConfig(temperature=0, prompt=prompt)):
            assert shortfall(trained, text, len(prompt)) < 2e-3
    assert shortfall(trained, texts(trained, 1, TextGenerationConfig(temperature=1))[0]) > 0.1


def test_the_smallest_nucleus_has_the_likeliest_token_only(trained: Path) -> None:
    made = texts(trained, 3, TextGenerationConfig(top_p=1e-6))
    assert len(set(made)) == 1 and shortfall(trained, made[0]) < 1e-5


def test_the_whole_nucleus_and_temperature_1_change_nothing(trained: Path) -> None:
    plain = texts(trained, 8, TextGenerationConfig(temperature=1.0))
    assert texts(trained, 8, TextGenerationConfig(top_p=1.0)) == plain
    assert texts(trained, 8, TextGenerationConfig(best_of=1)) == plain
    assert texts(trained, 8, TextGenerationConfig(prompt="")) == plain


def test_a_low_temperature_has_less_variety(trained: Path) -> None:
    signs = [
        len(set("".join(texts(trained, 64, TextGenerationConfig(temperature=t, max_length=1)))))
        for t in (0.1, 1.0, 3.0)
    ]
    assert signs[0] < signs[1] <= signs[2]


@pytest.mark.parametrize("prompt", ["t", "the cat", "a dog sleeps on ", "eee"])
def test_a_prompt_begins_every_text(
    gansmith: Cli, trained: Path, tmp_path: Path, prompt: str
) -> None:
    out = tmp_path / "a.txt"
    assert gansmith("generate", trained, "-n", 20, "--prompt", prompt, "--out", out)[0] == 0
    made = out.read_text("utf-8").split("\n")[:-1]
    assert len(made) == 20 and len(set(made)) > 10
    assert all(text.startswith(prompt.rstrip()) for text in made)


@pytest.mark.parametrize("length", [1, 5, 39])
def test_the_longest_length_cuts_what_is_longer(trained: Path, length: int) -> None:
    whole = texts(trained, 20, TextGenerationConfig(temperature=1.0))
    assert max(map(len, whole)) >= 39
    cut = texts(trained, 20, TextGenerationConfig(max_length=length))
    assert cut == [text[:length] for text in whole]


@pytest.mark.parametrize("prompt", [None, "my "])
def test_the_best_of_several_is_the_discriminators(trained: Path, prompt: str | None) -> None:
    candidates = texts(trained, 24, TextGenerationConfig(temperature=0.9, prompt=prompt))
    rated = ratings(trained, candidates)
    turns = [range(4 * n, 4 * n + 4) for n in range(6)]
    expected = [candidates[max(turn, key=lambda n: rated[n])] for turn in turns]
    assert (
        texts(trained, 6, TextGenerationConfig(temperature=0.9, prompt=prompt, best_of=4))
        == expected
    )


def test_many_texts_are_drawn_in_parts(trained: Path) -> None:
    many = texts(trained, 1_100, TextGenerationConfig(max_length=4))
    assert len(many) == 1_100
    assert many[:3] == texts(trained, 3, TextGenerationConfig(max_length=4))


@pytest.mark.parametrize(
    ("option", "value", "takes"),
    [
        ("--temperature", "-0.1", "from 0 to 5"),
        ("--temperature", "5.1", "from 0 to 5"),
        ("--temperature", "nan", "from 0 to 5"),
        ("--temperature", "inf", "from 0 to 5"),
        ("--top-p", "0", "above 0 to 1"),
        ("--top-p", "-1", "above 0 to 1"),
        ("--top-p", "1.01", "above 0 to 1"),
        ("--top-p", "nan", "above 0 to 1"),
        ("--max-length", "0", "from 1 to 40"),
        ("--max-length", "41", "from 1 to 40"),
        ("--best-of", "0", "from 1 to 1000"),
        ("--best-of", "1001", "from 1 to 1000"),
    ],
)
def test_what_is_out_of_range_is_refused(
    gansmith: Cli, trained: Path, option: str, value: str, takes: str
) -> None:
    told = refusal(gansmith, "generate", trained, option, value)
    assert told == f"{option} takes a number {takes}, not {float(value):g}"


def test_a_prompt_with_an_unknown_sign_is_refused(gansmith: Cli, trained: Path) -> None:
    assert "'Ω'" in refusal(gansmith, "generate", trained, "--prompt", "the Ω cat")


def test_the_unknown_sign_is_named_where_tokens_are_pieces_too(trained: Path) -> None:
    model = untrained(TEXTS, "text.tokens=pieces", "text.vocabulary=64")
    with pytest.raises(GansmithError, match="'Ω'"):
        generate_text(model, trained, 1, 0, None, TextGenerationConfig(prompt="the Ω cat"))


def test_a_prompt_begins_texts_of_pieces(trained: Path) -> None:
    model = untrained(TEXTS, "text.tokens=pieces", "text.vocabulary=64")
    for prompt in ("the", "the c", "my sister sle"):
        made = generate_text(model, trained, 10, 0, None, TextGenerationConfig(prompt=prompt))
        assert all(text.startswith(prompt) for text in made)


@pytest.mark.parametrize("name", ["<end>", "<blank>", "<unknown>"])
def test_names_of_special_tokens_are_but_signs(gansmith: Cli, trained: Path, name: str) -> None:
    assert "'<" in refusal(gansmith, "generate", trained, "-n", 2, "--prompt", name)


def test_marks_that_follow_their_letter_are_as_one_with_it(trained: Path) -> None:
    model = untrained([f"caf\N{LATIN SMALL LETTER E WITH ACUTE} {text}" for text in TEXTS])
    wish = TextGenerationConfig(prompt="cafe\N{COMBINING ACUTE ACCENT}")
    (made,) = generate_text(model, trained, 1, 0, None, wish)
    assert made.startswith("caf\N{LATIN SMALL LETTER E WITH ACUTE}")


def test_a_prompt_that_is_too_long_is_refused(gansmith: Cli, trained: Path) -> None:
    told = refusal(gansmith, "generate", trained, "--prompt", "a" * 40)
    assert told == "the prompt has 40 tokens and texts at most 40: shorten it"
    assert gansmith("generate", trained, "-n", 1, "--prompt", "a" * 39)[0] == 0
    shorter = refusal(gansmith, "generate", trained, "--prompt", "the cat", "--max-length", 7)
    assert "7 tokens and texts at most 7" in shorter


def test_a_generator_alone_takes_wishes_but_for_the_discriminators(
    gansmith: Cli, trained: Path, tmp_path: Path
) -> None:
    alone = Path(shutil.copy(trained / "generator.safetensors", tmp_path))
    out = tmp_path / "a.txt"
    assert gansmith("generate", alone, "-n", 2, "--prompt", "my", "--out", out)[0] == 0
    assert all(line.startswith("my") for line in out.read_text("utf-8").splitlines())
    told = refusal(gansmith, "generate", alone, "--best-of", 2)
    assert "needs the discriminator" in told and "run's own folder" in told
