"""Heightmaps: terrain as 16-bit heights on a grid."""
