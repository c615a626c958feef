"""The command line, called as from a shell."""

from __future__ import annotations

import sys

import pytest

import gansmith.evaluation.features.classifier as classifier
from gansmith.cli import main


@pytest.fixture(autouse=True)
def quick_evaluations(shared_learning: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The classifiers of evaluations see few samples, and trainings of the same data share them."""
    monkeypatch.setattr(classifier, "SEEN", (640, 640))


@pytest.fixture
def gansmith(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Call the command line; returns (exit code, standard output, standard error)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gansmith", *map(str, arguments)])
        capsys.readouterr()  # what trainings shared by tests have printed is not this command's
        try:
            main()
            code = 0
        except SystemExit as ending:
            code = int(ending.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call
