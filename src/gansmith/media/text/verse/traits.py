"""What characters share that verse is made by: rhyme groups and tones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gansmith.media.text.verse.chinese import is_chinese, rhyme_groups, tones
from gansmith.networks.sequence.special_tokens import MOST_TRAITS


def verse_traits(symbols: Sequence[str]) -> Tensor | None:
    """Number the tones and rhyme groups of a vocabulary.

    Args:
        symbols: What each token stands for, V of them.

    Returns:
        int64 [V, MOST_TRAITS], numbers from 1 on and 0 for none; None where the vocabulary is not
        mostly single Chinese characters, or the tables know none of them.

    Raises:
        GansmithError: It is, and a package of the extra `poems` is not installed.
    """
    chinese = [is_chinese(sign) for sign in symbols]
    if 2 * sum(chinese) < len(symbols):
        return None
    found = [
        [*sorted(tones(sign)), *sorted(rhyme_groups(sign))] if one else []
        for sign, one in zip(symbols, chinese, strict=True)
    ]
    names = sorted({name for row in found for name in row})
    if not names:
        return None
    numbers = {name: number for number, name in enumerate(names, start=1)}
    rows = torch.zeros(len(symbols), MOST_TRAITS, dtype=torch.long)
    for row, own in zip(rows, found, strict=True):
        kept = torch.tensor([numbers[name] for name in own[:MOST_TRAITS]], dtype=torch.long)
        row[: len(kept)] = kept
    return rows
