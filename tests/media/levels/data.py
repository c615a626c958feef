"""Where the levels of others are, if they are there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[4] / "shared" / "data"
GAMES = Path(os.environ.get("GANSMITH_DATA") or SHARED) / "games"
needs_games = pytest.mark.skipif(not GAMES.is_dir(), reason="the levels of games are not here")
