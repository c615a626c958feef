"""Processes of their own for tests, which do not import everything anew.

They are forked from a server that has imported what a training needs, and that all tests of a
session share.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess

import torch

PRELOADED = ["lightning_fabric", "gansmith.tasks.train", "gansmith.tasks.builtin"]


@cache
def forks() -> ForkServerContext:
    """The context of such processes, and of pipes to them; there is none on Windows."""
    context = get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
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


def _work(
    work: Callable[..., object], arguments: tuple[object, ...], environment: dict[str, str]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    torch.set_num_threads(1)
    work(*arguments)
