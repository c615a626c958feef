from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from gansmith.drawing.scales import Series
from gansmith.report.chart_specs import series_of
from gansmith.report.charts import line_chart

POINT = re.compile(r"(-?[\d.]+),(-?[\d.]+)")


def strokes(svg: str, kind: str = "line") -> list[list[tuple[float, float]]]:
    found = re.findall(rf'<polyline class="{kind} s\d" points="([^"]*)"', svg)
    return [[(float(x), float(y)) for x, y in POINT.findall(points)] for points in found]


def test_a_straight_line_is_drawn_straight_over_the_whole_width() -> None:
    svg = line_chart([Series("a", [0, 50, 100], [0, 1, 2])], "samples seen", "Loss")
    ((left, middle, right),) = strokes(svg)
    assert (left[0], right[0]) == (60, 528)
    assert middle == pytest.approx(((left[0] + right[0]) / 2, (left[1] + right[1]) / 2), abs=0.11)
    assert left[1] > right[1]  # upwards


def test_logarithmic_axis_gives_equal_steps_to_equal_factors() -> None:
    svg = line_chart([Series("a", [0, 1, 2], [1, 10, 100])], "x", "y", log_y=True)
    ((_, a), (_, b), (_, c)) = strokes(svg)[0]
    assert a - b == pytest.approx(b - c, abs=0.2)
    assert "log scale" in svg
    left = line_chart([Series("a", [1, 2], [0, 5])], "x", "y", log_y=True)
    assert len(strokes(left, "line dot")[0]) == 2


def test_the_floor_is_dashed_named_and_inside() -> None:
    svg = line_chart([Series("a", [0, 1], [30, 40])], "x", "y", floor=2.5)
    (height,) = re.findall(r'<line class="floor" [^>]*y1="([\d.]+)"', svg)
    assert 10 <= float(height) <= 204
    assert "floor 2.5" in svg
    assert "floor" not in line_chart([Series("a", [0, 1], [30, 40])], "x", "y")
    assert "floor" not in line_chart([Series("a", [0, 1], [3, 4])], "x", "y", log_y=True, floor=0)


def test_long_series_keep_their_extremes_and_stay_small() -> None:
    y = np.sin(np.arange(100_000) / 1000)
    y[31_415], y[77_777] = 9.0, -7.0
    svg = line_chart([Series("a", np.arange(100_000.0), y)], "x", "y")
    (trace,) = strokes(svg, "trace")
    heights = [height for _, height in trace]
    top, bottom = min(heights), max(heights)
    assert len(trace) <= 602 and len(svg) < 60_000
    assert [p[0] for p in trace] == sorted(p[0] for p in trace)
    assert trace[heights.index(top)][0] == pytest.approx(60 + 468 * 0.31415, abs=0.2)
    assert trace[heights.index(bottom)][0] == pytest.approx(60 + 468 * 0.77777, abs=0.2)
    (mean,) = strokes(svg)
    assert max(h for _, h in mean) - min(h for _, h in mean) < 0.25 * (bottom - top)


@pytest.mark.parametrize("values", [(-0.00325, -0.00305), (0.0, 1e-5), (-120_500.0, 99_000.0)])
def test_labels_of_the_upright_axis_are_not_cut_off(values: tuple[float, float]) -> None:
    chart = line_chart([Series("a", [0, 1], values)], "samples", "distance")
    labels = re.findall(r'<text x="(\d+)" y="[\d.]+" text-anchor="end">([^<]+)</text>', chart)[:-1]
    assert len(labels) > 2 and any(len(text) > 4 for _, text in labels)
    assert all(int(x) > 6.4 * len(text) for x, text in labels)  # 11 pixels high, 0.58 wide a digit


def test_what_cannot_be_drawn_is_left_out() -> None:
    nan, inf = float("nan"), float("inf")
    assert line_chart([], "x", "y") == ""
    assert line_chart([Series("a", [], []), Series("b", [1], [nan])], "x", "y") == ""
    svg = line_chart([Series("a", [0, 1, 2, 3], [1, nan, inf, 2])], "x", "y")
    assert len(strokes(svg)[0]) == 2 and "nan" not in svg and "inf" not in svg


def test_one_point_and_equal_values_can_be_seen() -> None:
    ((a, b),) = strokes(line_chart([Series("a", [5], [3])], "x", "y"), "line dot")
    assert a == b  # a round cap makes it a disc
    ((first, second),) = strokes(line_chart([Series("a", [0, 1], [3, 3])], "x", "y"))
    assert first[1] == second[1] and 10 < first[1] < 204


def test_the_chart_can_be_read_without_seeing_it() -> None:
    svg = line_chart([Series("one", [0, 1], [1, 2]), Series("two", [0, 1], [3, 4])], "time", "Loss")
    assert 'role="img"' in svg and "<title>Loss over time: one from 1 to 2; two from 3 to 4" in svg
    assert '<span class="key s0">one</span>' in svg and '<span class="key s1">two</span>' in svg
    titles = re.findall(r'<g class="hover"><title>([^<]*)', svg)
    assert titles == ["time: 0\none: 1\ntwo: 3", "time: 1\none: 2\ntwo: 4"]


def test_hovers_cover_the_plot_once() -> None:
    x = np.sort(np.random.default_rng(0).uniform(0, 100, 300))
    svg = line_chart([Series("a", x, x)], "x", "y")
    strips = re.findall(r'<rect x="([\d.]+)" y="10" width="([\d.]+)"', svg)
    edges = [(float(left), float(left) + float(width)) for left, width in strips]
    assert len(edges) == 60 and edges[0][0] == 60 and edges[-1][1] == 528
    gaps = [b[0] - a[1] for a, b in pairwise(edges)]
    assert max(abs(gap) for gap in gaps) < 0.01


def test_names_are_escaped() -> None:
    svg = line_chart([Series("<b>", [0, 1], [1, 2]), Series("&", [0, 1], [1, 2])], '"x"', "<y>")
    assert "<b>&lt;y&gt;</b>" in svg and "&lt;b&gt;" in svg and "&amp;" in svg
    assert "<y>" not in svg and 'over "x"' not in svg


def test_series_of_leaves_gaps_out() -> None:
    events: list[dict[str, Any]] = [
        {"samples": 1, "a": 2.0}, {"samples": 2, "a": None}, {"samples": 3, "a": 4.0}
    ]  # fmt: skip
    (series,) = series_of(events, {"a": "A", "missing": "M"})
    assert (series.name, list(series.x), list(series.y)) == ("A", [1, 3], [2.0, 4.0])
