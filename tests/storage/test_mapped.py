from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.storage.mapped import require_whole


def test_a_mapped_file_that_was_cut_off_is_found_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.npy"
    np.save(file, np.arange(100_000, dtype=np.int32).reshape(100, 1_000))
    array = np.load(file, mmap_mode="c")
    views = [array, array[50:], array[::2, None]]
    for view in (*views, np.zeros(3)):
        require_whole(view)
    os.truncate(file, 5_000)
    for view in views:
        with pytest.raises(GansmithError, match=r"a\.npy was cut off while it was in use"):
            require_whole(view)


def test_a_file_that_was_replaced_stays_readable(tmp_path: Path) -> None:
    file = tmp_path / "a.npy"
    np.save(file, np.ones(10_000))
    array = np.load(file, mmap_mode="r")
    file.unlink()
    file.write_bytes(b"shorter")
    require_whole(array)
    assert array.sum() == 10_000
