"""Registers the settings of the media that come with gansmith, and nothing else of them.

Recipes are read without the codecs and networks of any medium, whose imports take seconds.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from gansmith.media import BUILT_IN

for _name in BUILT_IN:
    if find_spec(f"gansmith.media.{_name}.options"):
        import_module(f"gansmith.media.{_name}.options")
