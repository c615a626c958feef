"""Processes of their own for tests, which do not import everything anew.

They are forked from a server that has imported what a training needs, and that all tests of a
session share. Hashes of strings are salted there in another way than in the tests.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
import torch

PRELOADED = ["lightning_fabric", "gansmith.tasks.train", "gansmith.tasks.builtin", "gansmith.cli"]
SALT = "1"


@cache
def forks() -> BaseContext:
    """The context of such processes, and of pipes to them; on Windows nothing is forked."""
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    from multiprocessing.forkserver import ensure_running

    context = get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONHASHSEED", SALT if os.environ.get("PYTHONHASHSEED") != SALT else "2")
        patch.setenv("OMP_NUM_THREADS", "1")
        ensure_running()
    return context


def fork(
    work: Callable[..., object], *arguments: object, environment: Mapping[str, str] | None = None
) -> BaseProcess:
    """Start a function in a process of its own.

    Args:
        work: A function of a module.
        *arguments: Its arguments.
        environment: Entries beside those of this process.
    """
    process = forks().Process(
        target=_work, args=(work, arguments, {**os.environ, **(environment or {})})
    )
    process.start()
    return process


def called(work: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function returns in a process of its own."""
    reader, writer = forks().Pipe(duplex=False)
    process = fork(_tell, writer, work, arguments)
    writer.close()
    result = reader.recv()
    process.join()
    return result


def _tell(writer: Connection, work: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    writer.send(work(*arguments))


def _work(
    work: Callable[..., object], arguments: tuple[object, ...], environment: dict[str, str]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    torch.set_num_threads(1)
    work(*arguments)
