"""Small data and small budgets, with which pages and examples are executed."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import gansmith.evaluation.features.classifier as classifier
import gansmith.tasks.callbacks as callbacks
import gansmith.tasks.doctor as doctor
import gansmith.tasks.finalize as finalize
import gansmith.tasks.inspect_data as inspection
import gansmith.tasks.invert as inversion
import gansmith.tasks.train as verb
from gansmith.data.downloads.checksums import PinnedFile
from gansmith.extractor import EXTRACTORS, FILE_EXTRACTORS
from gansmith.media.audio.vocoder import Vocoder
from gansmith.media.image.datasets import PICTURE_SETS
from gansmith.media.image.datasets.stacked_mnist import stacked
from gansmith.media.levels.datasets import LEVEL_SETS
from gansmith.media.levels.datasets.corpus import write_levels
from gansmith.medium import MEDIA
from gansmith.model import MODELS, contact_sheet
from gansmith.networks import NETWORKS
from gansmith.objectives.losses import OBJECTIVES
from gansmith.objectives.penalties import PENALTIES
from gansmith.recipe import Recipe, override
from gansmith.sections import DATA_OPTIONS, RECIPE_SECTIONS
from gansmith.tasks.task import TASKS
from gansmith.training.duel import DUELS
from gansmith.verbs import GENERATIONS, VERBS
from tests.conftest import (
    make_beats,
    make_hits,
    make_labelled,
    make_messy,
    make_notes,
    make_sprites,
    share_learning,
)
from tests.docs.reader import Reader
from tests.tasks.people import make_person
from tests.tasks.text_runs import make_titled_poems
from tests.training.verses import TEXTS

REGISTRIES = (
    DATA_OPTIONS,
    DUELS,
    EXTRACTORS,
    FILE_EXTRACTORS,
    GENERATIONS,
    MEDIA,
    MODELS,
    NETWORKS,
    OBJECTIVES,
    PENALTIES,
    RECIPE_SECTIONS,
    TASKS,
    VERBS,
)
TRAIN, TEST = 300, 60
SOUND = {"decoder_steps": 2, "iterations": 2}
BUDGET = {"minutes": None, "samples": 32, "batch": 16, "frames": 2, "log_every": 1}
LOOKS = {"samples": 16, "quick_samples": 16, "quick_looks": 1}
SLIM = {
    "conv": ("width=8", "max_width=8", "head=16"),
    "dcgan": ("width=8",),
    "editor": ("width=8", "blocks=1", "d_width=8", "d_features=16"),
    "faceswap": ("width=8", "max_width=16", "d_width=8"),
    "r3gan": ("width=8", "max_width=8"),
    "sequence": ("width=32", "embedding=16"),
    "spectrogram": ("width=16", "max_width=16", "style=16", "head=16"),
    "tile-scales": ("width=8", "seen=8"),
    "tiles": ("width=8",),
    "staged": ("width=8", "max_width=8", "grid_width=8", "head=16"),
    "labelled-translator": ("width=8", "blocks=1", "d_width=8"),
    "unet": ("width=8", "levels=2", "d_width=8"),
    "translator": ("width=8", "blocks=1", "d_width=8"),
    "wavegan": ("width=4",),
}
"""Options that keep a network small, by its name."""
SMALL = {"translator": 32, "unet": 32, "labelled-translator": 32}
"""Side of the pictures that a network sees, by its name; others take what their recipe says."""


@pytest.fixture(autouse=True)
def quick_evaluations(
    private_cache: Path, session_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The classifiers of evaluations see few samples, and pages of the same data share them."""
    monkeypatch.setattr(classifier, "SEEN", (640, 640))
    share_learning(private_cache, session_cache / "learnt-quickly")


@pytest.fixture(autouse=True)
def small_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Printed digits in place of MNIST, and few stacks of them.

    They are four small IDX files in GANSMITH_DATA, pinned like the real ones.
    """
    images, labels = printed_digits(TRAIN + TEST)
    arrays = (images[:TRAIN], labels[:TRAIN], images[TRAIN:], labels[TRAIN:])
    folder = tmp_path / "mnist"
    folder.mkdir()
    pins = []
    for file, array in zip(PICTURE_SETS["mnist"].files, arrays, strict=True):
        sides = b"".join(side.to_bytes(4, "big") for side in array.shape)
        data = bytes([0, 0, 8, array.ndim]) + sides + array.tobytes()
        (folder / file.name).write_bytes(data)
        pins.append(PinnedFile(file.name, hashlib.sha256(data).hexdigest(), len(data)))
    small = dataclasses.replace(
        PICTURE_SETS["mnist"], files=tuple(pins), sources=(), samples=TRAIN + TEST
    )
    monkeypatch.setitem(PICTURE_SETS, "mnist", small)
    stacks = stacked(small, training=TRAIN, held_out=TEST)
    monkeypatch.setitem(PICTURE_SETS, "stacked-mnist", stacks)
    monkeypatch.setenv("GANSMITH_DATA", str(folder))


@pytest.fixture(autouse=True)
def small_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small networks train on 32 samples and are evaluated on 16, whatever the recipe says."""
    resolve = verb.resolve

    def shrunk(*args: object, **options: object) -> Recipe:
        recipe = resolve(*args, **options)  # type: ignore[arg-type]
        slim = SLIM.get(recipe.network.name, ())
        small = (f"data.size={SMALL[name]}",) if (name := recipe.network.name) in SMALL else ()
        recipe = override(recipe, [*(f"network.{option}" for option in slim), *small])
        training = recipe.training.model_copy(update=BUDGET)
        evaluation = recipe.evaluation.model_copy(update=LOOKS)
        sound = recipe.sound.model_copy(update=SOUND)
        shorter = {"training": training, "evaluation": evaluation, "sound": sound}
        return recipe.model_copy(update=shorter)

    monkeypatch.setattr(verb, "resolve", shrunk)
    monkeypatch.setattr(doctor, "resolve", shrunk)
    load = inspection.load_recipe

    def quickly_decoded(*args: object) -> Recipe:
        recipe = load(*args)  # type: ignore[arg-type]
        return recipe.model_copy(update={"sound": recipe.sound.model_copy(update=SOUND)})

    monkeypatch.setattr(inspection, "load_recipe", quickly_decoded)
    monkeypatch.setattr(finalize, "contact_sheet", partial(contact_sheet, count=10))
    monkeypatch.setattr(callbacks, "FRAME_SAMPLES", 10)
    monkeypatch.setattr(callbacks, "FRAME_SOUNDS", 4)
    monkeypatch.setattr(inversion, "STEPS", 5)
    monkeypatch.setattr(Vocoder.__init__, "__defaults__", (32, 1))  # width and depth


@pytest.fixture(autouse=True)
def own_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore registries after each page."""
    for registry in REGISTRIES:
        registry.names()  # registers the built-in entries, which must outlive the page
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))


@pytest.fixture
def reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Reader:
    """Return a reader that works in an empty folder."""
    folder = tmp_path / "reader"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Reader(monkeypatch, capsys)


def _demo_run(place: Path) -> None:
    verb.train("digits", out=place)


DUNGEON_ROWS = "####### #@.#..# #..R.># {} #######"
DUNGEON = "\n\n".join(DUNGEON_ROWS.format(row).replace(" ", "\n") for row in ("#r.#..#", "#..#.r#"))
"""A level whose key lies before the door, and one whose key lies behind it."""


def make_answers(folder: Path, count: int) -> Path:
    """Write sprites of the same names as others, with their colours changed."""
    for path in make_sprites(folder, count).iterdir():
        pixels = np.array(Image.open(path))
        pixels[:, :, :3] = 255 - pixels[:, :, :3]
        Image.fromarray(pixels).save(path)
    return folder


def _textures(place: Path) -> None:
    """Waves of 32 x 32 that repeat."""
    place.mkdir()
    y, x = np.indices((32, 32)) * (2 * np.pi / 32)
    for index in range(40):
        waves = [np.sin(x * (1 + index % 3) + k) * np.cos(y + index + k) for k in range(3)]
        pixels = np.rint(np.stack(waves, axis=-1) * 100 + 128).astype(np.uint8)
        Image.fromarray(pixels).save(place / f"{index}.png")


def _heightmaps(place: Path) -> None:
    """One terrain of 16 bits."""
    place.mkdir()
    y, x = np.indices((100, 240)) / 12
    heights = (np.sin(x) * np.cos(y) + np.sin(x / 3) + 2) * 16_000
    Image.fromarray(np.rint(heights).astype(np.uint16)).save(place / "hills.png")


CONSENT = "{who: nobody, basis: drawn shapes, date: 2026-01-31}"

GIVEN: dict[str, Callable[[Path], object]] = {
    "sprites": lambda place: make_sprites(place, 40),
    "photos": lambda place: make_messy(place, 30),
    "paintings": lambda place: make_sprites(place, 40),
    "sketches": lambda place: make_sprites(place, 60),
    "drawings": lambda place: make_answers(place, 60),
    "hits": lambda place: make_hits(place, 24),
    "lines.txt": lambda place: place.write_text("\n".join(TEXTS), "utf-8"),
    "beats": lambda place: make_beats(place, 6),
    "flute": lambda place: make_notes(place, 24),
    "verse.jsonl": make_titled_poems,
    "shapes": lambda place: make_labelled(place, 16),
    "kinds": lambda place: make_labelled(place, 60),
    "runs/demo": _demo_run,
    "textures": _textures,
    "heightmaps": _heightmaps,
    "ada": lambda place: make_person(place, (240, 200, 170), seed=0, count=48),
    "chen": lambda place: make_person(place, (150, 100, 60), seed=1, count=48),
    "holiday": lambda place: make_person(place, (240, 200, 170), seed=2, count=3),
    "faces": lambda place: make_labelled(place, 24, ("neutral", "open", "smile")),
    "consent.yaml": lambda place: place.write_text(CONSENT, "utf-8"),
    "mine": lambda place: write_levels(place, LEVEL_SETS["level-dungeons"], 5),
    "ridge": lambda place: write_levels(place, LEVEL_SETS["level-hills"], 1),
    "dungeon.txt": lambda place: place.write_text(DUNGEON, "utf-8"),
}
"""What pages may declare as given, and how to make it."""


def printed_digits(count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw printed digits [count, 28, 28], moved about a little, and their labels [count]."""
    random = np.random.default_rng(0)
    font = ImageFont.load_default(22)
    labels = np.arange(count, dtype=np.uint8) % 10
    images = []
    for label in labels:
        picture = Image.new("L", (28, 28))
        place = random.uniform((5, -1), (11, 5))
        ImageDraw.Draw(picture).text(tuple(place), str(label), fill=255, font=font)
        images.append(np.asarray(picture))
    return np.stack(images), labels
