from __future__ import annotations

import pytest

from gansmith.errors import GansmithError
from gansmith.registry import Registry


def test_names_lead_to_entries_in_order() -> None:
    shapes: Registry[int] = Registry("shape")
    shapes.register("round")(1)
    shapes.register("square")(2)
    assert shapes["square"] == 2
    assert shapes.names() == list(shapes) == ["round", "square"]
    assert "round" in shapes and "flat" not in shapes


def test_an_unknown_name_lists_the_choices_and_the_nearest() -> None:
    shapes: Registry[int] = Registry("shape")
    shapes.register("round")(1)
    with pytest.raises(GansmithError, match=r"shape 'ruond' is unknown: choose one of round; did"):
        shapes["ruond"]


def test_a_name_is_taken_once() -> None:
    shapes: Registry[int] = Registry("shape")
    shapes.register("round")(1)
    with pytest.raises(ValueError, match="registered twice"):
        shapes.register("round")(2)


def test_a_name_of_any_length_is_refused_in_a_short_line() -> None:
    shapes: Registry[int] = Registry("shape")
    shapes.register("round")(1)
    with pytest.raises(GansmithError) as caught:
        shapes["x" * 1_000_000]
    assert len(str(caught.value)) < 200
