"""Reading files of any origin: bounded, typed, and with every failure as one line.

Nothing on a disk is trusted: a run may come from somebody else, a file may be cut off, and a name
may belong to a pipe. Text, JSON and YAML are read through this module, which limits
size, nesting, alias expansion and the digits of numbers, and checks values against a type.
"""

from __future__ import annotations

import codecs
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from gansmith.errors import GansmithError
from gansmith.storage.atomic import readable_bytes

T = TypeVar("T")
_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}

MIB = 1 << 20
YAML_BYTES = 64 << 10
JSON_BYTES = 64 * MIB
DEPTH = 64
"""Most levels of nesting in JSON or YAML."""
DIGITS = 40
"""Most digits of a whole number; `float` takes all of them."""
NODES = 10_000
"""Most values of a YAML file after aliases are expanded."""
RESTORE = "restore it from a copy"
_UTF_16 = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
_MERGE = "tag:yaml.org,2002:merge"
_YAML_SLIPS = TypeError, AttributeError, LookupError
"""What PyYAML itself raises where the value of an explicit tag is not of its kind."""


class UnreadableFile(GansmithError):
    """A file that exists but cannot be used: damaged, too large, or no regular file."""


@contextmanager
def open_regular(path: Path, limit: int) -> Iterator[BinaryIO]:
    """Open a regular file for reading; a pipe or device is refused without waiting for it.

    Args:
        path: The file.
        limit: Most bytes that it may have.

    Raises:
        GansmithError: The file does not exist.
        UnreadableFile: It is no regular file, is larger than the limit, or cannot be read.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableFile(f"{path} is not a regular file: replace it by one")
            if status.st_size > limit:
                raise UnreadableFile(
                    f"{path} has {readable_bytes(status.st_size)}, more than the "
                    f"{readable_bytes(limit)} that are read: {RESTORE}"
                )
            yield file
    except FileNotFoundError:
        raise GansmithError(f"{path}: No such file; check the path") from None
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a null byte in the path
        raise UnreadableFile(f"{str(path)!r} cannot be read: {error}") from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a file descriptor without waiting for the writer of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes.

    Raises:
        GansmithError: As :func:`open_regular`.
    """
    with open_regular(path, limit) as file:
        # As many as there were: `read` allocates all bytes that it is asked for.
        return file.read(os.fstat(file.fileno()).st_size)


def read_text(path: Path, limit: int = JSON_BYTES) -> str:
    """Read a text file in UTF-8, with or without a byte order mark, or in UTF-16 with one.

    Raises:
        GansmithError: As :func:`read_bytes`, or it is not a text in UTF-8 or UTF-16.
    """
    data = read_bytes(path, limit)
    try:
        text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UnreadableFile(f"{path} is not a text file in UTF-8: save it as UTF-8, or {RESTORE}")
    return text


def read_json(path: Path, kind: type[T], *, limit: int = JSON_BYTES, remedy: str = RESTORE) -> T:
    """Read a JSON file and check it against a type.

    Args:
        path: The file.
        kind: A pydantic model, a dataclass or any other type, such as `dict[str, int]`.
        limit: Most bytes that the file may have.
        remedy: What to do about a damaged file, for the message.

    Raises:
        GansmithError: As :func:`read_text` and :func:`parse_json`.
    """
    return parse_json(read_text(path, limit), kind, path, remedy=remedy)


def parse_json(text: str | bytes, kind: type[T], origin: Path | str, *, remedy: str = RESTORE) -> T:
    """Parse JSON and check it against a type.

    Args:
        text: The JSON.
        kind: As for :func:`read_json`.
        origin: What the text is, for messages.
        remedy: What to do about it.

    Raises:
        UnreadableFile: It is not JSON, is nested too deeply, has a number of too many digits, or
            does not have this type.
    """
    try:
        value = json.loads(text, parse_int=_bounded_int)
        _check_depth(value)
    except (ValueError, RecursionError, MemoryError) as error:
        raise _damaged(origin, f"it is not JSON: {_reason(error)}", remedy) from None
    return validated(value, kind, origin, remedy=remedy)


def read_yaml(path: Path, *, remedy: str = RESTORE) -> Any:
    """Read a YAML file; limits as for :func:`parse_yaml`.

    Raises:
        GansmithError: As :func:`read_text` and :func:`parse_yaml`.
    """
    return parse_yaml(read_text(path, YAML_BYTES), path, remedy=remedy)


def parse_yaml(text: str, origin: Path | str, *, remedy: str = RESTORE) -> Any:
    """Parse YAML into plain values; no tag creates an object.

    Args:
        text: At most 64 KiB of YAML.
        origin: What the text is, for messages.
        remedy: What to do about it.

    Raises:
        UnreadableFile: It is not valid YAML, is nested too deeply, has too many values once
            aliases are expanded, or a number of too many digits.
    """
    if len(text) > YAML_BYTES:
        raise _damaged(origin, f"it has more than {readable_bytes(YAML_BYTES)} of YAML", remedy)
    try:
        return deepcopy(_yaml_values(text))
    except (yaml.YAMLError, ValueError, RecursionError, *_YAML_SLIPS) as error:
        raise _damaged(origin, f"it is not valid YAML: {_reason(error)}", remedy) from None


@lru_cache(maxsize=64)
def _yaml_values(text: str) -> Any:
    """Values of a YAML text: a run reads its recipe again for every file that it writes."""
    return yaml.load(text, Loader=_BoundedLoader)


def validated(value: object, kind: type[T], origin: Path | str, *, remedy: str = RESTORE) -> T:
    """Check plain values against a type and return them as that type.

    Raises:
        UnreadableFile: They do not have this type; the message names the first field.
    """
    try:
        found: T = _adapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part)[:40] for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        raise _damaged(origin, f"{field}: {message}" if field else message, remedy) from None
    return found


def shorten(text: str, length: int = 100) -> str:
    """Return a text in one line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 3]}..."


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _damaged(origin: Path | str, why: str, remedy: str) -> UnreadableFile:
    return UnreadableFile(f"{origin} is damaged ({why}): {remedy}")


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return f"more than {DEPTH} levels of nesting"
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark) is not None:
        tab = "'\\t'" in (error.problem or "")
        problem = "a tab, where YAML takes spaces only" if tab else error.problem
        place = f"line {mark.line + 1}, column {mark.column + 1}"
        return shorten(f"{place}: {problem}", 160)
    return shorten(str(error), 160) or type(error).__name__


def _bounded_int(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError(f"a whole number has {len(digits)} digits, takes up to {DIGITS}")
    return int(digits)


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(DEPTH):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        if not inner:
            return
        level = inner
    raise RecursionError


class _BoundedLoader(yaml.SafeLoader):
    """A `SafeLoader` that counts levels, values with aliases expanded, and digits."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._open: list[int] = []  # values counted so far in each open collection
        self._sizes: dict[int, int] = {}  # values in a finished node, by its identity

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose one node, within the limits."""
        if len(self._open) >= DEPTH:
            raise RecursionError
        self._open.append(1)
        node = super().compose_node(parent, index)
        inside = self._open.pop()
        size = self._sizes.get(id(node), inside)
        if inside == 1 and id(node) not in self._sizes and self._is_open(node):
            raise yaml.YAMLError("an alias stands inside what it refers to")
        self._sizes[id(node)] = size
        if self._open:
            self._open[-1] += size
        if size > NODES or (self._open and self._open[-1] > NODES):
            raise yaml.YAMLError(f"more than {NODES:,} values, with aliases expanded")
        return node

    def compose_mapping_node(self, anchor: Any) -> Any:
        """Compose a mapping; a key that it has twice is refused, where YAML takes the last."""
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                name = key.tag, key.value
                if name in lines:
                    problem = f"'{key.value}' is there twice, first in line {lines[name]}"
                    raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
                lines[name] = key.start_mark.line + 1
        return node

    def _is_open(self, node: Any) -> bool:
        return isinstance(node, yaml.CollectionNode) and node.end_mark is None

    def construct_scalar(self, node: Any) -> Any:
        """Return the text of a scalar; numbers must be short."""
        kinds = ("int", "float", "timestamp")
        if node.tag.removeprefix("tag:yaml.org,2002:") in kinds and len(node.value) > 2 * DIGITS:
            raise ValueError(f"a number has {len(node.value)} characters")
        return super().construct_scalar(node)
