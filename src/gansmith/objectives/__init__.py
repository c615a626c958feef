"""Losses and penalties: pure functions of discriminator outputs."""
