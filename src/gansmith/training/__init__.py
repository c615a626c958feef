"""Training: duels, the Trainer that runs them, averaging and checkpoints.

Importing this package registers all duels.
"""

from gansmith.training import contrastive, noise, staged
from gansmith.training.sequence import duel as sequence

__all__ = ["contrastive", "noise", "sequence", "staged"]
