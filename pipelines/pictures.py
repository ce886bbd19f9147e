"""A picture per alert: the counts, what was expected, the band above which it is unusual, and the window."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from typing import Any, Final, Literal

import pandas as pd

from features.errors import BadInputError
from features.vocabulary import Kind
from features.words import Family, Language, catalogue

Format = Literal["svg", "png"]
Window = tuple[pd.Timestamp, pd.Timestamp]

_CJK_FAMILIES: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Noto Sans CJK JP",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "SimHei",
    "PingFang SC",
)
LABELS: Final = Family.of("picture", ("tickets", "callers", "own", "part", "expected", "upper", "window", "before"))
_INK: Final = "#1f2933"
_BAND: Final = "#c7d8ea"
_LINE: Final = "#3c6e9f"
_ALERT: Final = "#c0392b"
_DATES: Final = ("%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%H:%M:%S")
"""Labels of years, months, days, hours and less."""
_ZERO_DATES: Final = (*_DATES[:3], "%m-%d", *_DATES[4:])
"""The same at the start of the next larger unit: midnight is a date."""
_LAST_YEAR: Final = pd.Timedelta(weeks=52)


def alert_picture(
    series: pd.DataFrame,
    window: Window,
    *,
    title: str = "",
    counts: str = "tickets",
    ahead: float | None = None,
    language: Language = "zh-CN",
    file_format: Format = "svg",
) -> bytes:
    """Return the picture of one alert. Pure: the same input gives the same bytes.

    Args:
        series: `ds, y, expected, upper` of the alert's cell, equally spaced, in order, with history beside the window;
            without any expectation the counts stand alone. A column `own` says how much of `y` is the alert's.
        window: Start and end (naive local, half open) of what the alert is about; it may lie ahead of the counts.
        title: A line above, for instance the alert's sentence.
        counts: What `y` counts: tickets, callers, or the tickets of the alert's one caller (own).
        ahead: What is expected per period within a window that lies ahead; the same weeks of last year are marked too.
        language: zh-CN or en; without a Chinese font on the system the labels are English and a Chinese title is left
            out.
        file_format: svg (text drawn as paths, so that it looks the same everywhere) or png.

    Raises:
        BadInputError: A column is missing, or there is nothing to draw.
    """
    if absent := sorted({"ds", "y", "expected", "upper"} - set(series.columns)):
        raise BadInputError(f"the series lacks the columns {', '.join(absent)}")
    if series.empty:
        raise BadInputError("the series is empty: there is nothing to draw", hint="pass the rows around the window")
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    font = cjk_font()
    labels = _labels("zh-CN" if font and language == "zh-CN" else "en")
    labels = {**labels, "y": labels.get(counts, labels["tickets"])}
    style = {"font.family": [font] if font else ["DejaVu Sans"], "svg.hashsalt": "weisu", "svg.fonttype": "path"}
    with mpl.rc_context({**style, "axes.unicode_minus": False}):
        figure = Figure(figsize=(7.2, 3.0), layout="constrained")
        axes = figure.add_subplot()
        _draw(axes, series, window, labels)
        if ahead is not None:
            _draw_ahead(axes, ahead, window, labels)
        _finish(axes, labels)
        if title and (font or title.isascii()):
            figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=_INK)
        buffer = BytesIO()
        if file_format == "svg":
            FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
        else:
            FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def picture_of(
    evidence: Mapping[str, Any], window: Window, *, language: Language = "zh-CN", file_format: Format = "svg"
) -> bytes | None:
    """Return the picture of a candidate or an alert from its evidence; None where no detector gave a curve.

    Args:
        evidence: `evidence` of the candidate: the curve is in it (see `pipelines.curves`).
        window: Its window, naive local.
        language: See `alert_picture`.
        file_format: svg or png.
    """
    curve = evidence.get("curve")
    if not curve or not curve["rows"]:
        return None
    rows = pd.DataFrame(curve["rows"])
    series = rows.assign(ds=pd.to_datetime(rows["ds"]), **{n: rows[n].astype(float) for n in ("expected", "upper")})
    lead = evidence["signals"][0]
    ahead = lead["expected"] if lead["kind"] == Kind.FORECAST else None
    counts = str(curve.get("counts", "tickets"))
    return alert_picture(series, window, counts=counts, ahead=ahead, language=language, file_format=file_format)


def _draw(axes: Any, series: pd.DataFrame, window: Window, labels: dict[str, str]) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    ds = series["ds"]
    step = ds.diff().median() if len(ds) > 1 else pd.Timedelta(days=1)
    inside = (ds < window[1]) & (ds + step > window[0])
    axes.axvspan(window[0], window[1], color=_ALERT, alpha=0.10, lw=0, label=labels["window"])
    judged = series[series["expected"].notna()]
    if len(judged):
        # Steps end where the last judged period ends, not where it starts.
        edges = [*judged["ds"], judged["ds"].iloc[-1] + step]
        held = judged[["expected", "upper"]].iloc[[*range(len(judged)), -1]]
        axes.fill_between(edges, 0, held["upper"], step="post", color=_BAND, lw=0, label=labels["upper"])
        axes.step(edges, held["expected"], where="post", color=_LINE, lw=1.4, label=labels["expected"], zorder=3)
    colours = [_ALERT if marked and "own" not in series else _INK for marked in inside]
    axes.bar(ds + 0.15 * step, series["y"], width=0.7 * step, align="edge", color=colours, label=labels["y"])
    if "own" in series:
        axes.bar(ds + 0.15 * step, series["own"], width=0.7 * step, align="edge", color=_ALERT, label=labels["part"])
    axes.set_ylim(bottom=0)
    axes.set_xlim(min(ds.iloc[0], window[0]), max(ds.iloc[-1] + step, window[1]))
    locator = AutoDateLocator(maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(locator, show_offset=False, formats=_DATES, zero_formats=_ZERO_DATES)
    )
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))


def _draw_ahead(axes: Any, expected: float, window: Window, labels: dict[str, str]) -> None:
    before = [edge - _LAST_YEAR for edge in window]
    axes.axvspan(*before, color=_LINE, alpha=0.10, lw=0, label=labels["before"])
    axes.hlines(expected, *window, color=_LINE, lw=1.4, ls="--", label=labels["expected"])


def _finish(axes: Any, labels: dict[str, str]) -> None:
    axes.tick_params(labelsize=8, colors=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    legend = axes.legend(fontsize=8, frameon=False, ncols=5, loc="lower left", bbox_to_anchor=(0, 1))
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        if text.get_text() == labels["y"]:
            handle.set_color(_INK)


@cache
def cjk_font() -> str | None:
    """Return the name of an installed font with Chinese characters, None where there is none."""
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return next((family for family in _CJK_FAMILIES if family in installed), None)


def _labels(language: Language) -> dict[str, str]:
    words = catalogue(language)
    return {code: words.of(LABELS, code) for code in LABELS.codes}
