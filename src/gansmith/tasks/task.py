"""Task: what a recipe does with its data, from the networks to the finished run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from rich.console import Console

from gansmith.consent import Record
from gansmith.console import plain
from gansmith.data.dataset import Dataset
from gansmith.model import MODELS, Model
from gansmith.recipe import Recipe
from gansmith.registry import Registry
from gansmith.report.history import RunHistory
from gansmith.report.report import write_report
from gansmith.run import Run
from gansmith.tasks.build import TrainingSetup
from gansmith.tasks.progress_line import ProgressLine
from gansmith.training.callbacks import Callback, Controller
from gansmith.training.duel import Duel


class Task(ABC):
    """One training as its recipe describes it. `train` calls the methods in the order below.

    `build` and `rebuild` run in every process, all other methods in the first process only.

    Args:
        recipe: All settings.
        dataset: Samples to train on.
        console: Where to print progress.

    Attributes:
        name: What recipes write in `task`.
        model_class: Class of the trained models.
        codec_source: Run whose codec is used instead of fitting one; None: it is fitted.
        consent: Consent of those shown, for the folders that :meth:`people` names.
    """

    name: ClassVar[str]
    model_class: ClassVar[type[Model]]

    def __init__(self, recipe: Recipe, dataset: Dataset, console: Console) -> None:
        self.recipe, self.dataset, self.console = recipe, dataset, console
        self.log = plain(console)
        self.codec_source: str | Path | None = recipe.training.start_from
        self.consent: Record = {}

    def people(self) -> tuple[str, ...]:
        """Return the names of folders whose faces are changed, which takes a consent record."""
        return ()

    @classmethod
    def result_file(cls, run: Run) -> Path:
        """Return the file that holds the result of :meth:`finish`.

        It is removed when training continues. A run is finished once :meth:`finish` has returned,
        which `finished` in its manifest states; for runs of earlier versions this file does.
        """
        return run.quality_file

    @classmethod
    def result_files(cls, run: Run) -> tuple[Path, ...]:
        """Return files that :meth:`finish` writes; a run that lacks one is finished again."""
        return (cls.result_file(run),)

    @classmethod
    def report(cls, run: Run) -> Path:
        """Write `report.html` of a run from its files, and return it; see :func:`write_report`.

        Raises:
            GansmithError: A file in the run is damaged, or the page cannot be written.
        """
        return write_report(run.path)

    def memory_gib(self) -> float | None:
        """Return the estimated memory of a training step in GiB, or None where it is unknown."""
        return None

    @abstractmethod
    def build(self) -> TrainingSetup:
        """Build networks, duel and batch loader; the recipe's seed fixes weights and order.

        Raises:
            GansmithError: A name is unknown, or recipe, data and processes do not fit each other.
        """

    def rebuild(self, setup: TrainingSetup) -> Callable[[int], Duel] | None:
        """Return what builds the duel again from another seed, or None where nothing restarts."""
        return None

    def prepare(self) -> None:
        """Prepare what evaluates the training, before the run folder is created.

        Raises:
            GansmithError: The data or a setting does not allow it.
        """
        return

    def callbacks(
        self, run: Run, setup: TrainingSetup, progress: ProgressLine
    ) -> Sequence[Callback]:
        """Return callbacks that evaluate and draw during training, beside `progress` itself."""
        return ()

    def controller(self, run: Run, setup: TrainingSetup) -> Controller | None:
        """Return what may stop the training, go back to a checkpoint or change settings."""
        return None

    @abstractmethod
    def finish(self, run: Run, samples: int) -> None:
        """Choose what is shipped, evaluate it and write all results.

        It is called again if the process was killed in it, and must then complete the same results.

        Args:
            run: Its budget is used up, or its controller has stopped it.
            samples: Real samples seen.
        """


TASKS: Registry[type[Task]] = Registry("task", provided_by="gansmith.tasks.builtin")


def register_task(task: type[Task]) -> type[Task]:
    """Register a task and the class of its models under the task's name."""
    TASKS.register(task.name)(task)
    MODELS.register(task.name)(task.model_class)
    return task


def report_of(place: str | Path) -> Path:
    """Write the report of a run again, as its task does, and return it.

    Raises:
        GansmithError: The folder is none of a run, a file in it is damaged, or the page cannot be
            written.
    """
    record = RunHistory.read(Path(place))
    name = record.setting("task")
    return TASKS[name].report(record.run) if name in TASKS else write_report(record.run.path)
