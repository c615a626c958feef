"""Training: duels, the Trainer that runs them, averaging and checkpoints."""
