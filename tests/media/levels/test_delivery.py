from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gansmith
from gansmith.errors import GansmithError
from gansmith.media.levels import archiving, candidate_repair, delivery
from gansmith.media.levels.codec import LevelCodec, find_placed
from gansmith.media.levels.control import verified
from gansmith.media.levels.datasets import LEVEL_SETS
from gansmith.media.levels.datasets.corpus import make_levels, write_levels
from gansmith.media.levels.delivery import Gate
from gansmith.media.levels.games.replay import replay
from gansmith.media.levels.legend import load_legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.novelty import Novelty, digest
from gansmith.media.levels.reading import read_levels
from gansmith.media.levels.wishes import parse_wishes, sampler_of
from gansmith.media.levels.writing.ldtk import encode_ldtk
from gansmith.media.levels.writing.tiled import encode_tmx
from gansmith.model import load_generator
from tests.media.levels.data import GAMES, needs_games

DUNGEONS = LEVEL_SETS["level-dungeons"]
COMPLAINTS = GAMES / "complaints"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run of a few steps on five levels; networks begin at the frequencies of the data."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("levels")
        patch.setenv("GANSMITH_CACHE", str(place / "cache"))
        write_levels(place / "mine", DUNGEONS, 5)
        settings = ["network.width=8", "training.frames=0", "health.probes=0"]
        settings += ["evaluation.samples=16", "evaluation.quick_looks=0", "training.batch=16"]
        gansmith.train(
            "levels", data=str(place / "mine"), samples=96, out=place / "run", settings=settings
        )
        yield place / "run"


def test_every_level_that_is_generated_is_solved_new_and_replayed(
    run: Path, tmp_path: Path
) -> None:
    out = gansmith.generate(run, 4, out=tmp_path / "levels")
    legend = DUNGEONS.legend
    facts = json.loads((out / "provenance.json").read_text("utf-8"))
    real = {digest(level.tiles) for level in make_levels(DUNGEONS, 5)}
    seen = set()
    for solution in json.loads((out / "solutions.json").read_text("utf-8")):
        (level,) = read_levels(out / f"{solution['level']}.txt", legend).levels
        assert replay(level, legend, solution["moves"]).won
        assert solution["length"] >= 2
        seen.add(digest(level.tiles))
        assert (out / f"{solution['level']}.png").read_bytes()[1:4] == b"PNG"
    assert len(seen) == 4 and not seen & real
    counts = facts["delivery"]
    assert counts["candidates"] == 4 + sum(counts["rejected"].values())
    (file,) = facts["data"]
    assert file["file"] == "level-dungeons.txt" and file["licence"].startswith("Apache-2.0")
    assert len(facts["model"]["sha256"]) == 64 and facts["rules"] == "keydoor"


def test_generated_levels_are_solved_where_they_lie(run: Path, tmp_path: Path) -> None:
    out = gansmith.generate(run, 2, out=tmp_path / "levels")
    lines: list[str] = []
    assert gansmith.solve([out], log=lines.append) == 0
    assert lines[-1] == "2 levels: 2 solved"
    assert load_legend(out / "legend.yaml") == DUNGEONS.legend
    again = gansmith.generate(run, 2, seed=1, out=out)
    assert load_legend(again / "legend.yaml") == DUNGEONS.legend


def test_a_legend_of_ones_own_is_not_replaced(run: Path, tmp_path: Path) -> None:
    own = tmp_path / "legend.yaml"
    own.write_text("mine", "utf-8")
    for seed in (0, 1):
        gansmith.generate(run, 1, seed=seed, out=tmp_path)
        assert own.read_text("utf-8") == "mine"


def test_the_same_seed_gives_the_same_levels_and_another_seed_others(
    run: Path, tmp_path: Path
) -> None:
    texts = [
        gansmith.generate(run, 2, seed=seed, out=tmp_path / f"{name}.txt", seconds=100.0).read_text(
            "utf-8"
        )
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert texts[0] == texts[1] != texts[2]


@pytest.fixture(scope="module")
def as_text(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Level:
    """The first level of the run, as a text."""
    out = gansmith.generate(run, 1, out=tmp_path_factory.mktemp("text") / "levels")
    (level,) = read_levels(out / "0000.txt", DUNGEONS.legend).levels
    return level


@pytest.mark.parametrize("format_", ["csv", "json", "tmx", "tmj", "ldtk", "png"])
def test_every_format_is_written(run: Path, as_text: Level, tmp_path: Path, format_: str) -> None:
    out = gansmith.generate(run, 1, out=tmp_path / format_, format_=format_)
    assert (out / f"0000.{format_}").is_file()
    if format_ in ("tmx", "tmj", "ldtk"):
        (level,) = read_levels(out / f"0000.{format_}", DUNGEONS.legend).levels
        assert (level.tiles == as_text.tiles).all()


def test_levels_go_into_maps_and_projects_of_ones_own(run: Path, tmp_path: Path) -> None:
    (mine,) = make_levels(DUNGEONS, 1)
    project, map_ = tmp_path / "mine.ldtk", tmp_path / "mine.tmx"
    project.write_bytes(encode_ldtk([mine], DUNGEONS.legend))
    map_.write_bytes(encode_tmx(mine, DUNGEONS.legend, picture="tileset.png"))
    out = gansmith.generate(run, 2, out=tmp_path / "a", into=project)
    levels = read_levels(out / "mine.ldtk", DUNGEONS.legend).levels
    assert len(levels) == 3 and (levels[0].tiles == mine.tiles).all()
    out = gansmith.generate(run, 2, out=tmp_path / "b", into=map_)
    for number, level in enumerate(levels[1:]):
        (found,) = read_levels(out / f"mine-000{number}.tmx", DUNGEONS.legend).levels
        assert (found.tiles == level.tiles).all()


@pytest.mark.parametrize("suffix", ["tmx", "tmj"])
def test_a_map_has_a_picture_of_its_own(run: Path, tmp_path: Path, suffix: str) -> None:
    foreign = tmp_path / "tileset.png"
    foreign.write_bytes(b"mine")
    out = gansmith.generate(run, 1, out=tmp_path / f"one.{suffix}")
    assert foreign.read_bytes() == b"mine"
    assert (tmp_path / "one-tileset.png").read_bytes()[1:4] == b"PNG"
    text = out.read_text("utf-8")
    assert '"one-tileset.png"' in text and '"tileset.png"' not in text
    assert len(read_levels(out, DUNGEONS.legend).levels) == 1


@pytest.mark.parametrize("suffix", ["tmx", "ldtk"])
def test_one_file_is_a_copy_of_ones_own(run: Path, tmp_path: Path, suffix: str) -> None:
    (mine,) = make_levels(DUNGEONS, 1)
    own = tmp_path / f"mine.{suffix}"
    content = (
        encode_tmx(mine, DUNGEONS.legend, picture="own.png")
        if suffix == "tmx"
        else encode_ldtk([mine], DUNGEONS.legend)
    )
    own.write_bytes(content)
    expected = gansmith.generate(run, 1, out=tmp_path / "plain.txt")
    (level,) = read_levels(expected, DUNGEONS.legend).levels
    out = gansmith.generate(run, 1, out=tmp_path / f"new.{suffix}", into=own)
    *old, found = read_levels(out, DUNGEONS.legend).levels
    assert (found.tiles == level.tiles).all() and own.read_bytes() == content
    assert len(old) == (suffix == "ldtk")
    assert not list(tmp_path.glob("*tileset.png"))
    if suffix == "tmx":
        assert b'"own.png"' in out.read_bytes()


@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (2, {"out": "new.tmx"}, "a file for each level: type -n 1, or a folder with --out"),
        (1, {"out": "new.ldtk"}, r"mine\.tmx gives \.tmx: name a \.tmx or a folder"),
        (1, {"out": "mine.tmx"}, "is not written itself: choose another file"),
        (1, {"out": "new", "format_": "csv"}, r"gives \.tmx, not 'csv': leave --format out"),
    ],
)
def test_copies_that_cannot_be_are_refused_before_levels_are_made(
    run: Path, tmp_path: Path, count: int, options: dict[str, str], message: str
) -> None:
    (mine,) = make_levels(DUNGEONS, 1)
    own, lines = tmp_path / "mine.tmx", list[str]()
    own.write_bytes(encode_tmx(mine, DUNGEONS.legend, picture="own.png"))
    before, out = own.read_bytes(), tmp_path / options.pop("out")
    with pytest.raises(GansmithError, match=message):
        gansmith.generate(run, count, out=out, into=own, log=lines.append, **options)
    assert not lines and own.read_bytes() == before and list(tmp_path.iterdir()) == [own]


def test_an_archive_has_solved_new_levels_on_a_page_and_in_a_file(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cma")
    pool = make_levels(DUNGEONS, 200)  # the first five train

    def sample(latents: NDArray[np.float32]) -> list[Level]:
        return [pool[int(abs(latent[0]) * 60) % len(pool)] for latent in latents]

    monkeypatch.setattr(archiving, "sampler_of", lambda model, seed: (sample, 3))
    home, lines = tmp_path / "archive", list[str]()
    made = archiving.write_archive(run, evaluations=1_000, out=home, log=lines.append)
    assert made == home and lines
    manifest = json.loads((home / "manifest.json").read_text("utf-8"))
    levels = read_levels(home / "levels.txt", DUNGEONS.legend).levels
    cells = re.search(r"([\d,]+) of ([\d,]+) cells", (home / "archive.html").read_text("utf-8"))
    assert cells and int(cells[1]) == len(levels) > 0 and manifest["evaluations"] == 1_000
    assert manifest["coverage"] == round(len(levels) / int(cells[2]), 4)
    codec = load_generator(run).codec
    assert isinstance(codec, LevelCodec)
    assert {digest(level.tiles) for level in levels}.isdisjoint(codec.known.tolist())
    assert len({digest(level.tiles) for level in levels}) == len(levels)
    for level in levels:
        assert verified(level, DUNGEONS.legend)


def test_a_project_that_cannot_hold_the_levels_is_refused_before_they_are_made(
    run: Path, tmp_path: Path
) -> None:
    (mine,) = make_levels(DUNGEONS, 1)
    project, lines = tmp_path / "mine.ldtk", list[str]()
    content = encode_ldtk([mine], DUNGEONS.legend)
    values = json.loads(content)
    values["defs"]["layers"][0]["intGridValues"].pop()
    project.write_text(json.dumps(values))
    with pytest.raises(GansmithError, match=r"mine\.ldtk, .* has nothing for"):
        gansmith.generate(run, 2, out=tmp_path / "a", into=project, seconds=0, log=lines.append)
    assert not lines and not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": "20x400"}, r"draws levels of 11 x 11 only: .* level-oneshot"),
        ({"into": "mine.txt", "size": "11x11"}, r"--into takes a \.tmx, \.tmj or \.ldtk, not mine"),
        ({"size": "wide"}, r"--size takes rows x columns, such as 20x400, not 'wide'"),
        ({"repair": "maybe"}, r"maybe"),
        ({"out": "levels.doc"}, r"--out takes a folder"),
        ({"index": "1,2"}, r"--index, --tempo and --normalise do not apply to levels"),
    ],
)
def test_bad_requests_are_one_line(
    run: Path, tmp_path: Path, options: dict[str, str], message: str
) -> None:
    out = tmp_path / options.pop("out", "levels")
    lines: list[str] = []
    with pytest.raises(GansmithError, match=message) as caught:
        gansmith.generate(run, 2, out=out, log=lines.append, **options)
    assert "\n" not in str(caught.value) and not out.exists()
    assert not lines  # no level was made


def test_a_generator_without_valid_levels_says_so(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "TRIES", 40)
    monkeypatch.setattr(
        LevelCodec, "level", lambda self, sample, name="": Level(np.zeros((5, 5), np.uint16))
    )
    with pytest.raises(
        GansmithError, match=r"none of 40 levels that were drawn in \d+ s can be delivered"
    ):
        gansmith.generate(run, 2, out=tmp_path / "none", repair="off")


def test_without_the_packages_for_repairs_their_extra_is_named(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "TRIES", 40)
    monkeypatch.setattr(candidate_repair, "find_spec", lambda name: None)
    monkeypatch.setattr(
        LevelCodec, "level", lambda self, sample, name="": Level(np.zeros((5, 5), np.uint16))
    )
    with pytest.raises(GansmithError, match=r"pip install 'gansmith\[games\]' to repair them, or"):
        gansmith.generate(run, 2, out=tmp_path / "levels")


def test_a_slow_delivery_says_how_far_it_is_and_gives_up_in_time(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock moves by 4 seconds a look, and one candidate in ten is good."""
    model, numbers, looks = load_generator(run), count(), count()
    monkeypatch.setattr(delivery.time, "perf_counter", lambda: 4.0 * next(looks))

    def strict(self: Gate, level: Level, chances: Any) -> delivery.Delivered | None:
        self.tally.candidates += 1
        return delivery.Delivered(level, None, 0) if next(numbers) % 10 == 9 else None

    monkeypatch.setattr(Gate, "judge", strict)
    lines: list[str] = []
    monkeypatch.setattr(delivery, "PATIENCE", 1000.0)
    kept, tally = delivery.deliver_levels(model, 2, seconds=1, log=lines.append)
    assert len(kept) == 2 and tally.candidates == 20
    assert re.match(r"0 of 2 levels after \d candidates, \d+ s$", lines[0])
    assert re.match(r"1 of 2 levels after 1\d candidates, \d+ s$", lines[-1])
    lines.clear()
    monkeypatch.setattr(delivery, "PATIENCE", 60.0)
    with pytest.raises(GansmithError, match=r"none of \d levels .* in \d+ s can be .*: train long"):
        delivery.deliver_levels(model, 2, seconds=1)
    numbers = count(9)
    kept, tally = delivery.deliver_levels(model, 2, seconds=1, log=lines.append)
    assert len(kept) == 1 and "gave up at 1 of 2 levels after" in lines[-1]
    numbers = count()
    assert len(delivery.deliver_levels(model, 2, seconds=100)[0]) == 2, "slow searches get longer"


def test_copies_duplicates_and_trivial_levels_are_refused() -> None:
    first, second = make_levels(DUNGEONS, 2)
    gate = Gate(DUNGEONS.legend, Novelty([digest(first.tiles)]))
    assert gate.judge(first) is None
    assert gate.judge(second) is not None
    assert gate.judge(second) is None
    assert gate.tally.rejected == {"copy": 1, "duplicate": 1}
    strict = Gate(DUNGEONS.legend, Novelty([]), least=1_000)
    assert strict.judge(second) is None and strict.tally.rejected == {"trivial": 1}


@needs_games
@pytest.mark.parametrize(
    ("name", "folder", "reason"),
    [
        ("4-procgen-59/one-push.txt", "sokoban-human", "trivial"),
        ("4-procgen-59/enemy-on-start.txt", "supertux", "refused"),
        ("5-level-headed-6/gap-under-ceiling.txt", "supertux", "unsolvable"),
    ],
)
def test_what_users_complained_of_is_not_delivered(name: str, folder: str, reason: str) -> None:
    """openai/procgen 59 and level-headed 6: levels without play, unfair or impossible ones."""
    legend = load_legend(GAMES / folder / "legend.yaml")
    (level,) = read_levels(COMPLAINTS / name, legend).levels
    gate = Gate(legend, Novelty([]), least=5)
    assert gate.judge(level) is None
    assert list(gate.tally.rejected) == [reason]


@needs_games
def test_a_lock_that_nobody_needs_is_not_delivered() -> None:
    """openai/procgen 59: the start is beside the goal."""
    legend = load_legend(GAMES / "keydoor" / "legend.yaml").model_copy()
    rows = (COMPLAINTS / "4-procgen-59" / "on-the-goal.txt").read_text("utf-8").splitlines()
    level = Level.from_rows([row.replace("a", "r").replace("A", "R") for row in rows], legend)
    gate = Gate(legend, Novelty([]))
    assert gate.judge(level) is None and list(gate.tally.rejected) == ["trivial"]


@needs_games
def test_a_gap_that_can_be_jumped_is_delivered() -> None:
    legend = load_legend(GAMES / "supertux" / "legend.yaml")
    (level,) = read_levels(COMPLAINTS / "5-level-headed-6" / "gap-open.txt", legend).levels
    assert Gate(legend, Novelty([])).judge(level) is not None


def test_a_window_of_a_platformer_gets_a_start_and_a_goal() -> None:
    hills = LEVEL_SETS["level-hills"]
    (whole,) = make_levels(hills, 1)
    ends = hills.legend.having("start", "goal")[whole.tiles]
    tiles = np.where(ends, np.uint16(0), whole.tiles)
    found = Gate(hills.legend, Novelty([])).judge(Level(tiles))
    assert found is not None and found.solution is not None
    for role in ("start", "goal"):
        assert len(found.level.cells(hills.legend, role)) == 1  # type: ignore[arg-type]
    assert replay(found.level, hills.legend, found.solution.moves).won


def test_roles_with_a_fixed_number_are_found() -> None:
    tiles = np.stack([level.tiles for level in make_levels(DUNGEONS, 4)])
    used = np.unique(tiles).tolist()
    symbols = DUNGEONS.legend.symbols
    found = find_placed(tiles, DUNGEONS.legend, used)
    named = [(tuple(symbols[used[c]] for c in g.channels), g.times, g.like) for g in found]
    assert named == [(("@",), 1, -1), ((">",), 1, -1), (("r",), 1, -1), (("R",), 1, -1)]
    twice = np.concatenate([tiles, tiles[:1]])
    twice[-1][twice[-1] == symbols.index(".")] = symbols.index("@")
    assert len(find_placed(twice, DUNGEONS.legend, used)) == 3


@needs_games
def test_doors_take_the_colours_of_keys() -> None:
    legend = load_legend(GAMES / "keydoor" / "legend.yaml")
    levels = read_levels(GAMES / "keydoor" / "keycorridor-s5r3.txt", legend).levels
    tiles = np.stack([level.tiles for level in levels])
    found = find_placed(tiles, legend, np.unique(tiles).tolist())
    assert [(len(group.channels), group.times, group.like) for group in found] == [
        (1, 1, -1),
        (1, 1, -1),
        (6, 1, -1),
        (6, 1, 2),
    ]


def test_wishes_are_read_and_refused_in_one_line() -> None:
    assert parse_wishes("length=30 density=0.5") == {"length": 30.0, "density": 0.5}
    numbers = [(f"length={text}", "takes numbers from 0") for text in ("nan", "inf", "-inf", "-1")]
    others = [("long", "takes name=number"), ("le-ngth=3", "length"), (" ", "takes")]
    for text, message in (*numbers, *others):
        with pytest.raises(GansmithError, match=message):
            parse_wishes(text)


def test_a_search_varies_the_layout_and_keeps_the_draws(run: Path) -> None:
    model = load_generator(run)
    sample, size = sampler_of(model, 3)
    latents = np.random.default_rng(0).standard_normal((3, size)).astype(np.float32)
    first, again = sample(latents), sample(latents[:1])
    assert (first[0].tiles == again[0].tiles).all() and first[0].size == (11, 11)
    other, _ = sampler_of(model, 4)
    assert (other(latents[:1])[0].tiles != again[0].tiles).any()


def test_a_search_of_whole_latents_varies_the_draws_too(run: Path) -> None:
    model = load_generator(run)
    sample, size = sampler_of(model, None)
    assert size == model.generator.latent > sampler_of(model, 0)[1]
    found = [level.tiles for level in sample(model.latents(2, 5).numpy())]
    assert (np.stack(found) == model.sample(2, seed=5)[..., 0]).all()
