"""The GAN of plain_pytorch_gan.py with gansmith: the same networks, losses and optimisers.

It also resumes, evaluates, writes a report, and saves a generator that can be loaded.

    python examples/gansmith_gan.py --data mnist --samples 600000 --out runs/twin
"""

from __future__ import annotations

import argparse

import gansmith


def main() -> None:
    parser = argparse.ArgumentParser(description="The same GAN with gansmith.")
    parser.add_argument("--data", default="mnist", help="data set, folder or array")
    parser.add_argument("--samples", type=int, default=600_000, help="real samples to train on")
    parser.add_argument("--out", default="runs/twin", help="run folder")
    args = parser.parse_args()
    settings = ["data.mode=L"]
    gansmith.train(
        "textbook", data=args.data, samples=args.samples, out=args.out, settings=settings
    )
    print(f"sheet {gansmith.generate(args.out, 64, out=f'{args.out}/sheet-of-64.png')}")


if __name__ == "__main__":
    main()
