"""Forms of verse that are asked for by name, on generators that have hardly learnt a thing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.media.text.generate import TextGenerationConfig, generate_text
from gansmith.media.text.verse.english import line_syllables, rhymes, words
from gansmith.media.text.verse.forms import FORMS
from gansmith.model import Model, load
from tests.tasks.text_runs import Cli, lines_run, poems, refusal, untrained, verse_run
from tests.training.verses import TEXTS

pytest.importorskip("zhconv")
pytest.importorskip("pronouncing")

STANZAS = ["\n".join(lines) for lines in zip(TEXTS, TEXTS[1:], TEXTS[2:], strict=False)]
RHYMING = [f"{who} sees a {what}" for who in ("i", "my dad", "our old cat") for what in (
    "cat", "hat", "bat", "mat", "rat", "day", "way", "bay", "ray", "tree", "bee", "sea", "key",
)]  # fmt: skip


@pytest.fixture
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return verse_run(tmp_path_factory.getbasetemp())


@pytest.fixture
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lines_run(tmp_path_factory.getbasetemp())


def made(model: Model, count: int, wish: TextGenerationConfig) -> list[str]:
    return generate_text(model, Path("none"), count, 0, None, wish)


def paragraphs(gansmith: Cli, run: Path, out: Path, *wish: object) -> list[str]:
    code, _, err = gansmith("generate", run, *wish, "--out", out)
    assert code == 0, err
    return out.read_text("utf-8").removesuffix("\n").split("\n\n")


@pytest.mark.parametrize(
    "wish",
    [
        [],
        ["--temperature", 0],
        ["--temperature", 5],
        ["--top-p", 0.1],
        ["--best-of", 3],
        ["--max-length", 23],
        ["--seed", 7],
    ],
)
def test_every_quatrain_keeps_the_form(
    gansmith: Cli, chinese: Path, tmp_path: Path, wish: list[object]
) -> None:
    found = paragraphs(
        gansmith, chinese, tmp_path / "a.txt", "-n", 80, "--form", "quatrain-5", *wish
    )
    assert len(found) == 80
    for poem in found:
        assert [len(line) for line in poem.split("\n")] == [5] * 4
        assert FORMS["quatrain-5"].kept(poem)


def test_what_it_learnt_from_and_writes_unasked_does_not_keep_it(
    gansmith: Cli, chinese: Path, tmp_path: Path
) -> None:
    unasked = paragraphs(gansmith, chinese, tmp_path / "a.txt", "-n", 80)
    assert sum(map(FORMS["quatrain-5"].kept, [*unasked, *poems()])) < 5


def test_quatrains_of_seven_need_longer_texts(gansmith: Cli, chinese: Path) -> None:
    told = refusal(gansmith, "generate", chinese, "--form", "quatrain-7")
    assert "has 31 characters and texts at most 24" in told
    longer = made(untrained(poems(60, 7)), 40, TextGenerationConfig(form="quatrain-7"))
    assert all(map(FORMS["quatrain-7"].kept, longer))


def test_a_longest_length_that_leaves_no_room_is_blamed(gansmith: Cli, chinese: Path) -> None:
    wish = ["--form", "quatrain-5", "--max-length", 22]
    told = refusal(gansmith, "generate", chinese, *wish)
    assert "23 characters" in told and "--max-length" in told


@pytest.mark.parametrize("prompt", ["春", "水雲", "日月", "山間生白人\n日"])
def test_a_quatrain_begins_with_its_prompt_and_keeps_the_form(
    gansmith: Cli, chinese: Path, tmp_path: Path, prompt: str
) -> None:
    asked = ["--form", "quatrain-5", "--prompt", prompt]
    found = paragraphs(gansmith, chinese, tmp_path / "a.txt", "-n", 40, *asked)
    assert len(found) == 40
    assert all(poem.startswith(prompt) and FORMS["quatrain-5"].kept(poem) for poem in found)


@pytest.mark.parametrize(
    "prompt",
    [
        "春人新身塵",
        "山人不人白\n山",
        "山月日人白\n水城月不日",
        "新明巾白不\n白日行鄰陳\n日日山人一\n身身清水陳",  # rhymes a character with itself
    ],
)
def test_a_prompt_that_breaks_tones_or_rhyme_is_refused(
    gansmith: Cli, chinese: Path, prompt: str
) -> None:
    told = refusal(gansmith, "generate", chinese, "--form", "quatrain-5", "--prompt", prompt)
    assert "tones" in told or "rhyme" in told


def test_any_prompt_is_refused_or_kept_with_the_form(chinese: Path) -> None:
    model, drawn = load(chinese), random.Random(1)
    regular = generate_text(model, chinese, 20, 5, None, TextGenerationConfig(form="quatrain-5"))
    again = [poem[:-1] + poem[10] for poem in regular]  # line 4 ends as line 2 does
    for poem in (*poems()[:20], *regular, *again):
        prompt = poem[: drawn.randint(1, 23)]
        try:
            found = generate_text(
                model, chinese, 4, 0, None, TextGenerationConfig(form="quatrain-5", prompt=prompt)
            )
        except GansmithError:
            assert poem not in regular
            continue
        assert all(text.startswith(prompt) for text in found)
        assert all(map(FORMS["quatrain-5"].kept, found)), prompt


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("春人新身塵一", "line 1 of the given text, '春人新身塵一', has 6 characters"),
        ("春人\n", "line 1 of the given text, '春人', has 2 characters"),
        ("春海", "'海'"),
    ],
)
def test_a_prompt_that_is_no_line_is_refused(
    gansmith: Cli, chinese: Path, prompt: str, reason: str
) -> None:
    wish = ["--form", "quatrain-5", "--prompt", prompt]
    assert reason in refusal(gansmith, "generate", chinese, *wish)


def test_texts_that_can_be_no_quatrains_are_told_apart(gansmith: Cli, english: Path) -> None:
    told = refusal(gansmith, "generate", english, "--form", "quatrain-5")
    assert "lacks the line feed" in told
    with pytest.raises(GansmithError, match="rhyme group"):
        made(untrained(STANZAS), 1, TextGenerationConfig(form="quatrain-5"))


def test_every_haiku_keeps_the_form(gansmith: Cli, english: Path, tmp_path: Path) -> None:
    found = paragraphs(gansmith, english, tmp_path / "a.txt", "-n", 10, "--form", "haiku")
    assert len(found) == 10
    for poem in found:
        counts = [line_syllables(line) for line in poem.split("\n")]
        assert len(counts) == 3
        assert all(due in told for due, told in zip((5, 7, 5), counts, strict=True))
        assert FORMS["haiku"].kept(poem)


def test_every_couplet_keeps_the_form_or_one_line_says_that_none_does(
    gansmith: Cli, english: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.txt"
    code, _, err = gansmith("generate", english, "-n", 4, "--form", "couplet", "--out", out)
    if code:
        assert (code, err.count("\n"), "keep the form" in err) == (2, 1, True)
        return
    for poem in out.read_text("utf-8").removesuffix("\n").split("\n\n"):
        first, second = poem.split("\n")
        assert rhymes(words(first)[-1], words(second)[-1])
        assert FORMS["couplet"].kept(poem)


@pytest.mark.parametrize("form", ["haiku", "couplet"])
def test_forms_of_lines_are_kept_by_texts_of_several_lines_too(form: str) -> None:
    found = made(untrained(STANZAS[:25]), 2, TextGenerationConfig(form=form))
    assert len(found) == 2 and all(map(FORMS[form].kept, found))


def test_a_haiku_begins_with_its_prompt() -> None:
    for model in (untrained(STANZAS), untrained(TEXTS)):
        for prompt in ("the cat", "a dog sits here"):
            found = made(model, 3, TextGenerationConfig(form="haiku", prompt=prompt))
            assert all(poem.startswith(prompt) for poem in found)
            assert all(map(FORMS["haiku"].kept, found))


def test_a_prompt_of_several_lines_is_kept_whole() -> None:
    prompt = "the cat sleeps here now\nthe old man sings"
    found = made(
        untrained([*STANZAS, prompt]), 3, TextGenerationConfig(form="haiku", prompt=prompt)
    )
    assert all(poem.startswith(prompt) and FORMS["haiku"].kept(poem) for poem in found)


def test_a_prompt_that_no_haiku_begins_with_is_blamed() -> None:
    wish = TextGenerationConfig(form="haiku", prompt="my sister sings softly in the house")
    with pytest.raises(GansmithError, match="prompt"):
        made(untrained(TEXTS), 1, wish)


def test_poems_without_lines_that_fit_end_in_one_line(gansmith: Cli, chinese: Path) -> None:
    told = refusal(gansmith, "generate", chinese, "-n", 1, "--form", "couplet")
    assert "1 of 1 poems found no lines that keep the form" in told


@pytest.mark.parametrize("form", ["haiku", "couplet"])
def test_the_longest_length_holds_for_lines_or_is_refused(
    gansmith: Cli, english: Path, tmp_path: Path, form: str
) -> None:
    out = tmp_path / "a.txt"
    wish = ["-n", 2, "--form", form, "--max-length", 4]
    code, _, err = gansmith("generate", english, *wish, "--out", out)
    if code:
        assert (code, err.count("\n")) == (2, 1)
        return
    assert all(len(line) <= 4 for line in out.read_text("utf-8").split("\n"))


@pytest.mark.parametrize("form", ["haiku", "couplet"])
def test_the_best_of_several_goes_with_no_form_of_lines(
    gansmith: Cli, english: Path, form: str
) -> None:
    told = refusal(gansmith, "generate", english, "--form", form, "--best-of", 2)
    assert told == f"--best-of and --form {form} do not go together: drop one"


def test_an_unknown_form_is_told_with_those_there_are(gansmith: Cli, english: Path) -> None:
    told = refusal(gansmith, "generate", english, "--form", "haikus")
    assert all(name in told for name in FORMS) and "did you mean 'haiku'" in told
