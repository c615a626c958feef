"""Files of tensors in the safetensors format: equal contents, equal bytes; checked when read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from gansmith.storage.atomic import atomic_file
from gansmith.storage.reading import MIB, UnreadableFile, parse_json, read_bytes

Facts = dict[str, str]

TENSOR_BYTES = 8 << 30
HEADER_BYTES = 16 * MIB
CHECKSUM = "sha256"
"""Key of the header's metadata that holds the digest of everything else in the file."""
_METADATA = "__metadata__"


def write_tensor_file(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
    """Write tensors and facts atomically, with a sorted header and a checksum.

    Args:
        path: The file, replaced once the new one is whole and on disk.
        tensors: By name, of any device.
        facts: Metadata of the header.

    Raises:
        GansmithError: The disk is full or the place is read-only.
    """
    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    header, start = _split(content, path)
    header.pop(_METADATA, None)
    data = memoryview(content)[start:]
    header[_METADATA] = dict(facts)
    header[_METADATA][CHECKSUM] = _digest(header, data)
    written = _canonical(header)
    written += b" " * (-len(written) % 8)
    with atomic_file(path) as partial:
        partial.write_bytes(len(written).to_bytes(8, "little") + written)
        with partial.open("ab") as file:
            file.write(data)


def read_tensor_file(path: Path, *, limit: int = TENSOR_BYTES) -> tuple[dict[str, Tensor], Facts]:
    """Read tensors, on the CPU, and facts.

    The file is read as a whole and not mapped, so that it may be replaced or cut off meanwhile.
    Files without a checksum, as earlier versions and other programs write them, are accepted.

    Args:
        path: The file.
        limit: Most bytes that it may have.

    Raises:
        GansmithError: It does not exist.
        UnreadableFile: It is no regular file, too large or damaged.
    """
    content = read_bytes(path, limit)
    header, start = _split(content, path)
    facts = header.get(_METADATA, {})
    given = facts.pop(CHECKSUM, None)
    if given is not None and given != _digest(header, memoryview(content)[start:]):
        raise damaged(path, "its checksum does not match its content")
    try:
        return load(content), facts
    except (SafetensorError, ValueError, LookupError, TypeError, RuntimeError) as error:
        raise damaged(path, " ".join(str(error).split())[:160]) from None


def damaged(path: Path, why: str) -> UnreadableFile:
    """Build the error for a file of tensors that cannot be used."""
    return UnreadableFile(f"{path} is damaged: {why}; restore it from a copy or train again")


def _split(content: bytes, path: Path) -> tuple[dict[str, Any], int]:
    """Parse the header; return it and the offset at which the data begins."""
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(HEADER_BYTES, len(content) - 8):
        raise damaged(path, "it has no safetensors header")
    header = parse_json(content[8 : 8 + length], dict[str, dict[str, Any]], path)
    facts = header.get(_METADATA, {})
    if not all(isinstance(value, str) for value in facts.values()):
        raise damaged(path, "its metadata is not text")
    return header, 8 + length


def _canonical(header: dict[str, Any]) -> bytes:
    return json.dumps(header, sort_keys=True, separators=(",", ":")).encode()


def _digest(header: dict[str, Any], data: memoryview) -> str:
    """Return the SHA-256 of a header without its checksum, and of the data."""
    state = hashlib.sha256(_canonical(header))
    state.update(data)
    return state.hexdigest()
