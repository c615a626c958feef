"""Run: the folder of one training. The only code that knows its layout on disk."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from gansmith.drawing.pixels import png_bytes
from gansmith.errors import GansmithError
from gansmith.log import LogFn, silent
from gansmith.outputs import Payload, Provenance, save_output
from gansmith.provenance.marking import EVERY_LAYER, Marking
from gansmith.provenance.texts import JSON_FIELD
from gansmith.recipe import Recipe, dump_recipe, parse_recipe
from gansmith.run_schema import Event, Manifest, parse_event
from gansmith.storage.atomic import PART, atomic_file, sweep
from gansmith.storage.checkpoint import Tree, all_finite, load_first, save_tree
from gansmith.storage.process_lock import ProcessLock
from gansmith.storage.reading import (
    MIB,
    UnreadableFile,
    open_regular,
    read_bytes,
    read_json,
    read_yaml,
    validated,
)
from gansmith.storage.tensor_file import read_tensor_file, write_tensor_file

FORMAT = "gansmith-run-1"
REMEDY = "restore it, or train or evaluate again"
"""What to do about a damaged file of a run."""
IMAGE_DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, OverflowError, MemoryError, struct.error),
    Image.DecompressionBombError,
)
"""What Pillow raises on damaged images."""
_EVENTS_BYTES = 128 * MIB
_FRAME_BYTES, _FRAME_PIXELS = 64 * MIB, 2**24


class Run:
    """One run folder.

    Args:
        path: The folder. It need not exist yet.
        log: Takes a line where a damaged file is replaced by an earlier one.
    """

    def __init__(self, path: Path | str, log: LogFn = silent) -> None:
        self.path = Path(path)
        self._say = log
        self.recipe_file = self.path / "recipe.yaml"
        self.manifest_file = self.path / "manifest.json"
        self.metrics_file = self.path / "metrics.jsonl"
        self.quality_file = self.path / "quality.json"
        self.lock_file = self.path / "lock"
        self.generator_file = self.path / "generator.safetensors"
        self.model_file = self.path / "model.safetensors"
        self.medium_file = self.path / "medium.safetensors"
        self.report_file = self.path / "report.html"
        self.sheet_file = self.path / "sheet.png"
        self.real_sheet_file = self.path / "real.png"
        self.animation_file = self.path / "film.webp"
        self.curves_file = self.path / "curves.png"
        self.frames_dir = self.path / "frames"
        self.clips_dir = self.path / "clips"
        self.texts_file = self.path / "texts.json"
        self.contest_file = self.path / "contest.json"
        self.checkpoints_dir = self.path / "checkpoints"
        self._lock = ProcessLock(self.lock_file)
        self._listeners: list[Callable[[Event], None]] = []

    @property
    def exists(self) -> bool:
        """True where the folder holds a run."""
        return self.manifest_file.is_file() and self.recipe_file.is_file()

    def create(
        self, recipe: Recipe, manifest: dict[str, Any], codec: Mapping[str, Tensor] | None = None
    ) -> None:
        """Lay out a new run folder; the manifest is written last and makes it a run.

        Args:
            recipe: All settings.
            manifest: What is known of the run.
            codec: Weights that the codec was fitted with.

        Raises:
            GansmithError: The folder holds something else, or cannot be written.
        """
        self.check_usable()
        self.make_folder()
        for folder in (self.frames_dir, self.checkpoints_dir):
            folder.mkdir(exist_ok=True)
        self.sweep()
        self.save_recipe(recipe)
        self.save_medium(dict(codec or {}))
        self._write_json(self.manifest_file, {"format": FORMAT, **manifest})

    def make_folder(self) -> None:
        """Make the folder of the run.

        Raises:
            GansmithError: It cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GansmithError(
                f"run folder {self.path} cannot be written ({error.strerror}): choose another "
                "with --out"
            ) from None

    def sweep(self) -> None:
        """Remove temporary files that killed processes left. The caller holds the lock."""
        for folder in (self.path, self.checkpoints_dir, self.frames_dir, self.clips_dir):
            for inner in (folder, *(entry for entry in folder.glob("*") if entry.is_dir())):
                sweep(inner, older_than=0.0)

    def check_usable(self) -> None:
        """Check that a new run may be laid out here.

        Raises:
            GansmithError: The folder holds something that is not a run, or is a file.
        """
        if self.path.is_dir() and not self.exists and self._foreign_entries():
            raise GansmithError(
                f"{self.path} holds files that are not a gansmith run: choose another folder "
                "with --out"
            )
        if self.path.exists() and not self.path.is_dir():
            raise GansmithError(f"{self.path} is a file: choose a folder with --out")

    def _foreign_entries(self) -> list[Path]:
        """Return what is in the folder and was not left by a killed :meth:`create`."""
        own = {self.recipe_file, self.medium_file, self.lock_file}
        folders = {self.frames_dir, self.checkpoints_dir}
        found = [
            entry
            for place in (self.path, *(folder for folder in folders if folder.is_dir()))
            for entry in place.iterdir()
        ]
        own |= folders | set(self.frames())
        return [e for e in found if e not in own and not e.name.startswith(PART)]

    def check_present(self) -> None:
        """Check that the folder of a running training still exists.

        Raises:
            GansmithError: It was removed or renamed.
        """
        if not self.manifest_file.exists():
            raise self._removed()

    def _removed(self) -> GansmithError:
        return GansmithError(
            f"run folder {self.path} was removed or renamed during training: training stops here; "
            "put the folder back to resume, or run the same command again to start anew"
        )

    def require(self) -> Run:
        """Return this run if there is one here.

        Raises:
            GansmithError: The folder is missing or holds something else.
        """
        if not self.path.exists():
            raise GansmithError(f"there is no run folder {self.path}: check the path")
        if not self.exists:
            raise GansmithError(f"{self.path} is not a gansmith run: it has no manifest.json")
        return self

    def save_recipe(self, recipe: Recipe) -> None:
        """Write the recipe; its budget and intervals may change from session to session."""
        self._write_text(self.recipe_file, dump_recipe(recipe))

    def recipe(self) -> Recipe:
        """Read the recipe of the run."""
        settings = read_yaml(self.recipe_file, remedy=REMEDY)
        if not isinstance(settings, dict):
            raise UnreadableFile(f"{self.recipe_file} is damaged (it is no mapping): {REMEDY}")
        return parse_recipe(settings)

    def manifest(self) -> dict[str, Any]:
        """Read the manifest: data, shape, labels, versions, machine."""
        manifest = self._read_json(self.manifest_file)
        if manifest.get("format") != FORMAT:
            raise GansmithError(f"{self.manifest_file} is not of format {FORMAT}")
        return manifest

    def facts(self) -> Manifest:
        """Read the manifest, typed.

        Raises:
            GansmithError: It is damaged, or lacks a field.
        """
        return validated(self.manifest(), Manifest, self.manifest_file, remedy=REMEDY)

    def note(self, **facts: Any) -> None:
        """Add facts to the manifest."""
        self._write_json(self.manifest_file, self.manifest() | facts)

    def log(self, event: str, **values: Any) -> None:
        """Append one event to metrics.jsonl and pass it to those that listen."""
        content: Event = {"event": event, **values}
        try:
            with self.metrics_file.open("a", encoding="utf-8") as file:
                file.write(_one_line(content) + "\n")
        except FileNotFoundError:
            raise self._removed() from None
        for listener in self._listeners:
            listener(content)

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Have a function called with every event that is logged from now on."""
        self._listeners.append(listener)

    def events(self) -> Iterator[Event]:
        """Iterate over all events; lines that are none and an incomplete last line are skipped."""
        yield from self.read_events()[0]

    def read_events(self, offset: int = 0) -> tuple[list[Event], int]:
        """Read the events that were logged since an earlier call.

        Args:
            offset: Byte offset that the earlier call returned; 0 for the start. Where the file has
                become shorter than that, because training was resumed from an earlier checkpoint,
                all events are read again.

        Returns:
            The events, and the offset for the next call. An incomplete last line is not consumed;
            lines that are no event are skipped.

        Raises:
            GansmithError: The file is too large, or no regular file.
        """
        if not self.metrics_file.exists():
            return [], 0
        with open_regular(self.metrics_file, _EVENTS_BYTES) as file:
            size = os.fstat(file.fileno()).st_size
            if offset > size:
                offset = 0
            file.seek(offset)
            complete, newline, _ = file.read(size - offset).rpartition(b"\n")
        lines = complete.split(b"\n")
        found = [event for line in lines if (event := parse_event(line)) is not None]
        return found, offset + len(complete) + len(newline)

    def event_lines(self) -> list[bytes]:
        """Return the whole lines of metrics.jsonl; a last one without its end is left out.

        Raises:
            GansmithError: The file is too large, or no regular file.
        """
        if not self.metrics_file.exists():
            return []
        return read_bytes(self.metrics_file, _EVENTS_BYTES).split(b"\n")[:-1]

    def forget_after(self, samples: int) -> None:
        """Remove events and frames that are later than a checkpoint, before training resumes."""
        kept = [event for event in self.events() if event.get("samples", 0) <= samples]
        lines = "".join(_one_line(event) + "\n" for event in kept)
        self._write_text(self.metrics_file, lines)
        for frame in self.frames_dir.glob("*.png"):
            if frame.stem.isdigit() and int(frame.stem) > samples:
                frame.unlink()

    @property
    def training_process(self) -> int | None:
        """Id of the live process that trains in this folder, or None."""
        return self._lock.holder

    def check_unlocked(self) -> None:
        """Check that no other process trains in this folder; the lock of a dead one is removed.

        Raises:
            GansmithError: One does.
        """
        if (process := self.training_process) is not None:
            raise GansmithError(
                f"{self.path} is being trained by process {process}: wait until it ends, stop it, "
                "or choose another folder with --out"
            )
        self._lock.remove_stale()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from training in this folder, which must exist.

        The file `lock` holds this process's id; the lock of a process that has died is replaced.

        Raises:
            GansmithError: Another training holds the lock, or the folder cannot be written.
        """
        try:
            acquired = self._lock.acquire()
        except OSError as error:
            raise GansmithError(f"{self.lock_file} cannot be written: {error.strerror}") from None
        if not acquired:
            self.check_unlocked()
            raise GansmithError(f"{self.path} is being trained by another process")
        try:
            yield
        finally:
            self._lock.release()

    def save_checkpoint(self, name: str, state: Tree) -> None:
        """Write checkpoint `last`, `best` or `kept`; of `last`, the one before is kept too.

        Raises:
            GansmithError: The state holds a NaN, the disk is full or the folder read-only. What was
                saved before is untouched.
        """
        if not all_finite(state):
            raise GansmithError(f"checkpoint '{name}' not saved: the weights hold NaN or infinity")
        latest, before = self.checkpoint_files(name)
        if name == "last":
            _keep_before(latest, before)
        save_tree(state, latest)

    def load_checkpoint(self, name: str) -> Tree | None:
        """Read a checkpoint, or return None where there is none yet.

        A damaged file is passed over, with a line to the log, where an earlier one is left.
        Checkpoints of earlier versions hold one `average`, that of the generator; it is read as
        the `averages` that are written today.

        Raises:
            GansmithError: All files of this checkpoint are damaged.
        """
        state = load_first(self.checkpoint_files(name), self._say)
        if state is not None and "average" in state:
            state["averages"] = {"generator": state.pop("average")}
        return state

    def checkpoint_files(self, name: str) -> list[Path]:
        """Return the files of a checkpoint, the latest first; they need not exist."""
        return [
            self.checkpoints_dir / f"{name}.safetensors",
            self.checkpoints_dir / f"{name}-previous.safetensors",
        ]

    @property
    def trained_file(self) -> Path | None:
        """File of the trained model, or None where training has not ended yet."""
        files = (self.generator_file, self.model_file)
        return next((file for file in files if file.exists()), None)

    def save_generator(self, weights: dict[str, Tensor], facts: dict[str, str]) -> None:
        """Write the EMA generator with the facts needed to rebuild it."""
        write_tensor_file(self.generator_file, weights, facts)

    def save_model(self, weights: dict[str, Tensor], facts: dict[str, str]) -> None:
        """Write a trained model that is not a single generator, with the facts to rebuild it."""
        write_tensor_file(self.model_file, weights, facts)

    def load_trained(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Read the weights and the facts of the trained model.

        Raises:
            GansmithError: Training has not ended yet, or the file is damaged: its checksum does
                not match, or a weight is not finite.
        """
        if self.trained_file is None:
            raise GansmithError(f"{self.path} has no trained model yet: train it first")
        return _read_weights(self.trained_file)

    def save_medium(self, tensors: dict[str, Tensor]) -> None:
        """Write the fitted weights of the codec; no file if it has none."""
        if tensors:
            write_tensor_file(self.medium_file, tensors, {})

    def load_medium(self) -> dict[str, Tensor]:
        """Read the fitted weights of the codec, if it has any.

        Raises:
            GansmithError: The file is damaged.
        """
        return _read_weights(self.medium_file)[0] if self.medium_file.exists() else {}

    def provenance(self, seed: int | None = None, *, generated: bool = True) -> Provenance:
        """Return the provenance of files that this run makes.

        Args:
            seed: Of the samples; that of the training if left out.
            generated: Whether the files hold samples that the generator made.

        Returns:
            What is known: a generator file without its run folder still gives samples.
        """
        recipe = None
        try:
            recipe = str(self.manifest()["name"])
            if seed is None:
                seed = int(read_yaml(self.recipe_file)["training"]["seed"])
        except (GansmithError, LookupError, TypeError, ValueError):
            pass
        return Provenance(
            run=str(self.path),
            recipe=recipe,
            seed=seed,
            generated=generated,
            model=None if self.trained_file is None else _digest(self.trained_file),
        )

    def save_output(self, path: Path, payload: Payload, *, generated: bool = True) -> Path:
        """Write a file of the run: generated samples, or a chart of the training."""
        return save_output(path, payload, self.provenance(generated=generated))

    def save_picture(self, path: Path, picture: Image.Image, *, generated: bool = True) -> None:
        """Write a picture of the run, without invisible mark, which shows on white margins.

        `generated` is as for :meth:`provenance`.
        """
        save_output(path, png_bytes(picture), self.provenance(generated=generated).without_mark())

    def save_frame(self, samples: int, sheet: Image.Image) -> None:
        """Write one frame of the animation, named by the samples seen; without invisible mark."""
        path = self.frames_dir / f"{samples:09d}.png"
        save_output(path, png_bytes(sheet), self.provenance().without_mark())

    def frames(self) -> list[Path]:
        """Return the frames of the animation, in order."""
        return sorted(self.frames_dir.glob("*.png"))

    def frame_images(self) -> list[Image.Image]:
        """Read the frames of the animation as RGB, in order.

        Frames that are damaged or very large are left out, with a line to the log.
        """
        found: list[Image.Image] = []
        for path in self.frames():
            try:
                with open_regular(path, _FRAME_BYTES) as file, Image.open(file) as image:
                    if image.width * image.height > _FRAME_PIXELS:
                        raise UnreadableFile(f"{path} has {image.width} x {image.height} pixels")
                    found.append(image.convert("RGB"))
            except (GansmithError, *IMAGE_DAMAGE) as error:
                self._say(f"warning: {path} is left out of the animation: {error}")
        return found

    def clips(self, kind: str) -> list[Path]:
        """Return the audio previews of a kind, `generated` or `real`, in order."""
        return sorted((self.clips_dir / kind).glob("*.flac"))

    def save_texts(self, texts: dict[str, list[str]]) -> None:
        """Write example texts of the kinds `generated` and `real`."""
        self.save_output(self.texts_file, _json_text(texts).encode())

    def texts(self) -> dict[str, list[str]]:
        """Read what :meth:`save_texts` wrote; empty where there is none."""
        if not self.texts_file.is_file():
            return {}
        found = read_json(self.texts_file, dict[str, Any], remedy=REMEDY)
        found.pop(JSON_FIELD, None)
        return validated(found, dict[str, list[str]], self.texts_file, remedy=REMEDY)

    def save_contest(self, contest: dict[str, Any]) -> None:
        """Write the comparison of two generators, one of which is shipped."""
        self._write_json(self.contest_file, contest)

    def contest(self) -> dict[str, Any] | None:
        """Read what :meth:`save_contest` wrote; None where there was no contest."""
        return self._read_json(self.contest_file) if self.contest_file.is_file() else None

    def save_files(self, files: dict[str, str]) -> None:
        """Write files for other programs beside the generator, by name."""
        for name, content in files.items():
            self._write_text(self.path / name, content)

    def quality(self) -> dict[str, Any]:
        """Read the final evaluation, as plain values."""
        return self._read_json(self.quality_file)

    def save_quality(self, verdict: dict[str, Any]) -> None:
        """Write the final evaluation."""
        self._write_json(self.quality_file, verdict)

    def _write_json(self, path: Path, content: dict[str, Any]) -> None:
        self._write_text(path, _json_text(content))

    def _write_text(self, path: Path, text: str) -> None:
        with atomic_file(path) as partial:
            partial.write_text(text, "utf-8")

    def _read_json(self, path: Path) -> dict[str, Any]:
        return read_json(path, dict[str, Any], remedy=REMEDY)


def provenance_of(
    source: Path | str, seed: int | None, marking: Marking = EVERY_LAYER
) -> Provenance:
    """Return the provenance of samples that a run folder or a generator file makes."""
    known = replace(Run(home_of(source)).provenance(seed), run=str(source), marking=marking)
    return replace(known, model=_digest(Path(source))) if Path(source).is_file() else known


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, which is computed once as long as it does not change."""
    facts = path.stat()
    return _digest_of(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=64)
def _digest_of(path: Path, changed: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def home_of(source: Path | str) -> Path:
    """Return the folder of a run that is named by itself or by a file in it."""
    return Path(source) if Path(source).is_dir() else Path(source).parent


def _json_text(content: Mapping[str, Any]) -> str:
    return _encodable(content, indent=2) + "\n"


def _one_line(content: Mapping[str, Any]) -> str:
    return _encodable(content, indent=None)


def _encodable(content: Mapping[str, Any], indent: int | None) -> str:
    """Return JSON that UTF-8 can hold; a name of undecodable bytes has lone surrogates."""
    text = json.dumps(content, indent=indent, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(content, indent=indent)
    return text


def _keep_before(latest: Path, before: Path) -> None:
    """Give the present file a second name, so that replacing it leaves that one."""
    with suppress(OSError):  # none yet, or a file system without links
        before.unlink(missing_ok=True)
        os.link(latest, before)


def _read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a file of weights that must be finite."""
    weights, facts = read_tensor_file(path)
    if not all_finite(weights):
        raise UnreadableFile(
            f"{path} is damaged: its weights hold NaN or infinity; restore it, or train again"
        )
    return weights, facts
