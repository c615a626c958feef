"""Findings: the diagnoses of a run in order, with the command that answers each."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gansmith.health.diagnosis import EXPLANATIONS, TRANSLATION_EXPLANATIONS
from gansmith.health.expressions import EXPRESSION_EXPLANATIONS
from gansmith.health.hardening import HARDENING_EXPLANATIONS
from gansmith.recipe import merge_settings
from gansmith.report.history import RunHistory
from gansmith.run_schema import Event

State = Literal["open", "healed", "past"]

ADVICE = {
    "labels ignored": (
        "No setting corrects wrong labels: check those of the data with `gansmith data inspect`, "
        "and that network.conditional is true."
    ),
    "mode collapse (partial)": (
        "The settings are already those that preserve modes best. More time, a wider network or "
        "more samples of the rare kinds can help. The best checkpoint was kept."
    ),
    "memorising": (
        "Augmentation is at its limit: only more training samples help. The best checkpoint was "
        "kept."
    ),
    "discriminator overfits": (
        "Augmentation is at its limit: only more training samples help. The best checkpoint was "
        "kept."
    ),
}
"""What to do where no setting is left to change."""
_OF_TASK = {"expressions": EXPRESSION_EXPLANATIONS, "harden": HARDENING_EXPLANATIONS}
PAST = "It was not diagnosed again after the settings were changed."
RETRAIN = "To train again with other settings:"
NO_ADVICE = "No setting is known to correct this: inspect the data, and try another recipe."


@dataclass(frozen=True)
class Finding:
    """One diagnosis of a run, with all its events.

    Attributes:
        name: Of the diagnosis.
        events: Its events, from the first to the latest; at least one.
        state: "open" where nothing was done about it; "healed" where settings were changed or
            training was ended for it; "past" where that was done for another diagnosis, and this
            one was not made again.
        settings: What to train with instead, as `name=value`; empty where no setting helps.
        task: Of the run; one name may mean another thing in another task.
    """

    name: str
    events: tuple[Event, ...]
    state: State
    settings: tuple[str, ...]
    task: str = ""

    @property
    def first(self) -> Event:
        """The first event."""
        return self.events[0]

    @property
    def last(self) -> Event:
        """The latest event."""
        return self.events[-1]

    @property
    def level(self) -> str:
        """The worst level at which it was made: "warning" or "error"."""
        return max((level_of(event) for event in self.events), key=("warning", "error").index)

    @property
    def evidence(self) -> str:
        """The evidence of the latest event, as a sentence."""
        text = str(self.last.get("text", ""))
        named = "_" in text.partition(" ")[0]  # the name of a signal stays as it is written
        return text if named else text[:1].upper() + text[1:]

    @property
    def explanation(self) -> str:
        """What it means; empty for a diagnosis that this version does not know."""
        known = EXPLANATIONS | TRANSLATION_EXPLANATIONS | _OF_TASK.get(self.task, {})
        return known.get(self.name, "")

    @property
    def modes(self) -> str:
        """Names of the missing modes, if any."""
        return str(self.last.get("modes", ""))

    @property
    def advice(self) -> str:
        """What to do where no setting helps."""
        return "" if self.settings else ADVICE.get(self.name, NO_ADVICE)


def level_of(event: Event) -> str:
    """The level of a diagnosis: "error" or "warning"."""
    return "error" if event.get("level") == "error" else "warning"


def action_of(event: Event) -> str:
    """What was done on a diagnosis: "warn", "heal" or "stop"."""
    return event["action"] if event["action"] in ("heal", "stop") else "warn"


def action_in_words(event: Event) -> str:
    """The same in words, in the past tense."""
    if action_of(event) == "heal":
        return "settings changed" if settings_of(event) else "returned to the best checkpoint"
    return "training stopped" if action_of(event) == "stop" else "warned"


def settings_of(event: Event) -> tuple[str, ...]:
    """The settings that a diagnosis proposes, as `name=value`."""
    return tuple(str(event.get("settings", "")).split())


def options(settings: Iterable[str]) -> str:
    """Return settings as command-line options."""
    return " ".join(f"--set {setting}" for setting in settings)


def find(record: RunHistory) -> list[Finding]:
    """Collect the diagnoses of a run: one finding for each, open ones first.

    Args:
        record: The run; without diagnoses there are no findings.
    """
    changed = [i for i, event in enumerate(record.diagnoses) if _acted(record, event)]
    latest = changed[-1] if changed else -1
    found = []
    for name in dict.fromkeys(event["diagnosis"] for event in record.diagnoses):
        places = [i for i, event in enumerate(record.diagnoses) if event["diagnosis"] == name]
        events = tuple(record.diagnoses[i] for i in places)
        state: State = "past"
        if places[-1] in changed:
            state = "healed"
        elif places[-1] > latest:
            state = "open"
        settings, task = _proposed(record, events[-1], state), str(record.recipe.get("task", ""))
        found.append(Finding(name, events, state, settings, task))
    return sorted(found, key=lambda f: (f.state != "open", f.level != "error"))


def changed_settings(record: RunHistory) -> tuple[str, ...]:
    """Settings that the health monitor changed during a run; empty where it changed none."""
    healed = [e for e in record.diagnoses if e["action"] == "heal"]
    return merge_settings(setting for event in healed for setting in settings_of(event))


def retrain_command(run: Path, settings: Iterable[str]) -> str:
    """Return the command line that trains a run's recipe again with other settings.

    Args:
        run: The run folder; the new one is named after it and does not exist yet.
        settings: As `name=value`.
    """
    options = [part for setting in settings for part in ("--set", setting)]
    recipe, out = str(run / "recipe.yaml"), str(_free(run))
    return shlex.join(["gansmith", "train", recipe, "--out", out, *options])


def longer_command(record: RunHistory) -> str:
    """Return the command line that continues training with twice the budget."""
    name, unit = "--samples", record.setting("training.samples")
    if isinstance(minutes := record.setting("training.minutes"), int | float):
        name, unit = "--minutes", minutes
    run = record.run.path
    budget = [] if unit is None else [name, f"{2 * unit:.10g}"]
    return shlex.join(["gansmith", "train", str(run / "recipe.yaml"), "--out", str(run), *budget])


def _acted(record: RunHistory, event: Event) -> bool:
    """Whether settings were changed, or training ended at the best checkpoint."""
    ended = record.manifest.stopped and event is record.diagnoses[-1]
    return event["action"] == "heal" and (ended or bool(settings_of(event)))


def _proposed(record: RunHistory, event: Event, state: State) -> tuple[str, ...]:
    """Return settings for a new training, including those changed before the diagnosis."""
    own = settings_of(event)
    if state != "open" or not own:
        return own
    return merge_settings((*changed_settings(record), *own))


def _free(run: Path) -> Path:
    """A folder beside a run, with its name and the next number, that does not exist yet."""
    named = run if run.name not in ("", "..") else run.resolve()
    number = 2
    while (folder := named.with_name(f"{named.name}-{number}")).exists():
        number += 1
    return folder
