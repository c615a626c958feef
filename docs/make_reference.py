"""Write the tables of the reference pages from the code, so that they cannot drift from it.

Each table stands between `<!-- table: NAME -->` and `<!-- /table -->`; what was between the marks
is replaced. A test fails where a page differs from what this would write.

    python docs/make_reference.py
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gansmith.evaluation.features import EXTRACTORS, FILE_EXTRACTORS
from gansmith.evaluation.result import metric_specs
from gansmith.health.diagnosis import EXPLANATIONS, TRANSLATION_EXPLANATIONS
from gansmith.loading.catalog import CATALOG
from gansmith.medium import MEDIA
from gansmith.networks import NETWORKS
from gansmith.objectives.losses import OBJECTIVES
from gansmith.objectives.penalties import PENALTIES
from gansmith.recipe import Recipe, load_recipe, recipe_names
from gansmith.schema import Schedule, Size
from gansmith.sections import RECIPE_SECTIONS, DataConfig
from gansmith.tasks.task import TASKS
from gansmith.training.duel import DUELS

PAGES = ("recipes.md", "reading-the-report.md", "health.md")
MARK = re.compile(r"(<!-- table: (.+?) -->\n).*?(<!-- /table -->)", re.DOTALL)
SECTIONS: dict[str, type[BaseModel]] = {
    name: field.annotation
    for name, field in Recipe.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
} | {name: RECIPE_SECTIONS[name] for name in RECIPE_SECTIONS}
BOUNDS = {
    annotated_types.Ge: ("≥", "ge"),
    annotated_types.Gt: (">", "gt"),
    annotated_types.Le: ("≤", "le"),
    annotated_types.Lt: ("<", "lt"),
}
WORDS = {int: "whole number", float: "number", str: "text", bool: "true or false"}
BETTER = {"lower": "lower", "higher": "higher", "floor": "as the floor"}


def refresh(text: str) -> str:
    """Return a page with all its tables written anew."""
    return MARK.sub(lambda found: found[1] + table(found[2]) + found[3], text)


def table(name: str) -> str:
    """Write the table of that name.

    Raises:
        KeyError: There is none.
    """
    kind, _, which = name.partition(" ")
    return TABLES[kind](which) if which else TABLES[kind]()


def fields(section: str) -> str:
    """Fields of a section of a recipe, of `recipe` itself, or of `schedule`."""
    models: dict[str, type[BaseModel]] = {"recipe": Recipe, "schedule": Schedule, **SECTIONS}
    return _fields_table(models[section], section)


def options(network: str) -> str:
    """Options of a pair of networks."""
    return _fields_table(NETWORKS[network].options, network)


def objectives() -> str:
    """Objectives and their papers."""
    rows = ((f"`{name}`", OBJECTIVES[name].paper) for name in OBJECTIVES)
    return _markdown(("name", "from"), rows)


def penalties() -> str:
    """Penalties and their papers."""
    rows = ((f"`{name}`", PENALTIES[name].paper or "no penalty") for name in PENALTIES)
    return _markdown(("name", "from"), rows)


def diagnoses() -> str:
    """What the health monitor can say."""
    every = EXPLANATIONS | TRANSLATION_EXPLANATIONS
    rows = ((f"`{name}`", text) for name, text in every.items())
    return _markdown(("diagnosis", "what it means"), rows)


def extractors() -> str:
    """Feature extractors."""
    rows = [(f"`{name}`", _first_line(EXTRACTORS[name])) for name in EXTRACTORS]
    rows += [
        (f"`{name}:FILE`", _first_line(FILE_EXTRACTORS[name]).partition(": ")[2])
        for name in FILE_EXTRACTORS
    ]
    return _markdown(("name", "features"), rows)


def metrics() -> str:
    """Measurements of a verdict, those most worth a look first."""
    rows = (
        (spec.title, f"`{name}`", BETTER[spec.better], spec.meaning)
        for name, spec in metric_specs().items()
    )
    return _markdown(("in the report", "in `quality.json`", "better", "what it says"), rows)


def recipes() -> str:
    """Recipes that come with the package."""
    rows = []
    for name in recipe_names():
        recipe = load_recipe(name)
        budget = recipe.training
        amount = f"{budget.minutes:g} minutes" if budget.minutes else f"{budget.samples:,} samples"
        rows.append((f"`{name}`", recipe.summary, f"`{recipe.network.name}`", amount))
    return _markdown(("name", "what it trains", "network", "budget"), rows)


def names(registry: str) -> str:
    """Names of `media`, `duels`, `tasks` or named sets (`data`), in one line."""
    found = {
        "media": MEDIA.names(),
        "duels": DUELS.names(),
        "tasks": TASKS.names(),
        "data": CATALOG.names(),
    }[registry]
    return ", ".join(f"`{name}`" for name in found) + "\n"


def _fields_table(model: type[BaseModel], section: str) -> str:
    fields = DataConfig.every_field() if model is DataConfig else model.model_fields
    rows = [
        (f"`{name}`", kind(field), default(field), _meaning(section, name, field))
        for name, field in fields.items()
        if name not in SECTIONS or section != "recipe"
    ]
    return _markdown(("field", "takes", "default", "meaning"), rows)


def kind(field: FieldInfo) -> str:
    """Say what a field takes."""
    annotation = field.annotation
    parts = [part for part in _alternatives(annotation) if part is not type(None)]
    words = " or ".join(_type_words(part) for part in parts)
    bounds = [
        f"{sign} {getattr(limit, attribute):,}"
        for limit in field.metadata
        for bound, (sign, attribute) in BOUNDS.items()
        if isinstance(limit, bound)
    ]
    if len(parts) < len(_alternatives(annotation)):
        bounds.append("or null")
    return ", ".join([words, *bounds])


def default(field: FieldInfo) -> str:
    """Write a field's default as a recipe would."""
    if field.is_required():
        return "must be given"
    value = field.default
    if isinstance(value, Schedule):
        value = value.start
    if value is None or isinstance(value, bool):
        return {None: "`null`", True: "`true`", False: "`false`"}[value]
    return f"`{value}`" if value not in ("", ()) else "empty"


def _alternatives(annotation: Any) -> Sequence[Any]:
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return typing.get_args(annotation) if union and annotation != Size else (annotation,)


def _type_words(annotation: Any) -> str:
    if typing.get_origin(annotation) is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in typing.get_args(annotation))
    if annotation is Schedule:
        return "number or [schedule](#schedules)"
    if annotation == Size or typing.get_origin(annotation) is typing.Annotated:
        return "side or `HEIGHTxWIDTH`, each 8 to 1,024"
    if typing.get_origin(annotation) is tuple:
        return f"list of {_type_words(typing.get_args(annotation)[0])}"
    return WORDS[annotation]


def _meaning(section: str, name: str, field: FieldInfo) -> str:
    assert field.description, f"{section}.{name} has no description"
    return field.description


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


TABLES: dict[str, Callable[..., str]] = {
    one.__name__: one
    for one in (
        fields,
        options,
        objectives,
        penalties,
        diagnoses,
        extractors,
        metrics,
        recipes,
        names,
    )
}


def main() -> None:
    """Write all reference pages anew."""
    for name in PAGES:
        path = Path(__file__).parent / name
        path.write_text(refresh(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
