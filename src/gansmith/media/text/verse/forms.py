"""The registry of verse forms, and labels of texts by whether they keep one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from gansmith.errors import GansmithError
from gansmith.media.text.code_points import untitled
from gansmith.media.text.verse.english import couplet_kept, haiku_kept
from gansmith.media.text.verse.quatrain import quatrain_kept
from gansmith.registry import Registry

FREE = "free"
"""Label of texts that do not keep the form."""


@dataclass(frozen=True)
class Form:
    """A verse form.

    Attributes:
        description: Its rules, in one line.
        kept: Returns whether a text keeps it.
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


def form_labels(texts: Sequence[str], form: str) -> list[str]:
    """Label texts by whether they keep a verse form, without their titles.

    Args:
        texts: N texts.
        form: Name of the form, which is the label of texts that keep it; others are "free".

    Raises:
        GansmithError: There is no such form, all texts keep it or none does, or a package of the
            extra `poems` is not installed.
    """
    kept = FORMS[form].kept
    try:
        labels = [form if kept(untitled(text)) else FREE for text in texts]
    except GansmithError as error:  # a package is missing
        raise GansmithError(f"{error}, or go on without forms: data.form=null") from error
    if len(set(labels)) == 1:
        rest = "drop data.form" if labels[0] == form else "choose another data.form"
        share = "every text keeps" if labels[0] == form else "no text keeps"
        raise GansmithError(f"{share} the form {form}: {rest}")
    return labels
