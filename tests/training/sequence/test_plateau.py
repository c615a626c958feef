from __future__ import annotations

import json
import math

from gansmith.training.sequence.plateau import CUT, CUTS, PlateauSchedule


def test_a_cost_that_falls_is_never_enough() -> None:
    plateau = PlateauSchedule()
    assert {plateau.see(1 / (1 + step), 2) for step in range(100)} == {"best"}
    assert plateau.rate == 1 and not plateau.over and plateau.best == 1 / 100


def test_the_rate_is_cut_after_so_many_looks_without_gain_and_in_the_end_it_is_over() -> None:
    plateau = PlateauSchedule()
    plateau.see(1.0, 3)
    told = [plateau.see(1.0, 3) for _ in range(3 * (CUTS + 1))]
    assert told == ["wait", "wait", "cut"] * (CUTS + 1)
    assert plateau.over and plateau.rate == CUT ** (CUTS + 1)


def test_a_gain_begins_the_count_anew() -> None:
    plateau = PlateauSchedule()
    told = [plateau.see(cost, 2) for cost in (3.0, 4.0, 2.0, 3.0, 3.0)]
    assert told == ["best", "wait", "best", "wait", "cut"]
    assert plateau.best == 2 and plateau.rate == CUT and not plateau.over


def test_no_number_is_no_gain() -> None:
    plateau = PlateauSchedule()
    assert plateau.see(math.nan, 2) == "wait" and plateau.best == math.inf


def test_it_goes_on_where_it_was() -> None:
    costs = [5.0, 4.0, 4.5, 4.4, 3.0, 3.1, 3.2, 3.3]
    whole, first, second = PlateauSchedule(), PlateauSchedule(), PlateauSchedule()
    first.restore(json.loads(json.dumps(first.state())))
    for cost in costs[:4]:
        first.see(cost, 2)
    second.restore(json.loads(json.dumps(first.state())))
    for cost in costs:
        whole.see(cost, 2)
    told = [second.see(cost, 2) for cost in costs[4:]]
    assert told == ["best", "wait", "cut", "wait"]
    assert second.state() == whole.state()
