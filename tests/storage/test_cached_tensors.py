from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from gansmith.storage.cached_tensors import cached_tensors


def numbers() -> dict[str, Tensor]:
    return {"numbers": torch.arange(6.0).view(2, 3).T}


def never() -> dict[str, Tensor]:
    raise AssertionError("computed again")


def test_computes_once(private_cache: Path) -> None:
    first = cached_tensors("kind", "key", numbers)
    again = cached_tensors("kind", "key", never)
    assert torch.equal(first["numbers"], again["numbers"])
    with pytest.raises(AssertionError, match="computed again"):
        cached_tensors("kind", "other", never)
    names = [path.name for path in private_cache.rglob("*") if path.is_file()]
    assert names == ["kind-key.safetensors"]


def test_damaged_files_are_made_anew(private_cache: Path) -> None:
    cached_tensors("kind", "key", numbers)
    (file,) = private_cache.rglob("*.safetensors")
    file.write_bytes(file.read_bytes()[:20])
    assert torch.equal(cached_tensors("kind", "key", numbers)["numbers"], numbers()["numbers"])
    cached_tensors("kind", "key", never)


def test_a_cache_that_cannot_be_written_costs_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "file" / "cache"))
    assert torch.equal(cached_tensors("kind", "key", numbers)["numbers"], numbers()["numbers"])
