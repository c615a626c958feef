"""Registers the commands and options of the media that come with gansmith, and nothing else."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from gansmith.media import BUILT_IN

for _name in BUILT_IN:
    if find_spec(f"gansmith.media.{_name}.verbs"):
        import_module(f"gansmith.media.{_name}.verbs")
