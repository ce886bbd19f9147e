"""The weekly supervision list as a workbook: what to look at, and the orders with their answers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from features.sentences import said_of
from features.words import AreaNames, Family, catalogue, in_both
from serve.alerts.levels import LEVEL_WORDS
from serve.alerts.lifecycle import STATES
from serve.store.tables import SupervisionOrder
from serve.supervision.watchlist import (
    DISMISSED_AGAIN,
    LATE_ACK,
    LATE_HANDLE,
    ORDER_OVERDUE,
    UNANSWERED,
    WatchedAlert,
)

LIST_HEADINGS: Final = (
    "watch.alert", "watch.level", "watch.kind", "watch.category", "watch.area", "watch.lead", "watch.state",
    "watch.late", "watch.minutes", "watch.reasons", "watch.sentence",
)  # fmt: skip
_ORDERS: Final = (
    "watch.order", "watch.alert", "watch.department", "watch.issued_by", "watch.issued_at", "watch.due_at",
    "watch.demand", "watch.answered_at", "watch.answer",
)  # fmt: skip
CONCERNS: Final = Family.of("concern", (UNANSWERED, LATE_ACK, LATE_HANDLE, DISMISSED_AGAIN, ORDER_OVERDUE))
"""In the order in which pages show them, the gravest first."""

_WIDTHS: Final = {
    "watch.list": (30, 6, 10, 18, 12, 20, 10, 24, 10, 24, 60),
    "watch.orders": (30, 30, 20, 12, 17, 17, 40, 17, 40),
}


def to_xlsx(
    watched: Sequence[WatchedAlert],
    orders: Sequence[SupervisionOrder],
    *,
    now: datetime,
    zone: ZoneInfo,
    names: AreaNames,
    simulated: bool = False,
) -> bytes:
    """Return the workbook; times are local, and both sheets end with the label of a simulated city."""
    import xlsxwriter

    def local(moment: datetime | None) -> str:
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else ""

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        rows = [watched_row(item, now, names) for item in watched]
        order_rows = [
            (order.id, order.alert_id, order.department, order.issued_by, local(order.issued_at), local(order.due_at),
             order.demand, local(order.answered_at), order.answer)
            for order in orders
        ]  # fmt: skip
        for name, header, lines in (("watch.list", LIST_HEADINGS, rows), ("watch.orders", _ORDERS, order_rows)):
            sheet = book.add_worksheet(catalogue("zh-CN")(name))
            sheet.write_row(0, 0, [in_both(key, names=names) for key in header], bold)
            for number, line in enumerate(lines, start=1):
                sheet.write_row(number, 0, line)
            if simulated:
                sheet.write_string(len(lines) + 2, 0, catalogue("zh-CN")("weekly.simulated"), bold)
            for column, width in enumerate(_WIDTHS[name]):
                sheet.set_column(column, column, width, wrapped)
            sheet.autofilter(0, 0, max(len(lines), 1), len(header) - 1)
            sheet.freeze_panes(1, 0)
    return buffer.getvalue()


def watched_row(item: WatchedAlert, now: datetime, names: AreaNames) -> tuple[str | int, ...]:
    """Return one alert of the list in the order of `LIST_HEADINGS`: every workbook has the same list."""
    alert, words = item.alert, catalogue("zh-CN")
    return (
        alert.id, words.of(LEVEL_WORDS, alert.level), alert.kind, alert.category,
        names.place(alert.area, "zh-CN"),
        alert.department, words.of(STATES, alert.state),
        "、".join(sorted(item.departments)), minutes_late(item, now),
        "、".join(words.of(CONCERNS, reason) for reason in sorted(item.reasons)), said_of(alert.sentence, "zh-CN"),
    )  # fmt: skip


def minutes_late(item: WatchedAlert, now: datetime) -> int:
    """Return how long the longest-late part of an alert has been late."""
    return int((now - item.late_since).total_seconds() // 60) if item.late_since else 0
