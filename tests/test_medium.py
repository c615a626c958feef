"""A medium that this file alone defines: its record is all that the rest of gansmith needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from gansmith.codec import Codec
from gansmith.data.collection import Collection, Prepared, combined_digest
from gansmith.data.dataset import Dataset
from gansmith.data.inspection import Inspected
from gansmith.data.named_dataset import MadeDataset
from gansmith.data.scan import find_files
from gansmith.data.split import split_by_hash
from gansmith.errors import GansmithError
from gansmith.loading.catalog import CATALOG
from gansmith.loading.inspect import inspect_path
from gansmith.loading.open import open_dataset
from gansmith.log import LogFn
from gansmith.medium import CERTAIN, MEDIA, Listing, Medium
from gansmith.recipe import DataConfig, dump_recipe, load_recipe, override, parse_recipe
from gansmith.schema import Section
from gansmith.sections import DATA_OPTIONS, RECIPE_SECTIONS
from gansmith.tasks.data_sheet import write_data_sheet
from gansmith.tasks.inspect_data import inspect_data


class DiceOptions(Section):
    """Options of the toy medium."""

    sides: int = Field(6, ge=2, le=100, description="of a die")
    edge: Literal["keep", "drop"] = Field("keep", description="what to do with the highest number")


class CupConfig(Section):
    """A section of a recipe of the toy medium."""

    shakes: int = Field(3, ge=1, description="before each throw")


class DiceCodec(Codec):
    """Throws as arrays uint8 [N, 1, 1, 1]."""

    name = "dice"
    stored = np.uint8
    formats = ("dice",)

    def encode(self, samples: Tensor) -> Tensor:
        return samples.permute(0, 3, 1, 2).float() / 50 - 1

    def decode(self, tensors: Tensor) -> NDArray[Any]:
        return ((tensors.permute(0, 2, 3, 1) + 1) * 50).round().byte().numpy()

    def read(self, path: Path, stored: tuple[int, ...]) -> NDArray[Any]:
        raise NotImplementedError

    def write_one(self, sample: NDArray[Any], path: Path, format_: str) -> None:
        raise NotImplementedError

    def sheet(self, samples: NDArray[Any], **options: Any) -> Any:
        raise NotImplementedError


class Throws(Collection):
    """Numbers in `.dice` files, one a line."""

    kind, medium = "throws", "dice"

    def __init__(self, root: Path) -> None:
        self.name, self.source = root.name, f"folder {root}"
        texts = [(root / name).read_text() for name in find_files(root) if name.endswith(".dice")]
        self.numbers = [int(line) for text in texts for line in text.split()]
        self.content = combined_digest(texts)

    def prepare(self, config: DataConfig) -> Prepared:
        return PreparedThrows(self, config)


class PreparedThrows(Prepared):
    """Throws that the sides allow."""

    shape, dtype = (1, 1, 1), np.dtype(np.uint8)

    def __init__(self, throws: Throws, config: DataConfig) -> None:
        options = config.of(DiceOptions)
        most = options.sides - (options.edge == "drop")
        self.numbers = [number for number in throws.numbers if number <= most]
        self._throws, self._config, self._options = throws, config, options

    def __len__(self) -> int:
        return len(self.numbers)

    def settings(self) -> dict[str, object]:
        return self._options.model_dump()

    def fingerprint(self) -> str:
        return combined_digest([self._throws.content, str(self.settings())])

    def labels(self) -> Sequence[str] | None:
        return [str(number % 2) for number in self.numbers] if self._config.labels else None

    def held_out(self) -> NDArray[np.bool_]:
        digests = [combined_digest([str(n), str(i)]) for i, n in enumerate(self.numbers)]
        return split_by_hash(digests, self._config.held_out)

    def rows(self) -> Iterator[NDArray[Any]]:
        yield from np.array(self.numbers, np.uint8).reshape(-1, 1, 1, 1)


@dataclass(frozen=True)
class DiceInspection(Inspected):
    """What an inspection of throws found."""

    throws: int
    kept: int

    def found(self) -> Iterable[tuple[str, str]]:
        yield "throws", str(self.throws)

    def planned(self) -> Iterable[tuple[str, str]]:
        yield "samples", str(self.kept)


@dataclass(frozen=True)
class LoadedDie(MadeDataset):
    """A named data set that is made."""

    medium: ClassVar[str] = "dice"

    def make(self, config: DataConfig) -> Dataset:
        sides = config.of(DiceOptions).sides
        samples = np.full((20, 1, 1, 1), sides, np.uint8)
        held_out = np.arange(20) >= 18
        return Dataset(
            self.name, samples, None, (), held_out, "made", "made", self.licence, medium="dice"
        )


def claims(listing: Listing) -> float:
    return CERTAIN if listing.count("dice") else 0.0


def collect(path: Path, config: DataConfig, log: LogFn) -> Throws:
    return Throws(path)


def inspect(collection: Collection, config: DataConfig) -> DiceInspection:
    assert isinstance(collection, Throws)
    kept = len(PreparedThrows(collection, config))
    where = (collection.name, collection.source, collection.licence)
    return DiceInspection(*where, throws=len(collection.numbers), kept=kept)


DICE = Medium(
    name="dice",
    codec=DiceCodec,
    kind="throws",
    reads="a folder of .dice",
    suffixes=(".dice",),
    options=DiceOptions,
    sections={"cup": CupConfig},
    claims=claims,
    collect=collect,
    inspect=inspect,
    datasets={"loaded": LoadedDie("loaded", "the highest number", "none needed", "nobody")},
)


@pytest.fixture
def dice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the toy medium for one test."""
    for registry in (MEDIA, DATA_OPTIONS, RECIPE_SECTIONS):
        registry.names()  # filled, so that all built-in entries are kept
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    MEDIA.register("dice")(DICE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty throws of a die with ten sides, beside a picture and many notes."""
    numbers = np.random.default_rng(0).integers(1, 11, 40)
    place = tmp_path / "throws"
    place.mkdir()
    (place / "a.dice").write_text("\n".join(map(str, numbers)))
    for name in ("cover.png", *(f"note-{number}.txt" for number in range(9))):
        (place / name).touch()
    return place


@pytest.mark.usefixtures("dice")
def test_it_is_claimed_collected_opened_and_cached(folder: Path, private_cache: Path) -> None:
    config = DataConfig.model_validate({"source": str(folder), "sides": 8})
    said: list[str] = []
    dataset = open_dataset(config, log=said.append)
    numbers = [int(line) for line in (folder / "a.dice").read_text().split() if int(line) <= 8]
    assert dataset.medium == "dice" and dataset.samples.dtype == np.uint8
    assert dataset.samples.reshape(-1).tolist() == numbers
    assert dataset.settings == {"sides": 8, "edge": "keep"} and dataset.label_names == ("0", "1")
    assert said == [f"throws: preparing {len(numbers):,} samples, once"]
    again = open_dataset(config, log=said.append)
    assert len(said) == 1 and np.array_equal(again.samples, dataset.samples)
    other = open_dataset(config.model_copy(update={"edge": "drop"}))
    assert other.fingerprint != dataset.fingerprint and other.samples.max() == 7
    assert len(list((private_cache / "datasets").iterdir())) == 2


@pytest.mark.usefixtures("dice")
def test_it_is_inspected(folder: Path, tmp_path: Path) -> None:
    found = inspect_path(str(folder), DataConfig.model_validate({"sides": 5}))
    assert isinstance(found, DiceInspection) and found.throws == 40 and 0 < found.kept < 40
    same, trip = inspect_data(str(folder), "pictures", ["data.sides=5"])
    assert same == found and trip is None
    for option in ("sheet", "pairs"):
        with pytest.raises(GansmithError, match=r"is for .*throws: leave it out"):
            inspect_data(str(folder), "pictures", **{option: tmp_path / "out"})
    with pytest.raises(GansmithError, match="holds throws, which are not drawn"):
        write_data_sheet(open_dataset(DataConfig(source=str(folder))), tmp_path / "out.png")


@pytest.mark.usefixtures("dice")
def test_its_named_sets_are_in_the_catalogue() -> None:
    assert CATALOG["loaded"].summary == "the highest number"
    dataset = open_dataset(DataConfig.model_validate({"source": "loaded", "sides": 20}))
    assert dataset.medium == "dice" and set(dataset.samples.reshape(-1)) == {20}
    with pytest.raises(GansmithError, match="did you mean 'loaded'"):
        open_dataset(DataConfig(source="loadad"))


@pytest.mark.usefixtures("dice")
def test_its_options_and_sections_are_typed_and_checked() -> None:
    recipe = load_recipe("digits", ["data.sides=20", "cup.shakes=5"])
    assert recipe.data.of(DiceOptions) == DiceOptions(sides=20)
    assert recipe.section(CupConfig).shakes == recipe.value("cup.shakes") == 5
    assert load_recipe("digits").value("data.sides") == 6
    assert override(recipe, ["data.edge=drop"]).data.of(DiceOptions).edge == "drop"
    dumped = recipe.model_dump(mode="json")
    assert dumped["data"]["sides"] == 20 and dumped["cup"] == {"shakes": 5}
    assert parse_recipe(dumped) == recipe and "sides: 20" in dump_recipe(recipe)


@pytest.mark.usefixtures("dice")
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("data.sides=1", "recipe field 'data.sides' is 1: it must be greater than or equal to 2"),
        ("data.sides=six", "recipe field 'data.sides' is 'six': it must be a valid integer"),
        ("data.edge=cut", "recipe field 'data.edge' is 'cut': it must be 'keep' or 'drop'"),
        ("data.side=3", "recipe field 'data.side' is unknown: data takes source, .*'sides'\\?"),
        ("cup.shake=3", "recipe field 'cup.shake' is unknown: cup takes shakes; .*'shakes'\\?"),
        ("cup.shakes=0", "recipe field 'cup.shakes' is 0: it must be greater than or equal to 1"),
        ("cups.shakes=0", "recipe field 'cups' is unknown: a recipe takes name, .*'cup'\\?"),
    ],
)
def test_wrong_settings_of_it_are_one_line(setting: str, message: str) -> None:
    with pytest.raises(GansmithError, match=f"^{message}") as caught:
        load_recipe("digits", [setting])
    assert "\n" not in str(caught.value)


def test_without_it_its_options_and_sections_are_unknown() -> None:
    for setting in ("data.sides=20", "cup.shakes=5"):
        with pytest.raises(GansmithError, match="is unknown"):
            load_recipe("digits", [setting])


@pytest.mark.usefixtures("dice")
def test_names_of_options_are_not_taken_twice() -> None:
    class Other(Section):
        """Options with a name that sounds have."""

        rate: int = 1

    with pytest.raises(ValueError, match=r"options of medium 'other' are taken: \['rate'\]"):
        MEDIA.register("other")(Medium(name="other", codec=DiceCodec, options=Other))


def test_no_built_in_option_has_two_owners() -> None:
    names = [name for medium in DATA_OPTIONS for name in DATA_OPTIONS[medium].model_fields]
    assert len(set(names)) == len(names) and not set(names) & set(DataConfig.model_fields)


def test_records_and_options_are_registered_alike() -> None:
    for name in MEDIA:
        medium = MEDIA[name]
        assert medium.name == medium.codec.name == name
        assert (medium.options is not None) == (name in DATA_OPTIONS)
        assert medium.options is None or medium.options is DATA_OPTIONS[name]
        for section, kind in medium.sections.items():
            assert RECIPE_SECTIONS[section] is kind
        assert all(named.medium == name for named in medium.datasets.values())
