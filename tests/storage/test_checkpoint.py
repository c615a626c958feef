from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gansmith.errors import GansmithError
from gansmith.storage.checkpoint import all_finite, load_tree, save_tree

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
LEAVES = PLAIN | st.lists(st.integers(), max_size=3)
KEYS = st.text(max_size=5) | st.integers()
TREES = st.dictionaries(
    KEYS, st.recursive(LEAVES, lambda t: st.dictionaries(KEYS, t, max_size=3)), min_size=1
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES)
def test_plain_trees_survive_with_their_types(
    tree: dict[Any, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("trees") / "tree.safetensors"
    save_tree(tree, path)
    assert load_tree(path) == tree


def test_an_optimiser_goes_on_exactly_after_a_round_trip(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = torch.nn.Linear(4, 3)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.1, betas=(0.0, 0.99))
    pulls = [torch.randn(2, 4) for _ in range(4)]
    states = []
    for stop in (False, True):
        torch.manual_seed(1)
        torch.nn.init.normal_(network.weight)
        torch.nn.init.zeros_(network.bias)
        optimiser.load_state_dict(
            {"state": {}, "param_groups": optimiser.state_dict()["param_groups"]}
        )
        for step, pull in enumerate(pulls):
            if stop and step == 2:
                tree = {"net": network.state_dict(), "opt": optimiser.state_dict()}
                save_tree(tree, tmp_path / "c.safetensors")
                loaded = load_tree(tmp_path / "c.safetensors")
                network.load_state_dict(loaded["net"])
                optimiser.load_state_dict(loaded["opt"])
            optimiser.zero_grad()
            network(pull).square().sum().backward()
            optimiser.step()
        states.append(network.weight.detach().clone())
    assert torch.equal(*states)


def test_a_full_disk_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.safetensors"
    save_tree({"step": 1}, path)

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(GansmithError, match="disk full") as caught:
        save_tree({"step": 2}, path)
    assert "\n" not in str(caught.value)
    assert load_tree(path) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    save_tree({"weights": torch.ones(100)}, path)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(GansmithError, match=r"last\.safetensors is damaged"):
        load_tree(path)


def test_a_checkpoint_holds_no_pickle(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_tree({"weights": torch.ones(3), "step": 4}, path)
    content = path.read_bytes()
    header = int.from_bytes(content[:8], "little")
    described = json.loads(content[8 : 8 + header])
    assert described.pop("__metadata__")["format"] == "gansmith-checkpoint-1"
    assert [tensor["dtype"] for tensor in described.values()] == ["F32"]
    assert content[8 + header :] == torch.ones(3).numpy().tobytes()


def test_non_finite_numbers_are_found() -> None:
    assert all_finite({"a": {"b": torch.ones(3)}, "n": 3, "i": torch.tensor([1])})
    assert not all_finite({"a": {"b": torch.tensor([1.0, float("nan")])}})
    assert not all_finite({"a": torch.tensor([float("inf")])})
