"""Labels of texts by form of verse: those that keep it, and all others."""

from __future__ import annotations

from collections.abc import Sequence

from gansmith.errors import GansmithError
from gansmith.media.text.code_points import untitled
from gansmith.media.text.verse.forms import FORMS

FREE = "free"
"""Label of texts that do not keep the form that is asked for."""


def form_labels(texts: Sequence[str], form: str) -> list[str]:
    """Label texts by whether they keep a form of verse, titles left out.

    Args:
        texts: Any.
        form: Name of the form, which is the label of those that keep it; others are "free".

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
