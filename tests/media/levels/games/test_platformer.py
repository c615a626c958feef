from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.media.levels.games import Limit, Refused, Solved, Undecided, Unsolvable
from gansmith.media.levels.games.replay import Motion, Place, _Platformer, _World, replay
from gansmith.media.levels.legend import Jump, Legend
from gansmith.media.levels.level import Level
from tests.media.levels.games.tiny import (
    PLATFORMER,
    level_of,
    mirrored,
    scattered,
    solved,
    states_of,
)


def jumping(height: float, length: float, tall: int = 1) -> Legend:
    return PLATFORMER.model_copy(update={"jump": Jump(height=height, length=length, tall=tall)})


def fewest_steps(level: Level, legend: Legend) -> int | None:
    """Steps of a shortest way among all that the replayer accepts."""
    game = _Platformer(_World(level, legend))
    starts = level.cells(legend, "start")
    rows, columns = level.size
    goals = {(x, y) for y, x in level.cells(legend, "goal")}

    def following(state: tuple[Place, Motion] | None) -> Iterator[tuple[Place, Motion]]:
        if state is None:
            places = [(x, y) for y, x in starts]
            if not starts:
                places = [(x, y) for x in (0, 1) for y in range(rows) if game.carried(x, y)]
            yield from (((x, y), game.at_rest(x, y)) for x, y in places if game.fits(x, y))
            return
        (x, y), motion = state
        for to in [(a, b) for a in (x - 1, x, x + 1) for b in range(y - 5, y + 4)]:
            yield from ((to, after) for after in game.after(motion, (x, y), to))

    best = None
    for state, steps in states_of(None, following).items():
        if state is None:
            continue
        (x, y), motion = state  # type: ignore[misc]
        won = any((x, y - part) in goals for part in range(game.tall))
        if not goals:
            won = x >= columns - 2 and motion[0] == "stand"
        if won and (best is None or steps - 1 < best):
            best = steps - 1
    return best


@pytest.mark.parametrize(
    ("legend", "ends"),
    [(jumping(2, 4), True), (jumping(1.5, 3, tall=2), True), (jumping(1, 2), False)],
)
def test_steps_agree_with_all_that_the_replayer_accepts(legend: Legend, ends: bool) -> None:
    rng = np.random.default_rng(0)
    kinds = {Solved: 0, Unsolvable: 0, Refused: 0}
    for _ in range(30):
        walls = "".join(rng.choice(list("###=B/\\^~T"), rng.integers(3, 11)).tolist())
        level = Level.from_rows(
            scattered(rng, 5, 6 if ends else 9, "-", walls, "SG" if ends else ""), legend
        )
        verdict = solved(level, legend)
        kinds[type(verdict)] += 1
        if not isinstance(verdict, Refused):
            fewest = fewest_steps(level, legend)
            found = verdict.length if isinstance(verdict, Solved) else None
            assert found == fewest, level.rows(legend)
    assert min(kinds[Solved], kinds[Unsolvable]) > 2


def test_mirrored_levels_get_the_same_verdict() -> None:
    rng = np.random.default_rng(1)
    for _ in range(40):
        walls = "".join(rng.choice(list("###=B^~T"), rng.integers(4, 14)).tolist())
        level = Level.from_rows(scattered(rng, 5, 8, "-", walls, "SG"), PLATFORMER)
        verdicts = [solved(image, PLATFORMER) for image in (level, mirrored(level))]
        assert len({type(verdict) for verdict in verdicts}) == 1
        assert len({v.length for v in verdicts if isinstance(v, Solved)}) <= 1


@pytest.mark.parametrize("gap", range(1, 8))
def test_a_jump_crosses_its_length_over_level_ground(gap: int) -> None:
    rows = ["-" * (gap + 6)] * 4 + ["S" + "-" * (gap + 4) + "G", "###" + "-" * gap + "###"]
    verdict = solved(level_of(jumping(2, 6), *rows), jumping(2, 6))
    assert isinstance(verdict, Solved) == (gap <= 6)


@pytest.mark.parametrize("step", range(1, 5))
def test_a_jump_rises_by_its_height(step: int) -> None:
    wall = ["------##"] * step
    rows = [*["--------"] * (6 - step), *wall, "########"]
    rows[5 - step] = "-------G"
    rows[5] = "S" + rows[5][1:]
    verdict = solved(level_of(jumping(3, 6), *rows), jumping(3, 6))
    assert isinstance(verdict, Solved) == (step <= 3)
    if step > 3:
        rows[5] = rows[5][:5] + "T" + rows[5][6:]
        assert isinstance(solved(level_of(jumping(3, 6), *rows), jumping(3, 6)), Solved)


def test_a_tall_body_does_not_fit_into_a_low_passage() -> None:
    rows = [*["-####-"] * 5, "S----G", "######"]
    tall = jumping(2, 4, tall=2)
    assert isinstance(solved(level_of(PLATFORMER, *rows), PLATFORMER), Solved)
    assert isinstance(solved(level_of(tall, *rows), tall), Unsolvable)


def test_hazards_kill_and_pits_have_no_floor() -> None:
    assert isinstance(
        solved(level_of(PLATFORMER, "S-^^^^^^-G", "##########"), PLATFORMER), Unsolvable
    )
    assert isinstance(
        solved(level_of(PLATFORMER, "S--------G", "##------##"), PLATFORMER), Unsolvable
    )
    assert isinstance(solved(level_of(PLATFORMER, "S--------G", "##~~~~~~##"), PLATFORMER), Solved)


def test_slopes_are_walked_up_and_down() -> None:
    rows = ["-----------", "---/##\\----", "S-/####\\--G", "###########"]
    low = jumping(0.5, 2)
    verdict = solved(level_of(low, *rows), low)
    assert isinstance(verdict, Solved)
    assert verdict.length == 10
    assert verdict.difficulty["jumps"] == 0


def test_without_start_and_goal_the_edges_are() -> None:
    verdict = solved(level_of(PLATFORMER, "------", "---#--", "######"), PLATFORMER)
    assert isinstance(verdict, Solved)
    assert isinstance(verdict.moves, list)
    assert verdict.moves[0][0] == 1
    assert verdict.moves[-1][0] == 4


def test_levels_that_are_refused_or_too_large() -> None:
    rows = ["S-----", "------", "######"]
    far = level_of(PLATFORMER, *rows)
    assert solved(far, PLATFORMER, Limit(nodes=1)) == Undecided("nodes")
    on_goal = level_of(jumping(2, 4, tall=2), "G--", "S--", "###")
    assert solved(on_goal, jumping(2, 4, tall=2)) == Refused(("trivial: the start is on the goal",))
    nowhere = level_of(PLATFORMER, "---", "---")
    problem = "there is no place for the body in the first two columns"
    assert solved(nowhere, PLATFORMER) == Refused((problem,))
    plain = PLATFORMER.model_copy(update={"jump": None})
    with pytest.raises(GansmithError, match="has no 'jump:'"):
        solved(far, plain)
    with pytest.raises(GansmithError, match="too flat"):
        solved(far, jumping(0.001, 256))


@pytest.mark.parametrize(
    ("path", "fault", "at"),
    [
        ([(0, 1), (2, 1)], "no step leads from (0, 1) to (2, 1)", 1),
        ([(1, 1)], "the path does not begin on the start", 0),
        ([(0, 1), (1, 1)], "the body touches no goal at the end", None),
        ([(0, 1), (0, 0), (0, 0)], "no step leads from (0, 0) to (0, 0)", 2),
        ([], "the path is empty", None),
        ("rr", "a platformer takes a list of cells", None),
    ],
)
def test_paths_that_do_not_replay(
    path: list[tuple[int, int]] | str, fault: str, at: int | None
) -> None:
    played = replay(level_of(PLATFORMER, "----", "S--G", "####"), PLATFORMER, path)
    assert (played.won, played.fault, played.at) == (False, fault, at)
