from __future__ import annotations

import pytest

from gansmith.errors import GansmithError
from gansmith.loading.catalog import CATALOG
from gansmith.loading.names import known
from gansmith.loading.resolve import resolve_source
from gansmith.media.audio.datasets import SOUND_SETS
from gansmith.media.points.mixtures import MIXTURES
from gansmith.media.text.datasets.texts import TEXT_SETS
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
        resolve_source(DataConfig(source="drumz"))
    assert all(f"{name}" in str(caught.value) for name in known())
