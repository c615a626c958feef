"""Delivery of levels: whatever a generator draws, only solved, replayed and new levels leave it.

Candidates are drawn until there are enough. Each one is solved, and repaired where it is not and
the game can be repaired; its solution is replayed by other code; copies of real levels, duplicates
and trivial levels are rejected. How many candidates that took is counted and reported.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.counting import pluralize
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.media.levels.candidate_repair import Repairer, lacks_packages, make_repairer
from gansmith.media.levels.checking import Checked, check, with_ends
from gansmith.media.levels.codec import LevelCodec
from gansmith.media.levels.export import check_copy, check_file, check_into, write_levels
from gansmith.media.levels.games import Limit, Solved
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.novelty import Novelty
from gansmith.media.levels.sizes import grown, grows, least_moves, parse_size, resized
from gansmith.media.levels.wishes import Wish, parse_wishes, said, steered
from gansmith.model import GeneratorModel
from gansmith.networks import Generator
from gansmith.outputs import Provenance
from gansmith.registry import unknown
from gansmith.sampling import draw_latents, generate_samples
from gansmith.verbs import Request

BLOCK = 32
"""Candidates that are drawn at once."""
TRIES, MOST_TRIES = 400, 40
"""Candidates without a single level after which a delivery gives up, and candidates for each level
that is asked for."""
PATIENCE, SEARCHES = 60.0, 20
"""Seconds without a new level after which a delivery gives up; at least as long as so many searches
of the solver may take."""
NEWS = 10.0
"""Seconds between two lines on how far a delivery is."""
SECONDS = 5.0
NODES = 20_000
"""Positions that the solver expands for a candidate: the same on any machine."""


@dataclass(frozen=True)
class Delivered:
    """A level that is delivered.

    Attributes:
        level: Its tiles, with its name.
        solution: Its solution, which was replayed; None where the legend names no game.
        candidate: Number of the candidate that it came from.
        edits: Cells that a repair changed.
    """

    level: Level
    solution: Solved | None
    candidate: int
    edits: int = 0


@dataclass
class Tally:
    """What became of the candidates.

    Attributes:
        candidates: How many were drawn.
        as_drawn: Those that were valid without repair.
        repaired: Those that were delivered after a repair.
        rejected: Those that were not delivered, by reason.
        edits: Cells that each repair changed.
        seconds: Time of the whole delivery.
        parts: Parts that were tried in levels that are put together.
    """

    candidates: int = 0
    parts: int = 0
    as_drawn: int = 0
    repaired: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    edits: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "candidates": self.candidates,
            "valid_as_drawn": self.as_drawn,
            "repaired": self.repaired,
            "rejected": dict(self.rejected.most_common()),
            "median_edits": float(np.median(self.edits)) if self.edits else 0.0,
            "seconds": round(self.seconds, 2),
            "parts": self.parts,
        }

    def __str__(self) -> str:
        drawn = self.as_drawn / max(self.candidates, 1)
        parts = [f"{pluralize(self.candidates, 'candidate')}, {drawn:.0%} valid as drawn"]
        if self.repaired:
            cells = pluralize(round(float(np.median(self.edits))), "cell")
            parts.append(f"{self.repaired:,} repaired (median {cells})")
        rejected = ", ".join(f"{count:,} {name}" for name, count in self.rejected.most_common())
        return "; ".join([*parts, f"rejected: {rejected or 'none'}"])


Candidate = tuple[Level | None, NDArray[np.float32] | None]
"""A level, None if it was given up before it was whole; and how likely each of its tiles is."""


class Gate:
    """Decides which candidates are delivered.

    Args:
        legend: Of the levels.
        novelty: Knows the real levels, and remembers those that are delivered.
        least: Fewest moves of a level that is not trivial.
        limit: How long to search for a solution.
        repairer: Repairs levels that are not solved; None where the game cannot be.

    Attributes:
        wish: What levels are to measure besides; None for any.
    """

    def __init__(
        self,
        legend: Legend,
        novelty: Novelty,
        *,
        least: int = 2,
        limit: Limit | None = None,
        repairer: Repairer | None = None,
    ) -> None:
        self.legend, self.novelty, self.least = legend, novelty, least
        self.limit = limit or Limit(seconds=SECONDS, nodes=NODES)
        self.repairer = repairer
        self.wish: Wish | None = None
        self.tally = Tally()

    def judge(
        self, level: Level | None, probabilities: NDArray[np.float32] | None = None
    ) -> Delivered | None:
        """Return a candidate, repaired where needed, or None if it is rejected.

        Args:
            level: The candidate; None for one that was given up.
            probabilities: What its generator thought of each tile, float32 [C, rows, columns].
        """
        number = self.tally.candidates
        self.tally.candidates += 1
        edits = 0
        if level is None:
            self.tally.rejected["no part fits"] += 1
            return None
        if self.legend.game is None:
            return self._new(level, Checked("solved"), number, edits)
        found = check(level, self.legend, self.limit, self.least)
        if found.solution is not None:
            self.tally.as_drawn += 1
        elif self.repairer is not None:
            repaired = self.repairer(level, probabilities, found.verdict)
            if repaired is None:
                self.tally.rejected[f"{found.outcome} (repair failed)"] += 1
                return None
            edits = int((repaired.tiles != level.tiles).sum())
            level = repaired
            found = check(level, self.legend, self.limit, self.least)
        if found.solution is None:
            self.tally.rejected[found.outcome] += 1
            return None
        return self._new(level, found, number, edits)

    def _new(self, level: Level, found: Checked, number: int, edits: int) -> Delivered | None:
        """Refuse copies and duplicates; give a platformer's window its start and goal."""
        if why := self.novelty.judge(level.tiles):
            self.tally.rejected[why] += 1
            return None
        plain = level.tiles
        if found.solution is not None:
            ended = with_ends(level, self.legend, found.solution)
            if ended is not level:
                found = check(ended, self.legend, self.limit, self.least)
                level = ended
            if found.solution is None:
                self.tally.rejected[found.outcome] += 1
                return None
            if self.wish is not None and not self.wish.met_by(level, found.solution):
                self.tally.rejected["not as wanted"] += 1
                return None
        self.novelty.keep(plain)
        if edits:
            self.tally.repaired += 1
            self.tally.edits.append(edits)
        return Delivered(level, found.solution, number, edits)


def deliver_levels(
    model: GeneratorModel,
    count: int,
    *,
    seed: int = 0,
    label: str | int | None = None,
    truncation: float | None = None,
    seconds: float = SECONDS,
    repair: bool = True,
    size: tuple[int, int] | None = None,
    wanted: Mapping[str, float] | None = None,
    log: LogFn = silent,
) -> tuple[list[Delivered], Tally]:
    """Draw candidates until there are enough levels that may be delivered.

    Args:
        model: A generator of levels.
        count: Levels that are wanted.
        seed: The same seed gives the same levels, unless a search or the delivery runs out of
            time.
        label: Class of the levels.
        truncation: See :func:`gansmith.sampling.draw_latents`.
        seconds: Time for the solver, a level.
        repair: Whether to repair what is not solved, where the game can be.
        size: Rows and columns, where they are not those of the training.
        wanted: Measures within a tenth of which levels are searched for.
        log: Takes a line every 10 seconds, and one if there are fewer levels.

    Raises:
        GansmithError: None of the first 400 candidates can be delivered, nor any for a minute, or
            the model makes no levels.
    """
    codec = _level_codec(model)
    trained = model.blueprint.spec.height, model.blueprint.spec.width
    gate = Gate(
        codec.legend,
        Novelty(codec.known.tolist()),
        least=least_moves(int(codec.facts.get("least", 2)), trained, size or trained),
        limit=Limit(seconds=seconds, nodes=NODES),
        repairer=make_repairer(codec, seconds, seed) if repair else None,
    )
    clock = _Clock(max(PATIENCE, SEARCHES * seconds))
    kept: list[Delivered] = []
    candidates = _sized(model, gate, seed, label, truncation, size)
    if wanted:
        wish = Wish(wanted, codec.legend)
        candidates = _as_wanted(
            steered(model, wish, seed, repaired=gate.repairer is not None), gate, wish, candidates
        )
    for level, chances in candidates:
        if gate.tally.candidates >= TRIES + MOST_TRIES * len(kept) or clock.out_of_patience():
            break
        found = gate.judge(level, chances)
        if found is not None:
            named = replace(found.level, name=f"{len(kept):04d}")
            kept.append(replace(found, level=named))
            clock.found()
        if len(kept) == count:
            break
        if clock.news_are_due():
            drawn, spent = pluralize(gate.tally.candidates, "candidate"), clock.seconds()
            log(f"{len(kept)} of {pluralize(count, 'level')} after {drawn}, {spent:.0f} s")
    gate.tally.seconds = clock.seconds()
    remedy = "train longer, or on more levels"
    if repair and lacks_packages(codec):
        remedy = f"pip install 'gansmith[games]' to repair them, or {remedy}"
    if gate.wish is not None:
        remedy = f"with {said(gate.wish.wanted)} {gate.wish.described()}"
    if not kept:
        raise GansmithError(
            f"none of {gate.tally.candidates} levels that were drawn in {gate.tally.seconds:.0f} s "
            f"can be delivered ({gate.tally}): {remedy}"
        )
    if len(kept) < count:
        log(
            f"warning: gave up at {len(kept)} of {count} levels after {gate.tally.seconds:.0f} s: "
            f"too few candidates are valid; {remedy}"
        )
    return kept, gate.tally


class _Clock:
    """When a delivery says how far it is, and when it gives up."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.started = self.last_found = self.last_news = time.perf_counter()

    def found(self) -> None:
        self.last_found = time.perf_counter()

    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def out_of_patience(self) -> bool:
        return time.perf_counter() - self.last_found > self.patience

    def news_are_due(self) -> bool:
        now = time.perf_counter()
        if now - self.last_news < NEWS:
            return False
        self.last_news = now
        return True


def deliver(model: GeneratorModel, provenance: Provenance, request: Request, log: LogFn) -> Any:
    """Deliver levels and write them; see `gansmith.verbs.Generation.delivers`."""
    codec = _level_codec(model)
    options = dict(request.options)
    wish = str(options.get("repair", "on"))
    if wish not in ("on", "off", "True", "False"):
        raise unknown("--repair", wish, ["on", "off"])
    seconds = options.get("seconds", SECONDS)
    size = parse_size(options["size"]) if options.get("size") else None
    if options.get("into"):
        check_copy(Path(options["into"]), request)
        if size is None:
            sample = codec.level(model.sample(1, seed=request.seed, label=request.label)[0])
            check_into(Path(options["into"]), sample, codec.legend)
    elif request.out is not None and request.out.suffix and not request.out.is_dir():
        check_file(request.out, request.count, codec)
    kept, tally = deliver_levels(
        model,
        request.count,
        seed=request.seed,
        label=request.label,
        truncation=request.truncation,
        seconds=SECONDS if seconds is None else float(seconds),
        repair=wish in ("on", "True"),
        size=size,
        wanted=parse_wishes(options["want"]) if options.get("want") else None,
        log=log,
    )
    place = write_levels(kept, tally, codec, provenance, request)
    log(f"{pluralize(len(kept), 'level')} in {place}, all solved and replayed; {tally}")
    return place


def _level_codec(model: GeneratorModel) -> LevelCodec:
    if not isinstance(model.codec, LevelCodec):
        raise GansmithError(f"this model generates '{model.codec.name}', not levels")
    return model.codec


def _as_wanted(
    searched: Iterator[Level], gate: Gate, wish: Wish, drawn: Iterator[Candidate]
) -> Iterator[Candidate]:
    """Yield levels as wanted; where none can be won as drawn, any, of which the gate keeps those.

    A search sees how levels are drawn. What repair makes of them is known only afterwards.
    """
    for level in searched:
        yield level, None
    if not gate.tally.candidates:
        gate.wish = wish
        yield from drawn


def _sized(
    model: GeneratorModel,
    gate: Gate,
    seed: int,
    label: str | int | None,
    truncation: float | None,
    size: tuple[int, int] | None,
) -> Iterator[Candidate]:
    """Yield candidates of a size without end."""
    codec = _level_codec(model)
    trained = model.blueprint.spec.height, model.blueprint.spec.width
    wanted = size or trained
    part = (wanted[0], trained[1]) if grows(codec, trained, wanted) else wanted
    drawn = _drawn(model, codec, resized(model.generator, trained, part), seed, label, truncation)
    if part == wanted:
        yield from drawn
        return

    def passable(level: Level) -> bool:
        gate.tally.parts += 1
        return check(level, codec.legend, gate.limit).solution is not None

    parts = (level for level, _ in drawn if level is not None)
    for level in grown(parts, wanted[1], passable):
        yield level, None


def _drawn(
    model: GeneratorModel,
    codec: LevelCodec,
    generator: Generator,
    seed: int,
    label: str | int | None,
    truncation: float | None,
) -> Iterator[tuple[Level, NDArray[np.float32] | None]]:
    """Yield samples without end, with what the generator thought of each tile."""
    chances_of = getattr(generator, "probabilities", None)
    block = 0
    while True:
        of = (seed * 1_000_003 + block) % (1 << 62)
        latents, labels = (
            draw_latents(BLOCK, generator.latent, of, truncation),
            model.labels(BLOCK, of, label),
        )
        samples = generate_samples(generator, codec, latents, labels)
        chances: NDArray[np.float32] | None = None
        if chances_of is not None:
            with torch.no_grad():
                chances = chances_of(latents, labels).numpy()
        for number, sample in enumerate(samples):
            yield codec.level(sample), None if chances is None else chances[number]
        block += 1
