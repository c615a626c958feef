from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from gansmith.errors import GansmithError
from gansmith.storage.tensor_file import read_tensor_file, write_tensor_file
from tests.forked import called

TENSORS = {"b": torch.arange(6.0).view(2, 3).T, "a": torch.tensor([1, 2]), "c": torch.zeros(0)}
FACTS = {"z": "é", "format": "x", "m": "1"}


def header_of(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    header: dict[str, Any] = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header


def test_tensors_and_facts_survive_and_others_can_read_them(tmp_path: Path) -> None:
    file = tmp_path / "t.safetensors"
    write_tensor_file(file, TENSORS, FACTS)
    tensors, facts = read_tensor_file(file)
    assert facts == FACTS and tensors.keys() == TENSORS.keys()
    for found in (tensors, load_file(file)):
        assert all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)


def _write(path: Path) -> int:
    write_tensor_file(path, {n: torch.ones(3) for n in "abc"}, {k: k for k in "uvwxyz"})
    return hash("u")


def test_equal_contents_are_equal_bytes(tmp_path: Path) -> None:
    """Also in another process, whose hashes are salted differently."""
    assert called(_write, tmp_path / "1") != hash("u")
    write_tensor_file(tmp_path / "2", {n: torch.ones(3) for n in "cab"}, {k: k for k in "zyxwvu"})
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert list(header_of(tmp_path / "1")["__metadata__"]) == ["sha256", *"uvwxyz"]


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    file = tmp_path / "t.safetensors"
    write_tensor_file(file, TENSORS, FACTS)
    whole = file.read_bytes()
    draw = random.Random(0)
    for _ in range(300):
        data = bytearray(whole)
        at = draw.randrange(len(data))
        data[at] ^= 1 << draw.randrange(8)
        file.write_bytes(data)
        try:
            tensors, facts = read_tensor_file(file)
        except GansmithError as error:
            assert "\n" not in str(error)
        else:  # only blanks and the name of the checksum may change
            assert FACTS.items() <= facts.items()
            assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)


def test_files_without_a_checksum_are_read(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "old.safetensors", {"format": "x"})
    tensors, facts = read_tensor_file(tmp_path / "old.safetensors")
    assert torch.equal(tensors["w"], torch.ones(2)) and facts == {"format": "x"}


@pytest.mark.parametrize("length", [0, 5, 2**31, 2**63])
def test_a_header_that_lies_about_its_length_is_refused(tmp_path: Path, length: int) -> None:
    file = tmp_path / "t.safetensors"
    write_tensor_file(file, TENSORS, FACTS)
    file.write_bytes(length.to_bytes(8, "little") + file.read_bytes()[8:])
    with pytest.raises(GansmithError, match=r"t\.safetensors is damaged"):
        read_tensor_file(file)


@pytest.mark.parametrize(
    "change",
    [
        {"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 8]}},
        {"w": {"dtype": "X", "shape": [2], "data_offsets": [0, 8]}},
        {"w": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}},
        {"w": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}},
        {"w": 3},
        {"__metadata__": {"a": 1}},
        {"__metadata__": []},
    ],
)
def test_a_header_that_lies_about_tensors_is_refused(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    header = {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}} | change
    text = json.dumps(header).encode()
    file = tmp_path / "t.safetensors"
    file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(GansmithError, match=r"t\.safetensors is damaged") as caught:
        read_tensor_file(file)
    assert "\n" not in str(caught.value)
