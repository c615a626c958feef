from __future__ import annotations

import itertools
import time

import pytest

from gansmith.training.time_budget import TimeBudget


def test_the_next_look_is_expected_to_cost_what_the_last_did(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looks of 10 s, a twentieth of the time and 5 s on top: the second is due at 300 s."""
    clock = itertools.count(step=10.0)
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    allowance = TimeBudget(share=0.05, free=5.0)
    assert allowance.covers(0)
    with allowance.paying():
        pass
    assert (allowance.spent, allowance.last) == (10.0, 10.0)
    assert not allowance.covers(299) and allowance.covers(300)
    with allowance.paying():
        pass
    assert (allowance.spent, allowance.last) == (20.0, 10.0)
    assert not allowance.covers(499) and allowance.covers(500)
