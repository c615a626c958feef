"""Adversarial robustness: targets, attacks, and an evaluation that says when not to believe it."""
