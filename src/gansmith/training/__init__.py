"""Training: duels, the Trainer that runs them, averaging and checkpoints.

Importing this package registers all duels.
"""

from gansmith.training import contrastive, expressions, faceswap, noise, staged
from gansmith.training.sequence import duel as sequence

__all__ = ["contrastive", "expressions", "faceswap", "noise", "sequence", "staged"]
