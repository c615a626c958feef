from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from gansmith.errors import GansmithError
from gansmith.tasks.inspect_domains import inspect_domains
from tests.conftest import make_messy, make_sprites


def test_domains_are_inspected_and_drawn_beside_each_other(tmp_path: Path) -> None:
    first, second = make_messy(tmp_path / "photos", 20), make_sprites(tmp_path / "sprites", 30)
    sheet = tmp_path / "both.png"
    found = inspect_domains([str(first), str(second)], "style", ["data.size=16"], sheet=sheet)
    assert [domain.name for domain in found.domains] == ["photos", "sprites"]
    assert any("transparent" in line for line in found.warnings)
    assert json.dumps(found.to_json())
    with Image.open(sheet) as image:
        assert image.width > 2 * 8 * 16


def test_what_is_no_pair_of_domains_is_refused_in_one_line(tmp_path: Path) -> None:
    sprites = make_sprites(tmp_path / "sprites", 10)
    with pytest.raises(GansmithError, match="two different folders"):
        inspect_domains([str(sprites), str(sprites)])
    with pytest.raises(GansmithError, match="has no domains"):
        inspect_domains([str(sprites)], sheet=tmp_path / "sheet.png")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "lines.txt").write_text("one line\nand another\n" * 9, "utf-8")
    with pytest.raises(GansmithError, match="give domains of one kind"):
        inspect_domains([str(sprites), str(tmp_path / "texts")])
