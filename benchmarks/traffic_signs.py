"""Traffic signs: a classifier on signs it never saw, AdvGAN and PGD at 8/255, and a sticker.

    python benchmarks/traffic_signs.py [--data FOLDER] [--epochs 25] [--steps 400] [--seed 0]
    python benchmarks/traffic_signs.py --harden 15 [--images 500] [--seed 0]

With `--harden`, the recipe `harden` trains for that many minutes instead, and is judged on signs it
never saw, by our attacks and by AutoAttack standard of pyautoattack at 8/255; and by the sticker.

The data is `signs.npz`: 12 classes of the German traffic sign benchmark (Stallkamp et al. 2011),
32 pixels, split so that no physical sign is on both sides. It is not part of this repository; its
home is https://benchmark.ini.rub.de. Where it is absent, nothing is measured.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import gansmith
from gansmith.data.dataset import Dataset
from gansmith.loading.open import open_dataset
from gansmith.outputs import Provenance
from gansmith.recipe import DataConfig, NetworkConfig
from gansmith.robustness.attack_folder import save_attack
from gansmith.robustness.attacking import AttackOptions, attack
from gansmith.robustness.classifier import Classifier
from gansmith.robustness.patch import Scene
from gansmith.robustness.threat import Threat
from gansmith.robustness.train import (
    TrainingOptions,
    load_trained_classifier,
    save_classifier,
    train_classifier,
)
from harden import judged
from harness import renew_rows, rounded

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "traffic-signs"
FOLDER = Path("runs") / "benchmarks" / "traffic-signs"
EPS = 8 / 255
METHODS = ["noise", "pgd", "advgan", "universal", "patch"]


def signs(folder: Path) -> Dataset:
    """Read the signs; the test side is held out."""
    with np.load(folder / "signs.npz") as file:
        parts = {name: file[name] for name in file.files}
    train, test = parts["train_images"], parts["test_images"]
    return Dataset(
        medium="image",
        name="traffic-signs",
        samples=np.concatenate([train, test]),
        labels=np.concatenate([parts["train_labels"], parts["test_labels"]]).astype(np.int64),
        label_names=tuple(str(name) for name in parts["names"]),
        held_out=np.arange(len(train) + len(test)) >= len(train),
        fingerprint="traffic-signs",
        source="German traffic sign recognition benchmark, 12 classes",
        licence="published for research; no explicit licence found",
    )


def classifier(dataset: Dataset, epochs: int, seed: int) -> tuple[Classifier, float]:
    """Train a classifier, or take the one that is there; return it and its accuracy."""
    folder = FOLDER / f"plain-{epochs}-{seed}"
    if not folder.exists():
        options = TrainingOptions(epochs=epochs, batch=64, seed=seed, augment=True)
        network = NetworkConfig(name="resnet", width=16)
        save_classifier(train_classifier(dataset, network, options, print), folder)
    trained = load_trained_classifier(folder)
    return trained.classifier("plain"), trained.facts.accuracy


def harden(dataset: Dataset, args: argparse.Namespace) -> dict[str, Any]:
    """Train the recipe `harden`, or take the finished run, and judge it."""
    pictures, run = FOLDER / "pictures", FOLDER / f"hardened-{args.harden:g}-{args.seed}"
    if not pictures.exists():
        assert dataset.labels is not None
        for index, (image, label) in enumerate(zip(dataset.samples, dataset.labels, strict=True)):
            side = "test" if dataset.held_out[index] else "train"
            place = pictures / side / dataset.label_names[label]
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{index:05d}.png")
    settings = [f"training.seed={args.seed}", f"evaluation.samples={args.images}", *args.settings]
    started = time.process_time()
    gansmith.train("harden", data=pictures, out=run, minutes=args.harden, settings=settings)
    row = {"seed": args.seed, "minutes": args.harden, "settings": " ".join(args.settings)}
    row |= {"cpu_seconds": time.process_time() - started}
    target = load_trained_classifier(run).classifier("hardened")
    seen = open_dataset(DataConfig(source=str(pictures), size=32, resize="crop", mode="RGB"))
    options = AttackOptions(args.images, args.steps, scene=Scene(area=0.1), seed=args.seed)
    sticker = attack(target, seen, "patch", None, options, log=print)
    row |= {"patch_success": sticker.fooled.share, "patch_floor": sticker.floor.share}
    return row | judged(run, seen, args.seed, EPS)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=METHODS)
    parser.add_argument("--harden", type=float, default=None, help="minutes")
    parser.add_argument("--set", dest="settings", nargs="*", default=[], help="more settings")
    args = parser.parse_args()
    if not (args.data / "signs.npz").is_file():
        print(f"skipped: there is no {args.data / 'signs.npz'}")
        return
    dataset = signs(args.data)
    if args.harden:
        row = rounded(harden(dataset, args), 4)
        print(row, renew_rows("traffic_signs_hardened", [row], ("seed", "minutes", "settings")))
        return
    started = time.process_time()
    target, accuracy = classifier(dataset, args.epochs, args.seed)
    print(f"clean {accuracy:.2%}, {time.process_time() - started:.0f} CPU s", flush=True)
    plain: dict[str, Any] = {"network": "plain", "seed": args.seed, "epochs": args.epochs}
    plain |= {"clean": accuracy}
    rows = []
    for method in args.only:
        started = time.process_time()
        options = AttackOptions(args.images, args.steps, scene=Scene(area=0.1), seed=args.seed)
        threat = None if method == "patch" else Threat(EPS)
        found = attack(target, dataset, method, threat, options, log=print)
        print(found.summary, *found.notes, sep="\n", flush=True)
        provenance = Provenance(data=dataset.source, seed=args.seed)
        save_attack(found, FOLDER / f"{method}-{args.seed}", provenance)
        low, high = found.fooled.interval
        rows.append(
            plain
            | {
                "attack": method,
                "steps": args.steps,
                "eps": 0.0 if threat is None else EPS,
                "images": args.images,
            }
            | {"success": found.fooled.share, "low": low, "high": high}
            | {"floor": found.floor.share, "cpu_seconds": time.process_time() - started}
        )
    rows = [rounded(one, 4) for one in rows]
    print(renew_rows("traffic_signs", rows, ("network", "attack", "seed")))


if __name__ == "__main__":
    main()
