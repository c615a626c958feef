"""Speed and memory of `gansmith apply`.

    python benchmarks/apply_speed.py

translates 200 pictures of 64 pixels, and one of 1024 by tiles, by a run of `style` with its default
network; how well it is trained does not matter. Each case is timed in a process of its own: the
whole call of `gansmith.apply`, from reading to writing files, in CPU seconds of the process and by
the clock, and the most memory it took. Starting Python and loading PyTorch are not counted in the
seconds, and are in the memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

import gansmith
from gansmith.training.engine import peak_memory
from harness import renew_rows

NAME = "apply_speed"
CASES = {"200 of 64 px": (200, 64), "1 of 1024 px": (1, 1024)}


def pictures(folder: Path, count: int, side: int, seed: int) -> Path:
    """Write pictures of coloured noise, coarse enough to look like something."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for index in range(count):
        coarse = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((side, side)).save(folder / f"{index:03d}.png")
    return folder


def measure(run: Path, folder: Path, count: int) -> None:
    """Translate a folder in this process, and print what it took."""
    gansmith.load(run)  # imports everything
    clock, cpu = time.perf_counter(), time.process_time()
    gansmith.apply(run, folder, folder.with_name(f"{folder.name}-out"))
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    row = {
        "pictures": count,
        "cpu_seconds": round(cpu, 2),
        "seconds": round(clock, 2),
        "a_cpu_second": round(count / cpu, 1),
        "a_second": round(count / clock, 1),
        "memory_gib": round(peak_memory(), 2),
    }
    print(json.dumps(row))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--measure", nargs=3, metavar=("RUN", "FOLDER", "COUNT"))
    args = parser.parse_args()
    if args.measure:
        run, folder, count = args.measure
        measure(Path(run), Path(folder), int(count))
        return
    rows = []
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        domains = [pictures(home / name, 40, 64, seed) for seed, name in enumerate("ab")]
        settings = ["evaluation.quick_looks=0", "health.probes=0", "data.held_out=0.2"]
        gansmith.train("style", data=domains, out=home / "run", samples=8, settings=settings)
        for case, (count, side) in CASES.items():
            folder = pictures(home / f"in-{side}", count, side, seed=7)
            command = [sys.executable, __file__, "--measure", home / "run", folder, str(count)]
            printed = subprocess.run(
                [str(part) for part in command], check=True, capture_output=True, text=True
            ).stdout
            row = {"case": case, **json.loads(printed.splitlines()[-1])}
            print(row, flush=True)
            rows.append(row)
    renew_rows(NAME, rows, ("case",))


if __name__ == "__main__":
    main()
