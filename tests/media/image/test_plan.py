from __future__ import annotations

from collections import Counter

import pytest

from gansmith.media.image.plan import Plan, choose_size


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ({(28, 28): 100}, (28, 28)),
        ({(60, 100): 5, (61, 99): 5}, (60, 100)),  # half of them share it
        ({(57, 33): 3, (200, 100): 1}, (57, 33)),  # a shared size is kept as it is
        ({(60, 100): 4, (50, 50): 3, (40, 40): 3}, (64, 64)),  # no size has half
        ({(1080, 1920): 100}, (36, 64)),  # 16:9, too large to be kept
        ({(1920, 1080): 100}, (64, 36)),
        ({(12, 12): 9}, (64, 64)),  # too small to be kept
        ({(1000, 100): 9}, (64, 16)),  # never below 16
        ({(300, 400): 2, (400, 300): 1, (301, 400): 2}, (48, 64)),  # the median aspect
    ],
)
def test_the_size_follows_the_rule(
    sizes: dict[tuple[int, int], int], chosen: tuple[int, int]
) -> None:
    assert choose_size(Counter(sizes)) == chosen


def test_the_fingerprint_depends_on_content_and_on_every_setting() -> None:
    plans = [
        Plan((28, 28), "L", "fit", labels=True, share=0.1, official_split=False),
        Plan((28, 30), "L", "fit", labels=True, share=0.1, official_split=False),
        Plan((28, 28), "RGB", "fit", labels=True, share=0.1, official_split=False),
        Plan((28, 28), "L", "pad", labels=True, share=0.1, official_split=False),
        Plan((28, 28), "L", "fit", labels=False, share=0.1, official_split=False),
        Plan((28, 28), "L", "fit", labels=True, share=0.2, official_split=False),
        Plan((28, 28), "L", "fit", labels=True, share=0.1, official_split=True),
    ]
    fingerprints = {plan.fingerprint(content) for plan in plans for content in ("a", "b")}
    assert len(fingerprints) == 2 * len(plans)


def test_an_official_split_ignores_the_share() -> None:
    plans = [Plan((28, 28), "L", "none", True, share, official_split=True) for share in (0.1, 0.3)]
    assert plans[0].fingerprint("a") == plans[1].fingerprint("a")
