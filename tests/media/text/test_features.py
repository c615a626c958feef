from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gansmith.data.dataset import Dataset
from gansmith.errors import GansmithError
from gansmith.evaluation.features import build_extractor
from gansmith.evaluation.metrics import frechet_distance, manifold_overlap, vendi_score
from gansmith.media.text.code_points import to_points
from gansmith.media.text.features import Reading, rarity
from gansmith.media.text.metrics.bleu import tokenise
from tests.evaluation.bars import bars
from tests.forked import called

PARTS = (
    ["a", "the", "one", "my"],
    ["red", "small", "old", "tired", "quick"],
    ["cat", "dog", "bus", "horse", "bird", "man"],
    ["sits", "runs", "waits", "sleeps"],
    ["here", "outside", "by the sea", "on a bench"],
)


def sentences(count: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(str(random.choice(part)) for part in PARTS) for _ in range(count)]


def stored(texts: Sequence[str]) -> NDArray[np.int32]:
    return to_points(texts, 60)


def collection(count: int = 60, held_out: int = 20) -> Dataset:
    return Dataset(
        medium="text",
        name="sentences",
        samples=stored(sentences(count, seed=0)),
        labels=None,
        label_names=(),
        held_out=np.arange(count) < held_out,
        fingerprint=f"sentences-{count}-{held_out}",
        source="made by the tests",
        licence="CC0",
        settings={"unit": "line", "longest": 60},
    )


def plain_vectors(texts: Sequence[str], training: Sequence[str]) -> NDArray[np.float64]:
    """TF-IDF over pieces by name, without hash or projection."""

    def pieces(text: str) -> Counter[object]:
        signs, words = f" {text.lower()} ", tokenise(text)
        found: Counter[object] = Counter()
        for n in range(1, 5):
            found.update(("sign", signs[i : i + n]) for i in range(len(signs) - n + 1))
        for n in range(1, 3):
            found.update(("word", *words[i : i + n]) for i in range(len(words) - n + 1))
        return found

    spread = Counter(piece for text in training for piece in pieces(text))
    spread = Counter({p: sum(p in pieces(text) for text in training) for p in spread})
    names = {piece: n for n, piece in enumerate({p for text in texts for p in pieces(text)})}
    vectors = np.zeros((len(texts), len(names)))
    for row, text in zip(vectors, texts, strict=True):
        for piece, times in pieces(text).items():
            rare = 1 + np.log((1 + len(training)) / (1 + spread[piece]))
            row[names[piece]] = (1 + np.log(times)) * rare
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_products_are_those_of_tf_idf() -> None:
    """256 dimensions keep a product to about 1 / 16, and without bias."""
    training = sentences(30, seed=1)
    texts = [*sentences(20, seed=2), "something else entirely", "床前明月光", "床前明月夜"]
    features = Reading(rarity(training)).features(stored(texts)).double()
    vectors = plain_vectors(texts, training)
    errors = (features @ features.T).numpy() - vectors @ vectors.T
    assert np.abs(errors).max() < 0.3
    assert np.sqrt((errors**2).mean()) < 0.08
    assert abs(errors.mean()) < 0.02


def test_rare_pieces_weigh_more() -> None:
    weights = rarity(["aaa", "aab", "aac"])
    assert weights.shape == (2**18,) and weights.dtype == np.float32
    assert weights.min() == pytest.approx(1)
    assert weights.max() == pytest.approx(1 + np.log(4))
    # " aa" is in all three, "aaa" in one, "a " (with the blank behind it) in one as well.
    expected = [1 + np.log(4 / (1 + texts)) for texts in (3, 1, 0)]
    np.testing.assert_allclose(np.unique(weights), expected, rtol=1e-6)


def test_features_do_not_depend_on_company_or_on_room() -> None:
    extractor = Reading(rarity(sentences(20, seed=0)))
    texts = ["", *sentences(1100, seed=1)]
    whole = extractor.features(stored(texts))
    assert whole.shape == (1101, 256) == (1101, extractor.dimensions)
    assert whole.dtype == torch.float32 and whole.isfinite().all()
    assert torch.equal(extractor.features(to_points(texts[5:9], 200)), whole[5:9])


def test_capitals_do_not_count_and_order_does() -> None:
    extractor = Reading(rarity(sentences(20, seed=0)))
    same, big, turned = extractor.features(stored(["a red cat", "A RED Cat", "cat red a"]))
    assert torch.equal(same, big)
    assert (same - turned).norm() > 0.3


def test_features_are_the_same_in_every_process() -> None:
    """Python salts its own hashes: no feature may come from them."""
    salt, identity, there = called(_read)
    assert salt != hash(TEXT)
    here = Reading(rarity(["a cat", "a dog"]))
    assert (identity, there) == (here.identity, here.features(to_points([TEXT], 20)).sum().item())


TEXT = "a cat sits"


def _read() -> tuple[int, str, float]:
    reading = Reading(rarity(["a cat", "a dog"]))
    return hash(TEXT), reading.identity, reading.features(to_points([TEXT], 20)).sum().item()


def test_metrics_see_order_spelling_repetition_and_topic() -> None:
    extractor = Reading(rarity(sentences(400, seed=0)))
    real, fair = (extractor.features(stored(sentences(400, seed=seed))) for seed in (1, 2))
    random = np.random.default_rng(0)
    turned = [" ".join(random.permutation(text.split())) for text in sentences(400, seed=2)]
    spelled = ["".join(random.permutation(list(text))) for text in sentences(400, seed=2)]
    worse = [extractor.features(stored(texts)) for texts in (turned, spelled)]
    distances = [frechet_distance(real, features) for features in (fair, *worse)]
    assert 2 * distances[0] < distances[1] < distances[2]
    overlaps = [manifold_overlap(real, features) for features in (fair, *worse)]
    assert overlaps[0].precision > 0.7 > overlaps[1].precision > overlaps[2].precision
    assert overlaps[0].coverage > 0.8 > overlaps[2].coverage
    repeated = fair[:10].repeat(40, 1)
    assert vendi_score(repeated - real.mean(0)) < 10 < vendi_score(fair - real.mean(0)) / 3
    assert manifold_overlap(real, repeated).coverage < 0.5


def test_the_registered_one_is_fitted_to_training_texts_alone() -> None:
    dataset = collection()
    extractor = build_extractor("reading", dataset)
    expected = Reading(rarity(sentences(60, seed=0)[20:]))
    assert (extractor.name, extractor.identity) == ("reading", expected.identity)
    assert "small letters" in extractor.preprocessing.description
    assert torch.equal(extractor.features(dataset.samples), expected.features(dataset.samples))
    assert build_extractor("reading", dataset).identity == extractor.identity
    other = build_extractor("reading", collection(held_out=30))
    assert other.identity != extractor.identity


def test_only_texts_are_read() -> None:
    with pytest.raises(GansmithError, match="'reading' takes texts, 'bars' of medium 'image'"):
        build_extractor("reading", bars(count=10, held_out=2))


def write_encoder(folder: Path, pooled: bool = False, inputs: Sequence[str] = ()) -> Path:
    """A toy: the state of token t is row t of a table; "cat" is token 1, "dog" 2, "the" 3."""
    onnx = pytest.importorskip("onnx", reason="a development package")
    tokenizers = pytest.importorskip("tokenizers", reason="a package of the text medium")
    pytest.importorskip("onnxruntime", reason="optional extra")
    helper, kinds = onnx.helper, onnx.TensorProto
    table = np.arange(8, dtype=np.float32).reshape(4, 2) + 1
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["states"])]
    if pooled:
        nodes.append(helper.make_node("ReduceMax", ["states"], ["pooled"], axes=[1], keepdims=0))
    output = helper.make_tensor_value_info(
        "pooled" if pooled else "states", kinds.FLOAT, None if pooled else ["n", "t", 2]
    )
    names = ["input_ids", *inputs]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info(name, kinds.INT64, ["n", "t"]) for name in names],
        [output],
        [onnx.numpy_helper.from_array(table, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    vocabulary = {"[UNK]": 0, "cat": 1, "dog": 2, "the": 3}
    rules = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "[UNK]"))
    rules.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    rules.enable_padding(length=16)
    rules.save(str(folder / "tokenizer.json"))
    return folder / "model.onnx"


@pytest.mark.parametrize("inputs", [(), ("attention_mask", "token_type_ids")])
def test_an_encoder_of_ones_own_is_averaged_over_tokens(tmp_path: Path, inputs: list[str]) -> None:
    file = write_encoder(tmp_path, inputs=inputs)
    extractor = build_extractor(f"sentence:{file}", collection())
    features = extractor.features(stored(["the cat", "dog", "", "the cat the cat"]))
    table = torch.arange(8.0).reshape(4, 2) + 1
    expected = torch.stack(
        [(table[3] + table[1]) / 2, table[2], table[0], (table[3] + table[1]) / 2]
    )
    expected /= expected.norm(dim=1, keepdim=True)
    torch.testing.assert_close(features, expected)
    assert (extractor.name, extractor.dimensions) == ("sentence:model.onnx", 2)


def test_a_pooled_output_counts_as_it_is(tmp_path: Path) -> None:
    extractor = build_extractor(f"sentence:{write_encoder(tmp_path, pooled=True)}", collection())
    features = extractor.features(stored(["cat the dog"]))
    torch.testing.assert_close(features, torch.tensor([[7.0, 8.0]]) / 113**0.5)


def test_the_identity_of_an_encoder_is_that_of_both_files(tmp_path: Path) -> None:
    file = write_encoder(tmp_path)
    first = build_extractor(f"sentence:{file}", collection()).identity
    rules = json.loads((tmp_path / "tokenizer.json").read_text("utf-8"))
    rules["model"]["vocab"]["bus"] = 3
    (tmp_path / "tokenizer.json").write_text(json.dumps(rules), "utf-8")
    assert build_extractor(f"sentence:{file}", collection()).identity != first


def test_files_that_do_not_serve_are_told(tmp_path: Path) -> None:
    file = write_encoder(tmp_path, inputs=["past"])
    with pytest.raises(GansmithError, match=r"does not serve as a text encoder: .*past"):
        build_extractor(f"sentence:{file}", collection())
    (tmp_path / "tokenizer.json").write_text("{}", "utf-8")
    with pytest.raises(GansmithError, match="does not serve as a text encoder"):
        build_extractor(f"sentence:{file}", collection())
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(GansmithError, match=r"needs its tokenizer\.json"):
        build_extractor(f"sentence:{file}", collection())
    with pytest.raises(GansmithError, match="takes texts"):
        build_extractor(f"sentence:{file}", bars(count=9, held_out=2))
