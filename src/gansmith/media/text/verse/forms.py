"""The forms of verse that can be asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from gansmith.media.text.verse.lines import couplet_kept, haiku_kept
from gansmith.media.text.verse.report import quatrain_kept
from gansmith.registry import Registry


@dataclass(frozen=True)
class Form:
    """A form of verse.

    Attributes:
        description: What it asks for, in one line.
        kept: Tells whether a whole text keeps it.
    """

    description: str
    kept: Callable[[str], bool]


FORMS: Final[Registry[Form]] = Registry("form of verse")

for _length, _number in ((5, "five"), (7, "seven")):
    FORMS.register(f"quatrain-{_length}")(
        Form(
            f"four Chinese lines of {_number} characters, in a regular tone pattern, 2 and 4 rhyme",
            partial(quatrain_kept, length=_length),
        )
    )
FORMS.register("haiku")(Form("three English lines of 5, 7 and 5 syllables", haiku_kept))
FORMS.register("couplet")(
    Form("two English lines that rhyme, of equal syllables but for one", couplet_kept)
)
