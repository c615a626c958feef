"""Recipe: the typed description of one training; the only configuration there is."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ConfigDict, Field, ValidationError, model_validator

from gansmith.errors import GansmithError
from gansmith.registry import unknown
from gansmith.schema import Section, checked, explain, unknown_field
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


class Recipe(Section):
    """One training, whole. `docs/recipes.md` lists every field.

    Media and duels add sections of their own (`RECIPE_SECTIONS`), which stand beside the fields
    here. Typed access to them is :meth:`section`.
    """

    model_config = ConfigDict(extra="allow")

    name: str = Field(description="what the run is called; left out, the name of the file")
    summary: str = Field("", description="one line for `gansmith recipes` and the report")
    task: str = Field("generate", description="what is trained")
    medium: str = Field("image", description="what a sample is")
    duel: str = Field("noise", description="the rules of the game")
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

    @model_validator(mode="before")
    @classmethod
    def _with_sections(cls, given: object) -> object:
        """Check the registered sections, and fill in those that are not given."""
        if not isinstance(given, dict):
            return given
        for name in given:
            if name not in cls.model_fields and name not in RECIPE_SECTIONS:
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
    if name_or_path in extended_by:
        chain = " extends ".join((*extended_by, name_or_path))
        raise GansmithError(f"recipe {chain}: a recipe cannot extend itself")
    text, origin = _text(name_or_path)
    try:
        settings = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = str(error).replace("\n", " ")
        raise GansmithError(f"recipe {origin} is not valid YAML: {line}") from None
    if not isinstance(settings, dict):
        raise GansmithError(f"recipe {origin} must be a YAML mapping of settings")
    base = settings.pop("extends", None)
    settings.setdefault("name", Path(name_or_path).stem)
    if base is None:
        return settings
    if _is_yaml(str(base)):
        base = Path(name_or_path).parent / str(base)
    return _merged(_read(str(base), (*extended_by, name_or_path)), settings)


def _text(name_or_path: str) -> tuple[str, str]:
    if _is_yaml(name_or_path):
        try:
            return Path(name_or_path).read_text("utf-8"), name_or_path
        except OSError as error:
            raise GansmithError(f"recipe {name_or_path}: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise GansmithError(f"recipe {name_or_path} is not a text file in UTF-8") from None
    if name_or_path not in recipe_names():
        raise unknown("recipe", name_or_path, recipe_names())
    file = resources.files("gansmith") / "recipes" / f"{name_or_path}.yaml"
    return file.read_text("utf-8"), f"'{name_or_path}'"


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merge two nested dictionaries; the second wins. Another network name drops old options."""
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
    """The network's name comes first, for it drops the options of another network."""
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
    """Drop the options of the pair there was: they mean nothing to another."""
    if _pair(name) != _pair(network.get("name", NetworkConfig().name)):
        for option in network.keys() - set(NetworkConfig.model_fields):
            del network[option]


def _rename_network(settings: dict[str, Any]) -> None:
    """Replace a former name of the network pair, with a warning."""
    network = settings.get("network")
    old = network.get("name") if isinstance(network, dict) else None
    if isinstance(network, dict) and old in NETWORK_ALIASES:
        network["name"] = NETWORK_ALIASES[old]
        message = f"network.name={old} is deprecated: write {network['name']}"
        # Without a place in the source, whose line would be printed below the message.
        warnings.warn_explicit(message, FutureWarning, "gansmith", 0)


def _value(text: str) -> Any:
    """Read a value as YAML 1.2 would: `1e-3` is a number (PyYAML alone takes it for text)."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
