from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from gansmith.errors import GansmithError
from gansmith.media.text import codec as module
from gansmith.media.text.code_points import normalise, to_points, to_texts
from gansmith.media.text.codec import TextCodec
from gansmith.networks.sequence.special_tokens import END, UNKNOWN
from gansmith.outputs import Provenance, save_samples
from gansmith.provenance.carriers import SIDECAR
from tests.training.verses import LONGEST, TEXTS, text_recipe, verses

CHINESE = ["床前明月光\n疑是地上霜", "举头望明月\n低头思故乡", "春眠不觉晓", "好 \U0001f600"] * 5
CORPORA = {"english": TEXTS, "chinese": CHINESE}

both_kinds = pytest.mark.parametrize("kind", ["characters", "pieces"])
every_corpus = pytest.mark.parametrize("texts", CORPORA.values(), ids=CORPORA)


def fitted(kind: str = "characters", texts: list[str] = TEXTS) -> TextCodec:
    return TextCodec.fit(text_recipe(f"text.tokens={kind}"), verses(texts))


def trained_on(texts: list[str]) -> list[str]:
    return [text for number, text in enumerate(texts) if number % 5]


def lines_of(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8").split("\n")


@both_kinds
@every_corpus
def test_samples_come_back_as_they_were(kind: str, texts: list[str]) -> None:
    codec = fitted(kind, texts)
    samples = to_points(trained_on(texts), max(map(len, texts)))
    tokens = codec.encode(torch.from_numpy(samples))
    assert tokens.shape == (len(samples), *codec.shape(samples.shape[1:]))
    assert codec.shape(samples.shape[1:]) == (1, 1, codec.length)
    assert tokens.dtype == torch.int64 and 0 <= tokens.min() <= tokens.max() < codec.tokens
    back = codec.decode(tokens)
    assert back.dtype == codec.stored and np.array_equal(back, samples)


@both_kinds
@every_corpus
def test_the_longest_text_to_train_on_gives_the_length(kind: str, texts: list[str]) -> None:
    codec = fitted(kind, texts)
    samples = torch.from_numpy(to_points(trained_on(texts), max(map(len, texts))))
    ends = (codec.encode(samples).flatten(1) == END).int()
    assert ends.sum(1).eq(1).all() and int(ends.argmax(1).max()) == codec.length - 1
    assert codec.longest == max(map(len, texts))


def test_held_out_texts_teach_nothing() -> None:
    texts = ["Q is held out, and is longer", *TEXTS[1:5]]
    codec = fitted(texts=texts)
    assert codec.length == 1 + max(map(len, texts[1:]))
    assert "Q" not in codec.vocabulary.symbols()
    tokens = codec.encode(torch.from_numpy(to_points(texts[:1], codec.longest)))[0, 0, 0]
    assert tokens[0] == UNKNOWN and END not in tokens
    (cut,) = to_texts(codec.decode(tokens[None, None, None]))
    assert texts[0][1:].strip().startswith(cut[:2]) and len(cut) < len(texts[0])


@both_kinds
def test_the_recipe_chooses_the_tokens(kind: str) -> None:
    symbols = fitted(kind).vocabulary.symbols()[3:]
    assert any(len(symbol) > 1 for symbol in symbols) == (kind == "pieces")
    codec = TextCodec.fit(text_recipe("text.tokens=pieces", "text.vocabulary=64"), verses())
    assert codec.tokens == len(codec.vocabulary) == 64


@both_kinds
@every_corpus
def test_facts_and_tensors_restore_it(kind: str, texts: list[str]) -> None:
    codec = fitted(kind, texts)
    facts = json.loads(json.dumps(codec.config()))
    tensors = {name: tensor.clone() for name, tensor in codec.state_dict().items()}
    again = TextCodec.from_config(facts, tensors)
    assert (again.length, again.longest, again.tokens) == (
        *(codec.length, codec.longest),
        codec.tokens,
    )
    assert again.files() == codec.files()
    samples = torch.from_numpy(to_points(texts, max(map(len, texts))))
    tokens = codec.encode(samples)
    assert torch.equal(again.encode(samples), tokens)
    assert np.array_equal(again.decode(tokens), codec.decode(tokens))


def test_other_libraries_read_its_file() -> None:
    codec = fitted("pieces")
    (name,) = codec.files()
    foreign = Tokenizer.from_str(codec.files()[name])
    tokens = codec.encode(torch.from_numpy(to_points(["the cat sits here"], LONGEST)))
    (length,) = (tokens.flatten() == END).nonzero()[0].tolist()
    assert name == "tokenizer.json"
    assert foreign.encode("the cat sits here").ids == tokens.flatten().tolist()[:length]


def test_what_is_too_long_is_cut_when_packed() -> None:
    codec = fitted()
    long = "x" * (LONGEST + 5)
    packed = codec.pack([long, "  two\r\nlines ", "cafe\u0301", ""])
    assert packed.shape == (4, 1, LONGEST, 1) and packed.dtype == np.int32
    assert to_texts(packed) == [long[:LONGEST], "two\nlines", "caf\xe9", ""]


@pytest.mark.parametrize("text", ["ab cd", "ab\ncd"])
def test_a_text_cut_between_words_stays_normal(text: str) -> None:
    codec = TextCodec(fitted().vocabulary, 4, 3)
    (kept,) = to_texts(codec.pack([text]))
    assert kept == normalise(kept) == "ab"


def test_what_is_too_long_is_cut_when_decoded() -> None:
    vocabulary = fitted().vocabulary
    codec = TextCodec(vocabulary, 10, 5)
    assert to_texts(codec.decode(vocabulary.encode(["the cat"], 10)[:, None, None])) == ["the c"]


def test_a_text_of_blanks_alone_is_empty() -> None:
    codec = fitted()
    nothing = torch.zeros(2, 1, 1, codec.length, dtype=torch.long)
    assert to_texts(codec.decode(nothing)) == ["", ""]


def test_a_text_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match=r"poem\.txt.*--prompt") as caught:
        fitted().read(tmp_path / "poem.txt", (1, LONGEST, 1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["a dog", "床前\n明月 \U0001f600", ""])
def test_a_text_is_written_with_a_line_feed(tmp_path: Path, text: str) -> None:
    codec = fitted()
    (path,) = save_samples(codec, codec.pack([text]), tmp_path / "new", ["one"], [Provenance()])
    assert path == tmp_path / "new" / "one.txt"
    assert path.read_bytes() == text.encode("utf-8") + b"\n"
    assert set(path.parent.iterdir()) == {path, path.with_name(path.name + SIDECAR)}


def test_texts_are_written_as_lines(tmp_path: Path) -> None:
    codec, path = fitted(), tmp_path / "all.txt"
    path.write_bytes(
        codec.collection_to_bytes(
            codec.pack(["a dog", "床前明月", "\U0001f600"]), path.suffix, [{}] * 3
        )
    )
    assert lines_of(path) == ["a dog", "床前明月", "\U0001f600", ""]


def test_texts_of_several_lines_are_written_as_paragraphs(tmp_path: Path) -> None:
    codec, path = fitted(), tmp_path / "all.txt"
    texts = ["one\ntwo", "three", "four\nfive"]
    path.write_bytes(codec.collection_to_bytes(codec.pack(texts), path.suffix, [{}] * 3))
    assert path.read_text("utf-8").strip("\n").split("\n\n") == texts


def test_no_empty_line_stands_behind_the_last_paragraph(tmp_path: Path) -> None:
    codec, path = fitted(), tmp_path / "all.txt"
    path.write_bytes(
        codec.collection_to_bytes(codec.pack(["one\ntwo", "four\nfive"]), path.suffix, [{}] * 2)
    )
    assert lines_of(path) == ["one", "two", "", "four", "five", ""]


def test_records_hold_the_text_and_the_facts(tmp_path: Path) -> None:
    codec, path = fitted(), tmp_path / "all.jsonl"
    texts = ["one\ntwo", 'he said "床前"', "\U0001f600"]
    facts = [{"seed": number, "label": f"l{number}"} for number in range(3)]
    path.write_bytes(codec.collection_to_bytes(codec.pack(texts), path.suffix, facts))
    *lines, last = lines_of(path)
    assert last == "" and "床前" in lines[1]
    expected = [{"text": text, **fact} for text, fact in zip(texts, facts, strict=True)]
    assert [json.loads(line) for line in lines] == expected


def test_a_walk_is_a_file_of_its_steps(tmp_path: Path) -> None:
    codec, path = fitted(), tmp_path / "walk.txt"
    steps = [codec.pack([text]) for text in ("a dog", "a cat", "a bird")]
    path.write_bytes(codec.interpolation_to_bytes([np.concatenate(steps)], path.suffix))
    assert lines_of(path) == ["a dog", "a cat", "a bird", ""]


def test_a_sheet_shows_the_texts() -> None:
    codec = fitted()
    sheet = codec.sheet(codec.pack(TEXTS[:6]), columns=2)
    assert sheet.mode == "L" and sheet.width == 1200
    assert (np.asarray(sheet) < 128).sum() > 100
    other = codec.sheet(codec.pack(TEXTS[6:12]), columns=2)
    assert sheet.tobytes() != other.tobytes()


def test_a_sheet_shows_48_texts_at_most() -> None:
    codec = fitted()
    samples = codec.pack(TEXTS)
    assert codec.sheet(samples).tobytes() == codec.sheet(samples[:48]).tobytes()
    assert codec.sheet(samples).height > codec.sheet(samples[:44]).height


def test_tokens_of_chinese_verse_have_traits_and_others_none() -> None:
    codec = fitted("characters", CHINESE)
    assert codec.traits is not None and len(codec.traits) == codec.tokens
    assert fitted("characters", TEXTS).traits is None
    assert fitted("pieces", TEXTS).traits is None


def test_without_the_tables_training_goes_on_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(symbols: list[str]) -> None:
        raise GansmithError("no tables")

    monkeypatch.setattr(module, "verse_traits", missing)
    said: list[str] = []
    codec = TextCodec.fit(text_recipe("text.tokens=characters"), verses(CHINESE), said.append)
    assert codec.traits is None
    assert said == ["networks get no features of rhymes and tones: no tables"]
