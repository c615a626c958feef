"""Planes as glTF 2.0 binary files (.glb): a flat one with a texture, or a terrain.

The format is that of the Khronos specification: a header, a chunk of JSON and a chunk of numbers.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC, _VERSION = 0x46546C67, 2
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_FLOAT, _UNSIGNED_INT = 5126, 5125
_VERTICES, _INDICES = 34962, 34963
_REPEAT, _NEAREST, _LINEAR = 10497, 9728, 9729


def plane_glb(
    heights: NDArray[np.float32], texture: bytes | None = None, *, smooth: bool = True
) -> bytes:
    """Return a mesh of one vertex for each height, with normals and texture coordinates.

    Columns run along x, rows along z and heights along y, all in the same unit: neighbouring
    vertices are 1 apart. The plane is centred on the origin and faces up.

    Args:
        heights: [H, W], at least 2 x 2.
        texture: PNG that covers the plane once; None for a plain one.
        smooth: Interpolate between the texture's pixels; False for pixel art.
    """
    parts = _Parts()
    attributes = {
        "POSITION": parts.add(_positions(heights), "VEC3", _VERTICES, bounds=True),
        "NORMAL": parts.add(_normals(heights), "VEC3", _VERTICES),
        "TEXCOORD_0": parts.add(_coordinates(heights.shape), "VEC2", _VERTICES),
    }
    indices = parts.add(_triangles(heights.shape), "SCALAR", _INDICES)
    surface: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 1.0}
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "gansmith"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": attributes, "indices": indices, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": surface}],
    }
    if texture is not None:
        surface["baseColorTexture"] = {"index": 0}
        document["materials"][0] |= {"alphaMode": "MASK"}
        document["textures"] = [{"sampler": 0, "source": 0}]
        document["images"] = [{"bufferView": parts.add_view(texture), "mimeType": "image/png"}]
        kind = _LINEAR if smooth else _NEAREST
        document["samplers"] = [
            {"magFilter": kind, "minFilter": kind, "wrapS": _REPEAT, "wrapT": _REPEAT}
        ]
    document |= {"accessors": parts.accessors, "bufferViews": parts.views}
    document["buffers"] = [{"byteLength": len(parts.content)}]
    header = _padded(json.dumps(document, separators=(",", ":")).encode(), b" ")
    chunks = struct.pack("<II", len(header), _JSON) + header
    chunks += struct.pack("<II", len(parts.content), _BIN) + bytes(parts.content)
    return struct.pack("<III", _MAGIC, _VERSION, 12 + len(chunks)) + chunks


class _Parts:
    """The numbers of a file, and what describes them."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(
        self,
        values: NDArray[np.float32] | NDArray[np.uint32],
        kind: str,
        target: int,
        bounds: bool = False,
    ) -> int:
        """Add an array [N] or [N, D] and return the number of its accessor."""
        accessor: dict[str, Any] = {
            "bufferView": self.add_view(values.tobytes(), target),
            "componentType": _FLOAT if values.dtype == np.float32 else _UNSIGNED_INT,
            "count": len(values),
            "type": kind,
        }
        if bounds:
            accessor |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def add_view(self, content: bytes, target: int | None = None) -> int:
        """Add bytes, padded to 4, and return the number of their view."""
        view = {"buffer": 0, "byteOffset": len(self.content), "byteLength": len(content)}
        self.views.append(view if target is None else view | {"target": target})
        self.content += _padded(content, b"\0")
        return len(self.views) - 1


def _padded(content: bytes, filling: bytes) -> bytes:
    return content + filling * (-len(content) % 4)


def _positions(heights: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = heights.shape
    z, x = np.indices(heights.shape, np.float32)
    x, z = x - np.float32((columns - 1) / 2), z - np.float32((rows - 1) / 2)
    return np.stack([x, heights.astype(np.float32), z], axis=-1).reshape(-1, 3)


def _normals(heights: NDArray[np.float32]) -> NDArray[np.float32]:
    by_z, by_x = np.gradient(heights.astype(np.float32))
    normals = np.stack([-by_x, np.ones_like(by_x), -by_z], axis=-1).reshape(-1, 3)
    unit: NDArray[np.float32] = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    return unit.astype(np.float32)


def _coordinates(shape: tuple[int, ...]) -> NDArray[np.float32]:
    rows, columns = shape
    v, u = np.indices((rows, columns), np.float32)
    return np.stack([u / (columns - 1), v / (rows - 1)], axis=-1).reshape(-1, 2).astype(np.float32)


def _triangles(shape: tuple[int, ...]) -> NDArray[np.uint32]:
    """Two triangles a cell, counter-clockwise seen from above."""
    rows, columns = shape
    numbers = np.arange(rows * columns, dtype=np.uint32).reshape(rows, columns)
    here, right = numbers[:-1, :-1], numbers[:-1, 1:]
    below, across = numbers[1:, :-1], numbers[1:, 1:]
    return np.stack([here, below, right, right, below, across], axis=-1).reshape(-1)
