"""Planes as glTF, read back by hand from the chunks of the file."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

from gansmith.drawing.gltf import plane_glb


def parsed(content: bytes) -> tuple[dict[str, Any], bytes]:
    magic, version, length = struct.unpack_from("<4sII", content)
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size, kind = struct.unpack_from("<I4s", content, 12)
    assert kind == b"JSON" and size % 4 == 0
    rest, kind = struct.unpack_from("<I4s", content, 20 + size)
    assert kind == b"BIN\0" and 28 + size + rest == len(content)
    return json.loads(content[20 : 20 + size]), content[28 + size :]


def array(document: dict[str, Any], binary: bytes, number: int) -> np.ndarray:
    accessor = document["accessors"][number]
    view = document["bufferViews"][accessor["bufferView"]]
    width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}[accessor["type"]]
    kind = {5126: "<f4", 5125: "<u4"}[accessor["componentType"]]
    assert view["byteOffset"] % 4 == 0 and view["byteLength"] == 4 * width * accessor["count"]
    part = binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
    return np.frombuffer(part, kind).reshape(-1, width)


@pytest.mark.parametrize("shape", [(2, 2), (5, 9)])
def test_a_terrain_is_a_mesh_that_faces_up(shape: tuple[int, int]) -> None:
    heights = np.random.default_rng(0).random(shape).astype(np.float32)
    document, binary = parsed(plane_glb(heights, b"\x89PNG of three bytes", smooth=False))
    assert document["asset"]["version"] == "2.0"
    assert document["buffers"] == [{"byteLength": len(binary)}]
    (primitive,) = document["meshes"][0]["primitives"]
    named = primitive["attributes"]
    positions = array(document, binary, named["POSITION"])
    bounds = document["accessors"][named["POSITION"]]
    assert np.allclose(bounds["min"], positions.min(0))
    assert np.allclose(bounds["max"], positions.max(0))
    assert np.array_equal(positions[:, 1].reshape(shape), heights)
    assert np.allclose(positions.mean(0)[[0, 2]], 0, atol=1e-6)
    triangles = array(document, binary, primitive["indices"]).reshape(-1, 3)
    assert len(triangles) == 2 * (shape[0] - 1) * (shape[1] - 1)
    assert triangles.max() == len(positions) - 1
    a, b, c = (positions[triangles[:, k]] for k in range(3))
    faces = np.cross(b - a, c - a)
    assert (faces[:, 1] > 0).all() and np.allclose(faces[:, 1], 1)  # cells of 1 x 1
    normals = array(document, binary, named["NORMAL"])
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6) and (normals[:, 1] > 0).all()
    coordinates = array(document, binary, named["TEXCOORD_0"])
    assert coordinates[0].tolist() == [0, 0] and coordinates[-1].tolist() == [1, 1]
    (image,) = document["images"]
    view = document["bufferViews"][image["bufferView"]]
    start = view["byteOffset"]
    assert binary[start : start + view["byteLength"]] == b"\x89PNG of three bytes"
    assert document["samplers"][0]["magFilter"] == 9728


def test_a_plain_plane_has_no_texture() -> None:
    document, _ = parsed(plane_glb(np.zeros((2, 2), np.float32)))
    assert "images" not in document
    assert document["materials"] == [
        {"pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 1.0}}
    ]
