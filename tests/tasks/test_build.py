from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gansmith.errors import GansmithError
from gansmith.loading.open import open_dataset
from gansmith.recipe import DataConfig, load_recipe
from gansmith.tasks.build import fit_codec


def test_texts_for_pictures_are_told_their_medium(tmp_path: Path, private_cache: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(f"line {number}" for number in range(40)), "utf-8")
    dataset = open_dataset(DataConfig(source=str(path)))
    with pytest.raises(GansmithError, match=r"does not serve .*: set medium=text"):
        fit_codec(load_recipe("pictures"), dataset)


def test_sounds_for_pictures_are_told_their_medium(tmp_path: Path, private_cache: Path) -> None:
    for number in range(12):
        wave = 0.5 * np.sin(np.arange(800) * (number + 1) / 20)
        soundfile.write(tmp_path / f"{number}.wav", wave, 8000)
    dataset = open_dataset(DataConfig(source=str(tmp_path), rate=8000, seconds=0.1))
    with pytest.raises(GansmithError, match=r"does not serve .*: set medium=audio"):
        fit_codec(load_recipe("pictures"), dataset)
