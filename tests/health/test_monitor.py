from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gansmith.health import monitor as monitor_module
from gansmith.health.rules import SETTLED
from gansmith.recipe import override
from gansmith.training.callbacks import Intervention
from tests.health.courses import LOOK
from tests.health.scene import SECONDS, FakeClock, Scene

COLLAPSED = LOOK | {"twins": 0.99, "vendi": 1.1}
NO_LABELS = LOOK | {"agreement": 0.5}
COPIES = LOOK | {"copying": 0.1, "copies": 0.9}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeClock]:
    made = FakeClock()
    monkeypatch.setattr(monitor_module, "time", made)
    yield made


def test_probes_come_at_their_marks_and_are_noted(tmp_path: Path, clock: FakeClock) -> None:
    scene = Scene(tmp_path / "run", clock, cost=0.25)
    scene.resume()
    assert scene.go() == [Intervention()] * 100
    looks = scene.events("health")
    assert [look["progress"] for look in looks] == pytest.approx([i / 20 for i in range(1, 21)])
    assert scene.events("diagnosis") == [] and scene.said == []
    assert {k: looks[4][k] for k in LOOK} == LOOK
    assert looks[4]["counts"] == [24, 26] and looks[4]["monitor_seconds"] == 0.25
    assert (looks[4]["samples"], looks[4]["seconds"]) == (2500, 25.0)


def test_every_probe_sees_the_same_latents_and_labels(tmp_path: Path, clock: FakeClock) -> None:
    scene = Scene(tmp_path / "run", clock)
    scene.resume()
    scene.go(until=0.1)
    first, second = scene.probe.seen
    assert first.shape == (50, 16, 16, 1) and (first == second).all()
    asked = scene.probe.asked
    assert asked[0] is not None and asked[1] is not None
    assert (asked[0] == asked[1]).all() and set(asked[0]) == {0, 1}


MINUTES = ("training.samples=null", "training.minutes=1")
"""A budget in minutes: only then does the clock decide what is affordable."""


@pytest.mark.parametrize(("cost", "share"), [(1.0, 0.02), (0.4, 0.05), (30.0, 0.1)])
def test_looks_keep_within_their_share_of_the_time_and_one_look(
    tmp_path: Path, clock: FakeClock, cost: float, share: float
) -> None:
    scene = Scene(tmp_path / "run", clock, f"health.max_cost={share}", *MINUTES, cost=cost)
    scene.resume()
    scene.go()
    looks = scene.events("health")
    spent = np.cumsum([look["monitor_seconds"] for look in looks])
    assert (spent <= share * np.array([look["seconds"] for look in looks]) + cost + 1e-9).all()
    assert len(looks) == pytest.approx(min(20, max(1, share * SECONDS / cost)), abs=1)


def test_earlier_sessions_cost_too(tmp_path: Path, clock: FakeClock) -> None:
    scene = Scene(tmp_path / "run", clock, "health.max_cost=0.02", *MINUTES, cost=1.0)
    scene.resume()
    scene.go(until=0.5)
    before = len(scene.events("health"))
    later = Scene(tmp_path / "run", clock, "health.max_cost=0.02", *MINUTES, cost=1.0)
    later.resume(0.5)
    later.go(since=0.5)
    total = len(later.events("health"))
    assert total > before and total <= 0.02 * SECONDS + 1


def test_what_is_no_number_is_not_probed(tmp_path: Path, clock: FakeClock) -> None:
    scene = Scene(tmp_path / "run", clock)
    scene.resume()
    assert scene.rule(0.5, d_loss=math.nan) == Intervention()
    assert scene.probe.seen == []
    assert scene.said == ["diverged: d_loss is NaN or infinite."]
    assert scene.events("diagnosis")[0]["level"] == "error"


@pytest.mark.parametrize("act", ["warn", "stop", "heal"])
def test_collapse_is_met_as_the_recipe_allows(tmp_path: Path, clock: FakeClock, act: str) -> None:
    scene = Scene(tmp_path / "run", clock, f"health.act={act}")
    scene.resume()
    scene.probe.values = COLLAPSED
    rulings = scene.go(until=0.5)
    told = scene.events("diagnosis")
    assert [(event["diagnosis"], event["action"]) for event in told] == [
        ("mode collapse (total)", act)
    ]
    assert rulings[-1].stop == (act == "stop") and rulings[-1].heals == (act == "heal")
    steps = round(100 * SETTLED)
    assert len(rulings) == (50 if act == "warn" else steps)
    event = told[0]
    assert event["text"] in scene.said[0] and event["modes"] == ""
    assert event["samples"] == 100 * steps and event["progress"] == SETTLED
    treated = override(scene.recipe, event["settings"].split())
    assert treated.objective.gamma.start == 3 * scene.recipe.objective.gamma.start
    if act == "heal":
        assert rulings[-1].settings == tuple(event["settings"].split())


def test_only_what_is_fatal_stops(tmp_path: Path, clock: FakeClock) -> None:
    scene = Scene(tmp_path / "run", clock, "health.act=stop")
    scene.resume()
    scene.probe.values = COPIES
    assert scene.go(until=0.5) == [Intervention()] * 50
    assert [event["action"] for event in scene.events("diagnosis")] == ["warn"]


def test_good_states_are_kept_for_healing_alone(tmp_path: Path, clock: FakeClock) -> None:
    scene = Scene(tmp_path / "heal", clock, "health.act=heal")
    scene.resume()
    kept = [index for index, ruling in enumerate(scene.go(until=0.5), 1) if ruling.keep]
    assert kept == list(range(15, 51, 5))
    scene.probe.values = LOOK | {"coverage": 0.1}
    assert not any(ruling.keep for ruling in scene.go(until=0.54, since=0.5))
    warning = Scene(tmp_path / "warn", clock)
    warning.resume()
    assert not any(ruling.keep for ruling in warning.go(until=0.5))


def test_a_state_in_which_something_begins_is_not_kept(tmp_path: Path, clock: FakeClock) -> None:
    for name, values, back in (("copies", COPIES, "here"), ("collapse", COLLAPSED, "kept")):
        scene = Scene(tmp_path / name, clock, "health.act=heal")
        scene.resume()
        assert scene.go(until=0.5)[-1].keep
        scene.probe.values = values
        rulings = scene.go(since=0.5)
        assert len(rulings) == 10 and rulings[-1].back == back and rulings[-1].heals
        assert not any(ruling.keep for ruling in rulings)


def test_a_generator_that_collapsed_at_once_is_not_kept(tmp_path: Path, clock: FakeClock) -> None:
    scene = Scene(tmp_path / "run", clock, "health.act=heal")
    scene.resume()
    scene.probe.values = COLLAPSED
    rulings = scene.go(until=0.5)
    assert rulings[-1].heals and not any(ruling.keep for ruling in rulings)


def test_copying_that_no_augmentation_stops_ends_the_training(
    tmp_path: Path, clock: FakeClock
) -> None:
    scene = Scene(tmp_path / "run", clock, "health.act=heal", "health.remedies=3")
    scene.resume()
    scene.probe.values = COPIES
    done: list[Intervention] = []
    while not (done and done[-1].stop):
        done += scene.go(since=len(done) / 100)
    heals = [ruling for ruling in done if ruling.heals]
    assert [(ruling.back, ruling.stop) for ruling in heals] == [
        ("here", False),
        ("here", False),
        ("kept", True),
    ]
    assert [event["action"] for event in scene.events("diagnosis")] == ["heal"] * 3


def test_each_remedy_starts_from_the_settings_of_the_last_until_none_is_left(
    tmp_path: Path, clock: FakeClock
) -> None:
    scene = Scene(tmp_path / "run", clock, "health.act=heal", "health.remedies=2")
    scene.resume()
    scene.probe.values = COLLAPSED
    done: list[Intervention] = []
    while sum(ruling.heals for ruling in done) < 2:
        done += scene.go(since=len(done) / 100)
    assert scene.go(since=len(done) / 100) == [Intervention()] * (100 - len(done))
    told = scene.events("diagnosis")
    assert [event["action"] for event in told] == ["heal", "heal", "warn"]
    gammas = [override(scene.recipe, e["settings"].split()).objective.gamma.start for e in told]
    start = scene.recipe.objective.gamma.start
    assert gammas == pytest.approx([3 * start, 9 * start, 27 * start])


def test_another_session_goes_on_where_the_last_one_was(tmp_path: Path, clock: FakeClock) -> None:
    settings = ("health.act=heal", "health.remedies=2")
    scene = Scene(tmp_path / "run", clock, *settings)
    scene.resume()
    scene.probe.values = COLLAPSED
    first = scene.go()[-1]
    later = Scene(tmp_path / "run", clock, *settings)
    later.probe.values = COLLAPSED
    later.resume(0.1, first.settings)
    second = later.go(since=0.1)
    assert len(second) > 5 and second[-1].heals
    gamma = override(later.recipe, second[-1].settings).objective.gamma.start
    assert gamma == pytest.approx(9 * scene.recipe.objective.gamma.start)
    last = Scene(tmp_path / "run", clock, *settings)
    last.probe.values = COLLAPSED
    last.resume(0.3, (*first.settings, *second[-1].settings))
    assert not any(ruling.heals for ruling in last.go(since=0.3))
    assert [event["action"] for event in last.events("diagnosis")] == ["heal", "heal", "warn"]


def test_a_warning_is_not_repeated_by_another_session(tmp_path: Path, clock: FakeClock) -> None:
    for since in (0.0, 0.5):
        scene = Scene(tmp_path / "run", clock)
        scene.probe.values = COPIES
        scene.resume(since)
        scene.go(since=since, until=since + 0.5)
    assert len(scene.events("diagnosis")) == 1
    assert len(scene.events("health")) == 20


def test_beyond_remedy_is_only_told(tmp_path: Path, clock: FakeClock) -> None:
    scene = Scene(tmp_path / "run", clock, "health.act=heal")
    scene.resume()
    scene.probe.values = NO_LABELS
    assert not any(ruling.heals or ruling.stop for ruling in scene.go(until=0.5))
    event = scene.events("diagnosis")[0]
    assert (event["diagnosis"], event["action"], event["settings"]) == (
        "labels ignored",
        "warn",
        "",
    )


def test_with_the_budget_used_up_nothing_is_begun(tmp_path: Path, clock: FakeClock) -> None:
    scene = Scene(tmp_path / "run", clock, "health.act=heal")
    scene.resume()
    assert not scene.rule(1.0, d_loss=math.nan).heals
    assert scene.events("diagnosis")[0]["action"] == "warn"


@pytest.mark.parametrize("cost", [0.0, 1e6])
def test_with_a_budget_in_samples_probes_do_not_depend_on_the_clock(
    tmp_path: Path, clock: FakeClock, cost: float
) -> None:
    scene = Scene(tmp_path / "run", clock, "health.max_cost=0.02", cost=cost)
    scene.resume()
    scene.go()
    assert [look["samples"] for look in scene.events("health")] == [500 * k for k in range(1, 21)]
    scene.run.forget_after(5000)
    later = Scene(tmp_path / "run", clock, "health.max_cost=0.02", cost=cost)
    later.resume(0.5)
    assert later.monitor._budget.generated == 500


STAGED = ("duel=staged", "network={name: staged, latent: 8, max_width: 16}")


def test_only_numbers_are_watched_before_the_game(tmp_path: Path, clock: FakeClock) -> None:
    scene = Scene(tmp_path / "run", clock, *STAGED, "health.act=heal")
    scene.resume()
    assert scene.pretrain(0.2, autoencoder_loss=0.3) == Intervention()
    assert scene.events("health") == []
    healed = scene.pretrain(0.3, autoencoder_loss=math.nan)
    assert healed.back == "kept" and "staged.autoencoder_lr=0.00075" in healed.settings
    (event,) = scene.events("diagnosis")
    assert event["diagnosis"] == "diverged" and "autoencoder_loss" in event["text"]


def test_rules_count_from_the_beginning_of_the_game(tmp_path: Path, clock: FakeClock) -> None:
    """A collapse that holds from the first probe of the game is given time to end."""
    scene = Scene(tmp_path / "run", clock)
    scene.resume()
    for index in range(1, 59):
        scene.pretrain(index / 100, autoencoder_loss=0.1)
    scene.probe.values = COLLAPSED
    scene.go(since=0.58, until=0.7)
    (begun,) = scene.events("game")
    assert begun["progress"] == pytest.approx(0.59)
    later = Scene(tmp_path / "run", clock)
    later.probe.values = COLLAPSED
    later.resume(0.7)
    later.go(since=0.7)
    (diagnosis, *_) = later.events("diagnosis")
    settled = begun["progress"] + SETTLED * (1 - begun["progress"])
    assert diagnosis["diagnosis"] == "mode collapse (total)"
    assert settled <= diagnosis["progress"] <= settled + 0.06
