"""The textbook's own program under the health monitor, and healed by it, in the same time.

    python benchmarks/textbook_health.py [--seeds 0 1 2]

Recipe `textbook` for the first 12 epochs, in which its coverage stays near 0.03, with the monitor
only warning; then as many seconds with the monitor healing. Coverage is the run's own judgement:
10,000 samples against the 10,000 test images, beside the floor.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from gansmith.run import Run
from harness import renew_rows

EPOCHS, EPOCH = 12, 59_968


def train(act: str, seed: int, budget: list[str]) -> Run:
    folder = Path("runs") / "benchmarks" / f"textbook-{act}-{seed}"
    command = [sys.executable, "-m", "gansmith", "train", "textbook", "--out", str(folder), *budget]
    settings = [f"health.act={act}", f"training.seed={seed}"]
    subprocess.run([*command, *(f"--set={setting}" for setting in settings)], check=True)
    return Run(folder)


def row_of(act: str, seed: int, run: Run) -> dict[str, Any]:
    events = list(run.events())
    last = [event for event in events if event["event"] == "step"][-1]
    said = [event for event in events if event["event"] == "diagnosis"]
    names = "; ".join(f"{e['diagnosis']} at {e['seconds']:.0f} s ({e['action']})" for e in said)
    row = {"act": act, "seed": seed, "seconds": round(last["seconds"], 1)}
    row |= {"seen": last["samples"], "diagnoses": names}
    for metric in ("coverage", "recall", "precision", "frechet"):
        found = run.quality()["metrics"][metric]
        row |= {metric: round(found["value"], 4), f"{metric}_floor": round(found["floor"], 4)}
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    rows = []
    for seed in parser.parse_args().seeds:
        rows.append(row_of("warn", seed, train("warn", seed, [f"--samples={EPOCHS * EPOCH}"])))
        minutes = rows[-1]["seconds"] / 60
        rows.append(row_of("heal", seed, train("heal", seed, [f"--minutes={minutes:.3f}"])))
    print(renew_rows("textbook_health", rows, ["act", "seed"]))


if __name__ == "__main__":
    main()
