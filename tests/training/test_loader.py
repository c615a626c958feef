from __future__ import annotations

import os
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.medium import MEDIA
from gansmith.recipe import DataConfig
from gansmith.training import loader
from gansmith.training.engine import Engine
from gansmith.training.loader import BatchLoader


def test_a_cache_that_is_cut_off_while_it_is_used_is_one_line(
    labelled_folder: Path, private_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "IN_MEMORY", 0)
    dataset = open_dataset(DataConfig(source=str(labelled_folder)))
    batches = BatchLoader(dataset, MEDIA["image"].codec(), Engine("32-true"), 4, 0, False)
    assert batches.next().samples.shape[0] == 4
    (samples,) = private_cache.rglob("samples.npy")
    os.truncate(samples, 1_000)
    for call in (batches.next, lambda: batches.held_out(3)):
        with pytest.raises(GansmithError, match=r"samples\.npy was cut off while it was in use"):
            call()
