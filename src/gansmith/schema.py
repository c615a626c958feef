"""Typed sections of a recipe, and errors that name the field, what it got and what it takes."""

from __future__ import annotations

import math
import re
import reprlib
import types
import typing
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from gansmith.errors import GansmithError
from gansmith.registry import suggest


class Section(BaseModel):
    """A part of a recipe: unknown names are errors, values are checked, nothing changes later."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )


class Schedule(Section):
    """A value that moves with progress (0 at the start of training, 1 at its end)."""

    start: float = Field(description="value at the beginning, after the warm-up")
    end: float = Field(description="value at the end")
    until: float = Field(1.0, gt=0, le=1, description="progress at which `end` is reached, to stay")
    shape: Literal["cosine", "linear"] = Field(
        "cosine", description="how the value moves from `start` to `end`"
    )
    warmup: int = Field(0, ge=0, description="samples over which the value rises from 0")

    def at(self, progress: float, samples: int, longest_warmup: float = math.inf) -> float:
        """Return the value.

        Args:
            progress: Share of the budget that is used up, in [0, 1].
            samples: Real samples seen so far.
            longest_warmup: Progress at which the warm-up ends at the latest.
        """
        share = min(max(progress / self.until, 0.0), 1.0)
        if self.shape == "cosine":
            share = 0.5 - 0.5 * math.cos(math.pi * share)
        value = self.start + (self.end - self.start) * share
        if self.warmup:
            value *= min(1.0, max(samples / self.warmup, progress / longest_warmup))
        return value


def _constant(value: Any) -> Any:
    """Accept a plain number for a constant value; YAML reads 1e-3 as a text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"start": value, "end": value}
    return value


Scheduled = Annotated[Schedule, BeforeValidator(_constant)]


def _sides(value: Any) -> Any:
    """Accept `32`, `"48x32"` (height x width) or `[48, 32]`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    if isinstance(value, str) and "x" in value:
        return tuple(value.split("x"))
    return value


_SPAN = re.compile(r"\s*([-+\d.eE]+?)\s*\.\.\s*([-+\d.eE]+)\s*")


def parse_range(setting: str) -> tuple[float, float] | None:
    """Read a range of values.

    Returns:
        Least and greatest of `LOW..HIGH`, or None for `auto`.

    Raises:
        ValueError: It is neither.
    """
    if setting.strip() == "auto":
        return None
    match = _SPAN.fullmatch(setting)
    try:
        low, high = (float(text) for text in match.groups()) if match else (0.0, 0.0)
    except ValueError:
        low = high = 0.0
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"takes auto or LOW..HIGH, such as 0..4095 or -1024..3071, not {setting}")
    return low, high


Side = Annotated[int, Field(ge=8, le=1024)]
Size = Annotated[tuple[Side, Side], BeforeValidator(_sides)]


S = TypeVar("S", bound="Section")


def checked(kind: type[S], given: object, prefix: str) -> S:
    """Validate a section, or a set of options, that no field of a recipe declares.

    Args:
        kind: What it must be.
        given: A mapping of settings, or an instance of `kind`.
        prefix: Where it stands in a recipe ("sound."), for the names in errors.

    Raises:
        GansmithError: A field is unknown, or a value is not what the field takes.
    """
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise explain(error, kind, prefix) from None


def explain(error: ValidationError, model: type[BaseModel], prefix: str = "") -> GansmithError:
    """Turn a validation error into one line that names the field.

    Args:
        error: What pydantic found.
        model: The model that was validated.
        prefix: Where the model stands in the recipe ("network."), for its full names.
    """
    found = error.errors(include_url=False)[0]
    path = [str(part) for part in found["loc"]]
    name = prefix + ".".join(path)
    if found["type"] == "extra_forbidden":
        return _unknown_field(name, path, model, prefix)
    if found["type"] == "missing":
        return GansmithError(f"recipe field '{name}' is missing: set it with --set {name}=...")
    wanted = found["msg"].removeprefix("Value error, ")
    name = name.rstrip(".") or "recipe"
    if "ctx" in found and "error" in found["ctx"]:
        return GansmithError(f"recipe section '{name}' {wanted}")
    wanted = wanted.removeprefix("Input ").replace("should be", "must be")
    return GansmithError(f"recipe field '{name}' is {_short(found['input'])}: it {wanted}")


def _short(value: object) -> str:
    """Return the `repr` of a value, cut to about a hundred characters."""
    writer = reprlib.Repr()
    writer.maxlevel, writer.maxdict, writer.maxstring, writer.maxother = 2, 3, 80, 80
    return writer.repr(value)


def _unknown_field(
    name: str, path: list[str], model: type[BaseModel], prefix: str
) -> GansmithError:
    section: type[BaseModel] = model
    for part in path[:-1]:
        inner = _section_of(section.model_fields.get(part))
        if inner is None:
            return GansmithError(f"recipe field '{name}' is unknown")
        section = inner
    where = (prefix + ".".join(path[:-1])).rstrip(".")
    return unknown_field(where, path[-1], section.model_fields)


def field_of_a_section(field: str, model: type[BaseModel]) -> str | None:
    """Return the full name of a field that a section of the model has, or None."""
    for part, info in model.model_fields.items():
        inner = _section_of(info)
        if inner is not None and field in inner.model_fields:
            return f"{part}.{field}"
    return None


def unknown_field(section: str, field: str, choices: Iterable[str]) -> GansmithError:
    """Build the error for an unknown field of a section ("" for the recipe itself)."""
    choices = list(choices)
    field, hint = suggest(field, choices)
    name = f"{section}.{field}" if section else field
    return GansmithError(
        f"recipe field '{name}' is unknown: {section or 'a recipe'} takes "
        f"{', '.join(choices)}{hint}"
    )


def _section_of(field: FieldInfo | None) -> type[BaseModel] | None:
    """Return the section class behind a field, looking through Optional and Annotated."""
    annotation = field.annotation if field else None
    options = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else ()
    for option in (annotation, *options):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None
