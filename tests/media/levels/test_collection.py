from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.media.levels.codec import legend_of_dataset
from gansmith.media.levels.collection import FEWEST, LevelFolder
from gansmith.media.levels.datasets import LEVEL_SETS
from gansmith.media.levels.datasets.corpus import make_levels, write_levels
from gansmith.media.levels.inspect import inspect_levels
from gansmith.media.levels.quality import unique_grids
from gansmith.media.levels.symmetry import symmetries
from gansmith.recipe import DataConfig, load_recipe


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "cache"))


def config(place: Path, *settings: str) -> DataConfig:
    return load_recipe("levels", [f"data.source={place}", *settings]).data


def test_the_sets_of_our_own_are_solved_and_the_same_every_time() -> None:
    for of in LEVEL_SETS.values():
        first, again = make_levels(of, 2), make_levels(of, 2)
        assert [a.rows(of.legend) for a in first] == [b.rows(of.legend) for b in again]
        assert first[0].rows(of.legend) != first[1].rows(of.legend)


def test_five_levels_are_mirrored_and_repeated_but_held_out_whole(tmp_path: Path) -> None:
    place = tmp_path / "five"
    write_levels(place, LEVEL_SETS["level-dungeons"], 5)
    dataset = open_dataset(config(place), minimum=32, medium="levels")
    assert dataset.medium == "levels" and dataset.samples.shape[1:] == (11, 11, 1)
    assert len(dataset.train_indices) >= FEWEST
    legend = legend_of_dataset(dataset)
    assert legend.game == "keydoor"
    held = unique_grids(dataset.samples[dataset.held_out_indices])
    train = {grid.tobytes() for grid in unique_grids(dataset.samples[dataset.train_indices])}
    assert len(held) % 8 == 0
    assert not any(
        turned.tobytes() in train for grid in held for turned in symmetries(grid, legend)
    )
    assert dataset.licence.startswith("Apache-2.0")
    (file,) = dataset.settings["files"]  # type: ignore[misc]
    assert file["levels"] == 5 and len(file["sha256"]) == 64


def test_windows_of_a_platformer_have_no_start_and_no_goal(tmp_path: Path) -> None:
    place = tmp_path / "hills"
    write_levels(place, LEVEL_SETS["level-hills"], 3)
    prepared = LevelFolder(place, config(place)).prepare(config(place))
    assert prepared.shape == (14, 28, 1)
    rows = np.stack(list(prepared.rows()))
    ends = LEVEL_SETS["level-hills"].legend.having("start", "goal")
    assert not ends[rows].any()
    smaller = LevelFolder(place, config(place)).prepare(config(place, "data.window=8x20"))
    assert smaller.shape == (8, 20, 1) and smaller.fingerprint() != prepared.fingerprint()


def test_levels_of_several_sizes_are_filled_up_with_walls(tmp_path: Path) -> None:
    place = tmp_path / "two"
    write_levels(place, LEVEL_SETS["level-warehouses"], 2)
    (place / "wide.txt").write_text("#######\n#@$ . #\n#######\n" * 1, "utf-8")
    prepared = LevelFolder(place, config(place)).prepare(config(place))
    assert prepared.shape == (9, 9, 1)
    assert any((row[3:] == 0).all() and (row[1] != 0).any() for row in prepared.rows())


def test_labels_are_thirds_of_a_measure(tmp_path: Path) -> None:
    place = tmp_path / "levels"
    write_levels(place, LEVEL_SETS["level-dungeons"], 9)
    by_length = config(place, "data.condition=length", "data.mirror=off")
    labels = LevelFolder(place, by_length).prepare(by_length).labels()
    assert labels is not None and set(labels) == {"short", "medium", "long"}


def test_inspection_says_what_the_solver_thinks(tmp_path: Path) -> None:
    place = tmp_path / "levels"
    write_levels(place, LEVEL_SETS["level-dungeons"], 3)
    (place / "bad.txt").write_text("###\n#?#\n###\n", "utf-8")
    found = inspect_levels(LevelFolder(place, config(place)), config(place))
    rows = dict([*found.found(), *found.planned()])
    assert rows["game"] == "keydoor" and rows["solver"] == "solved (3)"
    assert "bad.txt" in rows["unreadable"] and "'?' is not in the legend" in rows["unreadable"]
    assert "different levels of 11 x 11" in rows["samples"]


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("#####\n#@?>#\n#####\n", (), r"line 2, column 3: '\?' is not in the legend"),
        ("#####\n#@>\n#####\n", (), r"line 2 has 3 symbols, takes 5"),
        (
            "#####\n#@.>#\n#####\n",
            ("data.mirror=off",),
            r"gives one sample .* and one does not train",
        ),
        ("#####\n#@.>#\n#####\n", ("data.window=20x28",), r"has no level of 20 x 28 tiles"),
        ("", (), r"has no levels"),
    ],
)
def test_bad_levels_are_one_line(
    tmp_path: Path, content: str, settings: tuple[str, ...], message: str
) -> None:
    write_levels(tmp_path, LEVEL_SETS["level-dungeons"], 1)
    file = tmp_path / "mine.txt"
    file.write_text(content, "utf-8")
    with pytest.raises(GansmithError, match=message) as caught:
        folder = LevelFolder(file, config(file, *settings))
        folder.prepare(config(file, *settings))
    assert "\n" not in str(caught.value)


def test_without_a_legend_there_are_symbols_and_no_rules(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("ab\nba\n\naa\nbb\n", "utf-8")
    folder = LevelFolder(tmp_path, config(tmp_path))
    assert folder.legend.game is None and folder.legend.symbols == ("a", "b")


def test_files_without_levels_are_named(tmp_path: Path) -> None:
    place, said = tmp_path / "mine", list[str]()
    write_levels(place, LEVEL_SETS["level-dungeons"], 2)
    (place / "blank.txt").write_text("\n\n", "utf-8")
    found = LevelFolder(place, config(place), log=said.append)
    assert len(found.levels) == 2
    assert said == [
        "warning: left out blank.txt: no levels: add rows of symbols, or a layer of tiles"
    ]
