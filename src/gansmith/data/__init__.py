"""Data room: named sets and own pictures, opened once into a memory-mapped cache."""
