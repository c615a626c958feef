"""Training: duels, the Trainer that runs them, averaging and checkpoints.

Importing this package registers all duels.
"""

from gansmith.training import (
    checked,
    contrastive,
    cycle,
    expressions,
    faceswap,
    noise,
    paired,
    several_domains,
    staged,
)
from gansmith.training.sequence import duel as sequence

__all__ = [
    "checked",
    "contrastive",
    "cycle",
    "expressions",
    "faceswap",
    "noise",
    "paired",
    "sequence",
    "several_domains",
    "staged",
]
