from __future__ import annotations

import pytest

from gansmith.errors import GansmithError
from gansmith.storage import memory
from gansmith.storage.memory import free_memory, require_memory


def test_free_memory_is_known_here() -> None:
    free = free_memory()
    assert free is None or 1 << 20 < free < 1 << 50


def test_more_than_there_is_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 1 << 30)
    require_memory(1 << 30, "few samples take")
    with pytest.raises(GansmithError, match=r"^9 samples take 2\.0 GiB of memory, 1\.0 GiB are fr"):
        require_memory(2 << 30, "9 samples take")
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    require_memory(1 << 60, "samples take")
