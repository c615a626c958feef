from __future__ import annotations

from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.networks.base import pair_options
from gansmith.recipe import dump_recipe, load_recipe, override, parse_recipe, recipe_names
from gansmith.robustness.networks import CLASSIFIERS
from gansmith.schema import Schedule


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_survives_a_round_trip(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    file = tmp_path / "copy.yaml"
    file.write_text(dump_recipe(recipe), "utf-8")
    assert load_recipe(str(file)) == recipe
    if recipe.task == "harden":  # of a classifier, not of a pair
        CLASSIFIERS[recipe.network.name].options.model_validate(recipe.network.options)
    else:
        pair_options(recipe.network)


def test_overrides_reach_nested_fields_and_keep_the_rest() -> None:
    plain = load_recipe("digits")
    changed = load_recipe(
        "digits",
        ["training.batch=16", "data.size=48x32", "objective.gamma=5e-1", "network.width=8"],
    )
    assert changed.training.batch == 16
    assert changed.data.size == (48, 32)
    assert changed.objective.gamma == Schedule(start=0.5, end=0.5)
    assert changed.network.options["width"] == 8
    assert changed.optimiser == plain.optimiser


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        (
            "training.batchh=8",
            ["'training.batchh' is unknown", "minutes, samples, batch", "'batch'?"],
        ),
        ("training.batch=many", ["'training.batch' is 'many'", "integer"]),
        ("training.batch=1", ["'training.batch' is 1", "greater than or equal to 2"]),
        ("data.mode=CMYK", ["'data.mode' is 'CMYK'", "'L', 'LA', 'RGB' or 'RGBA'"]),
        ("objective.gamma.strat=1", ["objective.gamma"]),
        ("training.samples=5", ["'training'", "one budget, minutes or samples"]),
        ("colour=red", ["'colour' is unknown", "a recipe takes"]),
        ("nonsense", ["--set takes name=value", "'nonsense'"]),
    ],
)
def test_a_wrong_override_names_field_value_and_choices(override: str, parts: list[str]) -> None:
    with pytest.raises(GansmithError) as caught:
        load_recipe("digits", [override])
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_a_wrong_network_option_is_named_with_its_section() -> None:
    recipe = load_recipe("digits", ["network.widht=8"])
    with pytest.raises(GansmithError, match=r"'network.widht' is unknown.*did you mean 'width'"):
        pair_options(recipe.network)


def test_an_unknown_recipe_lists_the_choices() -> None:
    with pytest.raises(GansmithError, match=r"'digit' is unknown.*did you mean 'digits'"):
        load_recipe("digit")


def test_extends_merges_sections_and_drops_options_of_another_network(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("extends: digits\nnetwork: {name: mlp}\ntraining: {batch: 8}\n", "utf-8")
    recipe = load_recipe(str(file))
    assert recipe.name == "mine"
    assert recipe.network.options == {}
    assert recipe.training.batch == 8
    assert recipe.training.minutes == load_recipe("digits").training.minutes


@pytest.mark.parametrize(
    ("content", "part"),
    [(b"- a\n- b\n", "mapping"), (b"a: [", "not valid YAML"), (b"\xff\xfe\x00", "text file")],
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, content: bytes, part: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(content)
    with pytest.raises(GansmithError, match=part) as caught:
        load_recipe(str(file))
    assert "\n" not in str(caught.value)


def test_a_missing_recipe_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match=r"missing\.yaml: No such file"):
        load_recipe(str(tmp_path / "missing.yaml"))


def test_a_recipe_without_a_budget_is_refused() -> None:
    with pytest.raises(GansmithError, match="training"):
        parse_recipe({"name": "x", "training": {}})


def test_schedules_start_end_and_warm_up() -> None:
    schedule = Schedule(start=2.0, end=1.0, warmup=100)
    assert schedule.at(0.0, 1000) == pytest.approx(2.0)
    assert schedule.at(0.5, 1000) == pytest.approx(1.5)
    assert schedule.at(1.0, 1000) == pytest.approx(1.0)
    assert schedule.at(0.0, 25) == pytest.approx(0.5)
    assert Schedule(start=2.0, end=1.0, shape="linear").at(0.25, 1) == pytest.approx(1.75)
    assert schedule.at(7.0, 1000) == pytest.approx(1.0)


def test_a_warm_up_may_end_by_progress() -> None:
    """On a slow machine a few minutes have fewer samples than a warm-up is long."""
    schedule = Schedule(start=2.0, end=2.0, warmup=3000)
    moments = [(progress, int(4000 * progress)) for progress in (0.0, 0.05, 0.1, 0.5)]
    assert [schedule.at(*m, 0.1) for m in moments] == pytest.approx([0.0, 1.0, 2.0, 2.0])
    assert [schedule.at(*m) for m in moments] == pytest.approx([0.0, 0.4 / 3, 0.8 / 3, 4 / 3])
    assert schedule.at(0.01, 3000, 0.1) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("overrides", "options"),
    [
        (["network.width=8", "network.name=r3gan"], {"width": 8}),
        (["network.name=r3gan", "network.width=8"], {"width": 8}),
        (["network.width=8", "network.name = conv"], {"width": 8}),
        (["network.name=r3gan"], {}),
    ],
)
def test_the_name_of_a_network_comes_first(
    overrides: list[str], options: dict[str, int], tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("extends: pictures\nnetwork: {name: conv, conditional: false, depth: 1}\n")
    found = load_recipe(str(file), overrides).network
    kept = {"depth": 1} if found.name == "conv" else {}
    assert (found.options, found.conditional) == (options | kept, False)


def test_a_network_without_a_name_is_the_usual_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("medium: image\ntraining: {minutes: 1}\nnetwork: {width: 12}\n")
    assert load_recipe(str(file), ["network.name=conv"]).network.options == {"width": 12}


def test_a_number_that_yaml_takes_for_a_text_is_a_number(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("extends: pictures\noptimiser: {g_lr: 1e-3}\n")
    assert load_recipe(str(file)).optimiser.g_lr.start == 1e-3


@pytest.mark.parametrize("value", ["optimiser.g_lr=.nan", "training.minutes=.inf"])
def test_what_is_no_finite_number_is_refused(value: str) -> None:
    with pytest.raises(GansmithError, match="finite"):
        load_recipe("digits", [value])


@pytest.mark.parametrize(
    ("old", "new"),
    [("frames", "spectrogram"), ("textbook", "mlp"), ("residual", "r3gan")],
)
def test_a_former_name_of_a_network_is_replaced_with_a_warning(
    old: str, new: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"extends: digits\nnetwork: {{name: {old}, latent: 9}}\n", "utf-8")
    with pytest.warns(FutureWarning, match=f"network.name={old} is deprecated: write {new}"):
        recipe = load_recipe(str(file))
    assert (recipe.network.name, recipe.network.options) == (new, {"latent": 9})
    with pytest.warns(FutureWarning, match=new):
        assert load_recipe("digits", [f"network.name={old}"]).network.name == new
    with pytest.warns(FutureWarning, match=new):
        assert override(load_recipe("digits"), [f"network.name={old}"]).network.name == new


def test_former_names_keep_options_and_are_read_silently_from_a_run() -> None:
    recipe = load_recipe("textbook")
    settings = recipe.model_dump(mode="json")
    settings["network"]["name"] = "textbook"
    assert parse_recipe(settings) == recipe
    with pytest.warns(FutureWarning, match="mlp"):
        assert load_recipe("textbook", ["network.name=textbook"]) == recipe
