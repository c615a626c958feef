"""Recipe: the typed description of one training; the only configuration."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from gansmith.errors import GansmithError
from gansmith.registry import unknown
from gansmith.schema import Section, checked, explain, field_of_a_section, unknown_field
from gansmith.sections import (
    NETWORK_ALIASES,
    RECIPE_SECTIONS,
    AugmentConfig,
    DataConfig,
    EvaluationConfig,
    HealthConfig,
    NetworkConfig,
    ObjectiveConfig,
    OptimiserConfig,
    SamplingConfig,
    SequenceConfig,
    TrainingConfig,
)
from gansmith.storage.reading import YAML_BYTES, parse_yaml, read_text

__all__ = [
    "AugmentConfig",
    "DataConfig",
    "EvaluationConfig",
    "HealthConfig",
    "NetworkConfig",
    "ObjectiveConfig",
    "OptimiserConfig",
    "Recipe",
    "SamplingConfig",
    "SequenceConfig",
    "TrainingConfig",
    "dump_recipe",
    "load_recipe",
    "merge_settings",
    "override",
    "parse_recipe",
    "recipe_names",
]

S = TypeVar("S", bound=Section)

_EXTENSIONS = 20
"""Most recipes in a chain of `extends`."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_UNSAFE = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029]')


class Recipe(Section):
    """All settings of one training. `docs/recipes.md` lists every field.

    Media and duels add sections of their own (`RECIPE_SECTIONS`), which stand beside the fields
    here. Typed access to them is :meth:`section`.
    """

    model_config = ConfigDict(extra="allow")

    name: str = Field(
        min_length=1,
        max_length=100,
        description="name of the run and of its folder; left out, the name of the file",
    )
    summary: str = Field("", description="one line for `gansmith recipes` and the report")
    task: str = Field("generate", description="what is trained")
    medium: str = Field("image", description="what a sample is")
    duel: str = Field("noise", description="how the networks are trained against each other")
    data: DataConfig = Field(default_factory=DataConfig)
    sequence: SequenceConfig = SequenceConfig()
    network: NetworkConfig = NetworkConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    augment: AugmentConfig = AugmentConfig()
    training: TrainingConfig
    sampling: SamplingConfig = SamplingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    health: HealthConfig = HealthConfig()

    @field_validator("name")
    @classmethod
    def _is_file_name(cls, name: str) -> str:
        if not is_file_name(name):
            raise PydanticCustomError(
                "file_name",
                'should be a plain file name, without any of / \\ : * ? " < > |, control '
                "characters, and dots or spaces at its ends",
            )
        return name

    @model_validator(mode="before")
    @classmethod
    def _with_sections(cls, given: object) -> object:
        """Check the registered sections, and fill in those that are not given."""
        if not isinstance(given, dict):
            return given
        for name in given:
            if name not in cls.model_fields and name not in RECIPE_SECTIONS:
                if (full := field_of_a_section(str(name), cls)) is not None:
                    raise GansmithError(f"recipe field '{name}' is unknown: did you mean {full}?")
                raise unknown_field("", str(name), (*cls.model_fields, *RECIPE_SECTIONS))
        return given | {
            name: checked(RECIPE_SECTIONS[name], given.get(name, {}), f"{name}.")
            for name in RECIPE_SECTIONS
        }

    def section(self, kind: type[S]) -> S:
        """Return a registered section, typed.

        Args:
            kind: One of `RECIPE_SECTIONS`.
        """
        name = next(name for name in RECIPE_SECTIONS if RECIPE_SECTIONS[name] is kind)
        found = getattr(self, name)
        assert isinstance(found, kind)
        return found

    def value(self, name: str) -> Any:
        """Return the value of any setting by its full name, such as `sound.representation`."""
        found: Any = self
        for part in name.split("."):
            found = getattr(found, part)
        return found


def is_file_name(name: str) -> bool:
    """Return whether every file system accepts a name, as one file in the folder it is put in."""
    return not (_UNSAFE.search(name) or _RESERVED.fullmatch(name) or name != name.strip(" ."))


def recipe_names() -> list[str]:
    """Names of the recipes that come with gansmith."""
    folder = resources.files("gansmith") / "recipes"
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if _is_yaml(entry.name))


def load_recipe(name_or_path: str, overrides: Iterable[str] = ()) -> Recipe:
    """Read a recipe by name or from a YAML file, with settings replaced by name.

    Args:
        name_or_path: A name from :func:`recipe_names`, or a path ending in `.yaml` or `.yml`.
        overrides: Entries such as `training.batch=32` or `data.size=48x32`.

    Raises:
        GansmithError: The recipe or a field is unknown, or a value is not what the field takes.
    """
    settings = _read(name_or_path)
    for entry in _in_order(overrides):
        _override(settings, entry)
    _rename_network(settings)
    return parse_recipe(settings)


def override(recipe: Recipe, overrides: Iterable[str]) -> Recipe:
    """Return a recipe with settings replaced by name, as in :func:`load_recipe`."""
    settings = recipe.model_dump(mode="json")
    for entry in _in_order(overrides):
        _override(settings, entry)
    _rename_network(settings)
    return parse_recipe(settings)


def merge_settings(settings: Iterable[str]) -> tuple[str, ...]:
    """Return entries `a.b=c` with each name once, at its latest value."""
    return tuple({entry.partition("=")[0]: entry for entry in settings}.values())


def parse_recipe(settings: dict[str, Any]) -> Recipe:
    """Check a recipe that is already a dictionary.

    Raises:
        GansmithError: A field is unknown, or a value is not what the field takes.
    """
    try:
        return Recipe.model_validate(settings)
    except ValidationError as error:
        raise explain(error, Recipe) from None


def dump_recipe(recipe: Recipe) -> str:
    """Write a recipe as YAML that :func:`load_recipe` reads back to an equal one."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _is_yaml(name: str) -> bool:
    return name.endswith((".yaml", ".yml"))


def _read(name_or_path: str, extended_by: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read the settings of a recipe, merged over those of the recipe it extends."""
    if name_or_path in extended_by or len(extended_by) >= _EXTENSIONS:
        chain = " extends ".join((*extended_by, name_or_path)[-4:])
        raise GansmithError(f"recipe {chain}: a recipe cannot extend itself")
    text, origin = _text(name_or_path)
    settings = parse_yaml(text, f"recipe {origin}", remedy="correct it")
    if not isinstance(settings, dict):
        raise GansmithError(f"recipe {origin} must be a YAML mapping of settings")
    base = settings.pop("extends", None)
    settings.setdefault("name", Path(name_or_path).stem)
    if base is None:
        return settings
    if _is_yaml(str(base)):
        base = os.path.normpath(Path(name_or_path).parent / str(base))
    return _merged(_read(str(base), (*extended_by, name_or_path)), settings)


def _text(name_or_path: str) -> tuple[str, str]:
    if _is_yaml(name_or_path):
        try:
            return read_text(Path(name_or_path), YAML_BYTES), name_or_path
        except GansmithError as error:
            raise GansmithError(f"recipe {error}") from None
    if name_or_path not in recipe_names():
        raise unknown("recipe", name_or_path, recipe_names())
    file = resources.files("gansmith") / "recipes" / f"{name_or_path}.yaml"
    return file.read_text("utf-8"), f"'{name_or_path}'"


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merge two dictionaries; the second has priority. Another network drops the old options."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = value
        if isinstance(value, dict) and isinstance(old, dict):
            same = _pair(value.get("name", old.get("name"))) == _pair(old.get("name"))
            result[key] = _merged(old, value) if same else value
    return result


def _pair(name: Any) -> Any:
    """Current name of a network pair; anything else is returned unchanged."""
    return NETWORK_ALIASES.get(name, name) if isinstance(name, str) else name


def _in_order(overrides: Iterable[str]) -> list[str]:
    """Put the network's name first, because it drops the options of another network."""
    return sorted(overrides, key=lambda entry: entry.partition("=")[0].strip() != "network.name")


def _override(settings: dict[str, Any], entry: str) -> None:
    """Set `a.b=c` in a nested dictionary; the value is read as YAML."""
    path, separator, text = entry.partition("=")
    *sections, field = path.strip().split(".")
    if not separator or not field or not all(sections):
        raise GansmithError(f"--set takes name=value, such as training.batch=32, not '{entry}'")
    for name in sections:
        inner = settings.get(name)
        settings[name] = inner if isinstance(inner, dict) else {}
        settings = settings[name]
    value = _value(text)
    if sections == ["network"] and field == "name":
        _forget_other_options(settings, value)
    settings[field] = value


def _forget_other_options(network: dict[str, Any], name: Any) -> None:
    """Drop the options of the former pair, which another pair does not have."""
    if _pair(name) != _pair(network.get("name", NetworkConfig().name)):
        for option in network.keys() - set(NetworkConfig.model_fields):
            del network[option]


def _rename_network(settings: dict[str, Any]) -> None:
    """Replace a former name of the network pair, with a warning."""
    network = settings.get("network")
    old = network.get("name") if isinstance(network, dict) else None
    if isinstance(network, dict) and isinstance(old, str) and old in NETWORK_ALIASES:
        network["name"] = NETWORK_ALIASES[old]
        message = f"network.name={old} is deprecated: write {network['name']}"
        # Without a place in the source, whose line would be printed below the message.
        warnings.warn_explicit(message, FutureWarning, "gansmith", 0)


def _value(text: str) -> Any:
    """Read a value as YAML 1.2 would: `1e-3` is a number (PyYAML alone reads it as text)."""
    try:
        value = parse_yaml(text, "a setting")
    except GansmithError:
        return text
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
