from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gansmith.errors import GansmithError
from gansmith.media.image.datasets.mnist import MNIST, read_idx


def test_idx_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes.fromhex("00000803 00000002 00000003 00000004"))
    with (tmp_path / "x").open("ab") as file:
        file.write(bytes(range(24)))
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert np.array_equal(read_idx(tmp_path / "x"), array)


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\0\x08\x01", b"\0\0\x0d\x01\0\0\0\0", b"\0\0\x08\x01\0\0\0\x05\x01\x01\x01\x01"],
)
def test_anything_else_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(GansmithError, match="not a whole IDX file"):
        read_idx(tmp_path / "x")


def test_mnist_is_pinned() -> None:
    assert [file.size for file in MNIST.files] == [60_000 * 784 + 16, 60_008, 7_840_016, 10_008]
    assert all(len(bytes.fromhex(file.sha256)) == 32 for file in MNIST.files)
    assert len(MNIST.sources) == 4
    assert "CC BY-SA" in MNIST.licence
