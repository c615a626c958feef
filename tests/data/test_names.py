from __future__ import annotations

import pytest

from gansmith.data.catalog import CATALOG
from gansmith.data.locate import locate
from gansmith.data.named.sounds import SOUND_SETS
from gansmith.data.named.texts import TEXT_SETS
from gansmith.data.names import known
from gansmith.data.planar import MIXTURES
from gansmith.errors import GansmithError
from gansmith.recipe import DataConfig


def test_every_kind_of_set_is_known_once() -> None:
    names = [*CATALOG.names(), *SOUND_SETS.names(), *TEXT_SETS.names(), *MIXTURES.names()]
    assert list(known()) == names and len(set(names)) == len(names)
    assert {"mnist", "fsdd", "drums", "ring"} <= set(names)


def test_each_has_a_summary_and_a_licence() -> None:
    for name, about in known().items():
        assert about.summary and about.licence, name
    assert known()["drums"].licence.startswith("CC0")
    assert known()["ring"].licence.startswith("none needed")


def test_an_unknown_name_lists_them_all() -> None:
    with pytest.raises(GansmithError, match="did you mean 'drums'") as caught:
        locate(DataConfig(source="drumz"))
    assert all(f"{name}" in str(caught.value) for name in known())
