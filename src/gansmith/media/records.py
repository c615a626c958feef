"""Registers the media that come with gansmith, whole; see `gansmith.medium.MEDIA`."""

from __future__ import annotations

from importlib import import_module

from gansmith.media import BUILT_IN

for _name in BUILT_IN:
    import_module(f"gansmith.media.{_name}.medium")
