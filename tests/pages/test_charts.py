from __future__ import annotations

import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.charts.curve import Count, alert_curve
from serve.charts.demand import Period, demand_chart
from serve.charts.place_map import merged_cells
from serve.charts.scale import nice_ticks


@given(st.just(0.0) | st.floats(min_value=1e-3, max_value=1e9))
def test_ticks_start_at_zero_cover_the_data_and_stay_few(highest):
    ticks = nice_ticks(highest)
    assert ticks[0] == 0
    assert ticks[-1] >= highest * (1 - 1e-9)
    assert 2 <= len(ticks) <= 7
    assert highest < 1 or all(tick.is_integer() for tick in ticks), "counts are whole"


POINTS = st.lists(st.tuples(st.floats(18, 20), st.floats(108, 111)), max_size=80)


@given(POINTS)
def test_no_circle_stands_for_fewer_than_five_and_no_ticket_is_lost(points):
    places = merged_cells(points)
    assert sum(place.count for place in places) in {0, len(points)}
    assert bool(places) == (len(points) >= 5)
    assert all(place.count >= 5 for place in places)


def test_a_chart_without_any_past_or_with_zeros_only_is_still_a_chart():
    ahead = [Period("11-23", p10=0, mean=0, p90=0)]
    assert "NaN" not in demand_chart(ahead, title="t", name="n")
    assert "NaN" not in demand_chart([Period("11-16", actual=0), *ahead], title="<t>", name="n", narrow=True)


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PAIRS = [
    ("ink", "ground"), ("ink", "card"), ("soft", "ground"), ("soft", "card"), ("soft", "tint"), ("accent", "card"),
    ("accent", "tint"), ("accent-ink", "accent"), ("red", "card"), ("red", "red-tint"), ("orange", "orange-tint"),
    ("yellow", "yellow-tint"), ("blue", "blue-tint"), ("good", "good-tint"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_texts_have_the_contrast_of_wcag_aa(scheme, text, ground):
    css = (files("serve.pages") / "static" / "weisu.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})\b", blocks[0 if scheme == "light" else 1]))
    assert contrast(colours[text], colours[ground]) >= 4.5


def test_the_window_of_an_alert_is_seen_under_bars_that_are_above_the_usual():
    counts = [Count(str(at), 20.0, 5.0, 9.0, marked=at in (6, 7)) for at in range(8)]
    drawn = alert_curve(counts, title="t", name="n")
    assert drawn.count('class="window"') == 1
    assert drawn.index('class="window"') < drawn.index('class="bar above"'), "behind the bars"
    assert 'class="window"' not in alert_curve(counts[:6], title="t", name="n")
