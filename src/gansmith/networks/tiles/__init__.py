"""Networks for grids of tiles."""
