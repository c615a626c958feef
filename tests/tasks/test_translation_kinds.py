"""Translation by pairs, in both directions and between several domains, from data to files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import gansmith
from gansmith.errors import GansmithError
from gansmith.run import Run
from gansmith.tasks.apply import apply
from gansmith.translation import TranslationModel

SMALL = [
    *("network.width=8", "network.levels=1", "network.blocks=1", "network.d_width=8"),
    *("network.d_levels=2", "data.size=16", "training.batch=4", "data.held_out=0.3"),
    *("evaluation.quick_looks=1", "training.log_every=1", "health.probes=2", "health.max_cost=1"),
]
COLOURS = {"blue": (40, 90, 230), "green": (60, 220, 60), "orange": (230, 140, 20)}


def fill(folder: Path, colour: str, seed: int, count: int = 30) -> Path:
    """Write dark pictures with a square of one colour; one seed has the squares at one place."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for index in range(count):
        picture = random.integers(0, 40, (16, 16, 3), dtype=np.uint8)
        row, column = random.integers(0, 10, 2)
        picture[row : row + 6, column : column + 6] = COLOURS[colour]
        Image.fromarray(picture).save(folder / f"{index:02d}.png")
    return folder


def train(recipe: str, data: object, out: Path, samples: int = 16, *settings: str, **more: object):  # type: ignore[no-untyped-def]
    console = Console(record=True, width=300)
    model = gansmith.train(
        recipe,
        data=data,
        out=out,
        samples=samples,
        settings=[*SMALL, *settings],
        console=console,
        **more,
    )
    return model, console.export_text()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("kinds")
    fill(home / "blue", "blue", 0)
    fill(home / "orange", "orange", 0)
    for seed, colour in enumerate(COLOURS):
        fill(home / "all" / colour, colour, seed)
    return home


@pytest.fixture(scope="module")
def paired(home: Path) -> Path:
    train("style-paired", [home / "blue", home / "orange"], home / "paired")
    return home / "paired"


@pytest.fixture(scope="module")
def cycle(home: Path) -> Path:
    train("style-cycle", [home / "blue", home / "orange"], home / "cycle")
    return home / "cycle"


@pytest.fixture(scope="module")
def domains(home: Path) -> Path:
    train("domains", home / "all", home / "domains")
    return home / "domains"


def metrics(run: Path) -> dict[str, float]:
    return {name: metric["value"] for name, metric in Run(run).quality()["metrics"].items()}


def test_pairs_are_judged_beside_their_true_answers(home: Path, paired: Path) -> None:
    found = metrics(paired)
    assert {"truth_l1", "truth_ssim", "truth_features", "input_truth_l1"} <= found.keys()
    model = gansmith.load(paired)
    assert isinstance(model, TranslationModel) and model.targets == ("orange",)
    first, second = (
        np.stack([np.asarray(Image.open(path)) for path in sorted(folder.iterdir())])
        for folder in (home / "blue", home / "orange")
    )
    apart = np.abs(first.astype(float) - second).mean() / 255  # of every pair the same
    assert found["input_truth_l1"] == pytest.approx(apart, abs=1e-6)
    assert "the true answer at the right" in Run(paired).report_file.read_text("utf-8")


def test_both_directions_are_shipped_and_applied_by_name(
    home: Path, cycle: Path, tmp_path: Path
) -> None:
    found = metrics(cycle)
    assert {"cycle_error", "back_kernel", "back_target_share", "back_content_kept"} <= found.keys()
    model = gansmith.load(cycle)
    assert isinstance(model, TranslationModel) and set(model.targets) == {"blue", "orange"}
    samples = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    there, back = model.apply(samples, to="orange"), model.apply(samples, to="blue")
    assert np.array_equal(model.apply(samples), there) and not np.array_equal(there, back)
    place = apply(cycle, home / "orange", tmp_path / "out", to="blue")
    shown = np.asarray(Image.open(place / "03.png"))
    given = np.asarray(Image.open(home / "orange" / "03.png"))[None]
    assert np.array_equal(shown, model.apply(given, to="blue")[0])
    assert json.loads((place / "manifest.json").read_text("utf-8"))["to"] == "blue"


def test_a_cycle_training_goes_on_as_if_it_had_not_been_stopped(home: Path, cycle: Path) -> None:
    seen: list[object] = []
    two = [home / "blue", home / "orange"]
    stopped, _ = train(
        "style-cycle",
        two,
        home / "parts",
        on_event=seen.append,
        should_stop=lambda: len(seen) > 1,
    )
    assert stopped is None
    parts, _ = train("style-cycle", two, home / "parts")
    whole = gansmith.load(cycle)
    samples = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    for to in ("blue", "orange"):
        assert np.array_equal(parts.apply(samples, to=to), whole.apply(samples, to=to))


def test_one_network_translates_to_each_domain_by_name(
    home: Path, domains: Path, tmp_path: Path
) -> None:
    found = metrics(domains)
    assert {"target_share", "weakest_share", "cycle_error", "input_kernel"} <= found.keys()
    model = gansmith.load(domains)
    assert isinstance(model, TranslationModel) and model.targets == tuple(COLOURS)
    place = apply(domains, home / "blue" / "00.png", tmp_path / "out", to="green")
    assert {path.name for path in place.glob("*.png")} == {
        *("00.png", "comparison.png", "domains.png")
    }
    with pytest.raises(GansmithError, match=r"to blue, green, orange: .*--to blue"):
        apply(domains, home / "blue", tmp_path / "none")
    with pytest.raises(GansmithError, match=r"domain 'gren' is unknown.*green"):
        apply(domains, home / "blue", tmp_path / "none", to="gren")
    assert not (tmp_path / "none").exists()
    with pytest.raises(GansmithError, match="not to 'red'"):
        model.apply(np.zeros((1, 16, 16, 3), np.uint8), to="red")


def test_several_paths_are_domains_and_two_domains_are_asked_for_where_two_serve(
    home: Path, tmp_path: Path
) -> None:
    every = [home / "all" / colour for colour in COLOURS]
    model, _ = train("domains", every, tmp_path / "run", 8)
    assert model.label_names == tuple(COLOURS)
    with pytest.raises(GansmithError, match=r"has 3 labels.*recipe 'domains'"):
        train("style", every, tmp_path / "two")
    with pytest.raises(GansmithError, match=r"no file of .* has the name"):
        strangers = fill(tmp_path / "strange" / "far", "green", 9)
        for path in strangers.iterdir():
            path.rename(path.with_name(f"x{path.name}"))
        train("style-paired", [home / "blue", strangers], tmp_path / "none")


def test_a_strip_shows_strengths_and_exif_data_survive_upright(
    paired: Path, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[274], exif[0x010F] = 6, "a camera"
    picture = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "turned.png", exif=exif)
    run, given = paired, tmp_path / "turned.png"
    place = apply(run, given, tmp_path / "strip.png", strip=3)
    with Image.open(place) as file:
        strip, kept = np.asarray(file), file.getexif()
    assert strip.shape == (20, 36, 3)
    assert kept[0x010F] == "a camera" and 274 not in kept
    upright = np.rot90(picture, -1)
    model = gansmith.load(run)
    assert np.array_equal(strip[:, :12], upright)
    for index, strength in ((1, 0.5), (2, 1.0)):
        made = model.apply(np.ascontiguousarray(upright)[None], strength)[0]
        assert np.array_equal(strip[:, 12 * index : 12 * index + 12], made)
    with pytest.raises(GansmithError, match="a strip has 2 to"):
        apply(run, given, tmp_path / "no.png", strip=1)


def test_a_planted_fault_is_diagnosed_in_the_first_quarter_and_healed(
    home: Path, tmp_path: Path
) -> None:
    """A tie to the input ten times too strong, and a discriminator that does not learn."""
    diagnosed: list[dict[str, object]] = []

    def listen(event: dict[str, object]) -> None:
        if event["event"] == "diagnosis":
            diagnosed.append(event)

    train(
        "style",
        [home / "blue", home / "orange"],
        tmp_path / "run",
        480,
        *("contrastive.identity=10", "optimiser.d_lr=0", "health.act=heal", "health.probes=40"),
        *("contrastive.patches=16", "contrastive.projection=8", "training.log_every=3"),
        on_event=listen,
        should_stop=lambda: bool(diagnosed),
    )
    (event,) = diagnosed
    assert (event["diagnosis"], event["action"]) == ("identity collapse", "heal")
    assert float(str(event["progress"])) <= 0.25
    assert "optimiser.d_lr.start=0.0005" in str(event["settings"])
    assert "contrastive.identity=1" in str(event["settings"]).split()


def test_sheets_enlarge_small_pictures_and_translate_no_margins(
    domains: Path, tmp_path: Path
) -> None:
    wide = Image.fromarray(np.full((16, 32, 3), 90, np.uint8))
    wide.save(tmp_path / "wide.png")
    place = apply(domains, tmp_path / "wide.png", tmp_path / "out", to="blue")
    for name, rows in (("domains.png", 1 + len(COLOURS)), ("comparison.png", 1)):
        sheet = np.asarray(Image.open(place / name).convert("L"))[:, -68]  # beside the names
        for row in np.array_split(sheet, rows):
            tenth = len(row) // 10  # half of a square is picture, in its middle
            assert row[: 2 * tenth].min() > 240 and row[-2 * tenth :].min() > 240
            assert row[3 * tenth : 7 * tenth].max() < 200
