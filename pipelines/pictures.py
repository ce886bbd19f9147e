"""A picture per alert: the counts, what was expected, the band above which it is unusual, and the window."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any, Final, Literal

import pandas as pd

from features.errors import BadInputError

Format = Literal["svg", "png"]

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
_LABELS: Final = {
    "zh-CN": {"y": "工单数", "expected": "预期", "upper": "通常上限", "window": "预警窗口"},
    "en": {"y": "tickets", "expected": "expected", "upper": "usually at most", "window": "window"},
}
_INK: Final = "#1f2933"
_BAND: Final = "#c7d8ea"
_LINE: Final = "#3c6e9f"
_ALERT: Final = "#c0392b"


def alert_picture(
    series: pd.DataFrame,
    window: tuple[pd.Timestamp, pd.Timestamp],
    *,
    title: str = "",
    language: str = "zh-CN",
    file_format: Format = "svg",
) -> bytes:
    """Return the picture of one alert. Pure: the same input gives the same bytes.

    Args:
        series: `ds, y, expected, upper` of the alert's cell, equally spaced, in order, with history beside the window.
        window: Start and end (naive local, half open) of what the alert is about.
        title: A line above, for instance the alert's sentence.
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
    labels = _LABELS["zh-CN" if font and language.startswith("zh") else "en"]
    style = {"font.family": [font] if font else ["DejaVu Sans"], "svg.hashsalt": "weisu", "svg.fonttype": "path"}
    with mpl.rc_context({**style, "axes.unicode_minus": False}):
        figure = Figure(figsize=(7.2, 3.0), layout="constrained")
        _draw(figure.add_subplot(), series, window, labels)
        if title and (font or title.isascii()):
            figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=_INK)
        buffer = BytesIO()
        if file_format == "svg":
            FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
        else:
            FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def _draw(axes: Any, series: pd.DataFrame, window: tuple[pd.Timestamp, pd.Timestamp], labels: dict[str, str]) -> None:
    ds = series["ds"]
    step = ds.diff().median() if len(ds) > 1 else pd.Timedelta(days=1)
    inside = (ds >= window[0]) & (ds < window[1])
    axes.axvspan(window[0], window[1], color=_ALERT, alpha=0.08, lw=0, label=labels["window"])
    axes.fill_between(ds, 0, series["upper"], step="post", color=_BAND, lw=0, label=labels["upper"])
    axes.step(ds, series["expected"], where="post", color=_LINE, lw=1.2, label=labels["expected"])
    colours = [_ALERT if marked else _INK for marked in inside]
    axes.bar(ds, series["y"], width=0.6 * step, align="edge", color=colours, label=labels["y"])
    axes.set_ylim(bottom=0)
    axes.set_xlim(ds.iloc[0], ds.iloc[-1] + step)
    axes.tick_params(labelsize=8, colors=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, ncols=4, loc="lower left", bbox_to_anchor=(0, 1))


@cache
def cjk_font() -> str | None:
    """Return the name of an installed font with Chinese characters, None where there is none."""
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return next((family for family in _CJK_FAMILIES if family in installed), None)
