from __future__ import annotations

from gansmith.media.text.metrics.texts import copied_share, mean_length, unique_share


def test_unique_and_copied_texts() -> None:
    texts = ["A cat.", "a  cat.", "a dog.", "a bus."]
    assert unique_share(texts) == 0.75
    assert unique_share(["same"] * 8) == 1 / 8
    assert copied_share(texts, ["a CAT. ", "a bird."]) == 0.5
    assert copied_share(texts, []) == 0


def test_the_mean_length_is_in_tokens() -> None:
    assert mean_length(["a b", "", "a, b!"]) == 2
