"""Training: duels, the Trainer that runs them, averaging and checkpoints.

Importing this package registers all duels.
"""

from gansmith.training import checked, contrastive, noise, staged
from gansmith.training.sequence import duel as sequence

__all__ = ["checked", "contrastive", "noise", "sequence", "staged"]
