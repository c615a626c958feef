"""Levels: grids of tiles of games."""
