"""Pronunciation dictionaries in packages of the extra `poems`."""

from __future__ import annotations

import importlib
import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from gansmith.errors import GansmithError


def package_json(package: str, file: str) -> Any:
    """Read a JSON file of an installed package, without importing it.

    Args:
        package: Name that it is installed by.
        file: Path of the file below the folder of installed packages.

    Raises:
        GansmithError: The package is not installed, or has no such file.
    """
    try:
        path = Path(str(distribution(package).locate_file(file)))
        return json.loads(path.read_text(encoding="utf-8"))
    except (PackageNotFoundError, FileNotFoundError):
        raise _missing(package) from None


def package_module(package: str) -> Any:
    """Import a package.

    Raises:
        GansmithError: It is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError:
        raise _missing(package) from None


def _missing(package: str) -> GansmithError:
    return GansmithError(
        f"forms of verse need the package '{package}', which is not installed: "
        "pip install 'gansmith[poems]'"
    )
