"""Named data sets of levels, which gansmith writes itself."""

from gansmith.media.levels.datasets.corpus import LEVEL_SETS

__all__ = ["LEVEL_SETS"]
