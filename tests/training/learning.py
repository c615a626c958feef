"""Trainings that end once something is learnt."""

from __future__ import annotations

from collections.abc import Callable


def learns(step: Callable[[int], object], learnt: Callable[[], bool], most: int) -> bool:
    """Take steps until something is learnt; return whether it was within so many.

    Args:
        step: Takes the number of a step.
        learnt: Is asked after every ten steps.
        most: Steps at most.
    """
    for number in range(most):
        step(number)
        if number % 10 == 9 and learnt():
            return True
    return False
