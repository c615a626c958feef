from __future__ import annotations

import pytest
from PIL import ImageFont

from gansmith.drawing import fonts
from gansmith.drawing.fonts import legible

SIZE = 15


@pytest.fixture(autouse=True)
def only_the_font_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    legible.cache_clear()
    monkeypatch.setattr(fonts, "_fonts", lambda size: (ImageFont.load_default(size),))


def test_a_line_that_the_font_has_stays_as_it_is() -> None:
    text, font = legible("Smileys & Emotion, 12", SIZE)
    assert text == "Smileys & Emotion, 12" and font.getlength(text) > 0


@pytest.mark.parametrize(
    ("given", "drawn"),
    [("床 a", "? a"), ("Fréchet Ä", "Frechet A"), ("\U0001f600", "?"), ("a\u3000b", "a\u3000b")],
)
def test_characters_of_no_font_become_question_marks(given: str, drawn: str) -> None:
    assert legible(given, SIZE)[0] == drawn


def test_a_font_of_the_system_is_taken_where_it_has_more(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, other = (ImageFont.load_default(SIZE + more) for more in (0, 6))
    monkeypatch.setattr(fonts, "_fonts", lambda size: (plain, other))
    monkeypatch.setattr(fonts, "_lacks", lambda font, sign: font is plain and sign == "Ä")
    assert legible("Äpfel", SIZE) == ("Äpfel", other)
    assert legible("Apfel", SIZE) == ("Apfel", plain)
