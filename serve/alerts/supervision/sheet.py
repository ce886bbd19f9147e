"""The weekly supervision list as a workbook: what to look at, and the orders with their answers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from features.vocabulary import AlertLevel
from serve.alerts.levels import LEVEL_WORDS
from serve.alerts.supervision.watchlist import Watched
from serve.store.tables import SupervisionOrder

_LIST: Final = (
    "预警编号 alert", "级别 level", "类型 kind", "事项 category", "区域 area", "牵头单位 lead", "状态 state",
    "逾期单位 late", "逾期分钟 minutes late", "原因 reasons", "情况 sentence",
)  # fmt: skip
_ORDERS: Final = (
    "督办编号 order", "预警编号 alert", "承办单位 department", "督办人 issued by", "下达 issued at",
    "期限 due at", "要求 demand", "答复时间 answered at", "答复 answer",
)  # fmt: skip
_REASONS: Final = {
    "late_ack": "逾期未签收", "late_handle": "逾期未处置", "dismissed_again": "多次误报", "unanswered": "无人应答",
    "order_overdue": "督办逾期",
}  # fmt: skip
_STATES: Final = {
    "opened": "待签收", "acknowledged": "已签收", "in_hand": "处置中", "reassignment_asked": "归属待定",
    "handled": "已处置", "dismissed": "已判误报", "resolved": "已平息", "expired": "已过期",
}  # fmt: skip
_WIDTHS: Final = {
    "督办清单": (30, 6, 10, 18, 12, 20, 10, 24, 10, 24, 60),
    "督办单": (30, 30, 20, 12, 17, 17, 40, 17, 40),
}


def to_xlsx(watched: Sequence[Watched], orders: Sequence[SupervisionOrder], *, now: datetime, zone: ZoneInfo) -> bytes:
    """Return the workbook; times are local."""
    import xlsxwriter

    def local(moment: datetime | None) -> str:
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else ""

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        rows = [_watched_row(item, now) for item in watched]
        order_rows = [
            (order.id, order.alert_id, order.department, order.issued_by, local(order.issued_at), local(order.due_at),
             order.demand, local(order.answered_at), order.answer)
            for order in orders
        ]  # fmt: skip
        for name, header, lines in (("督办清单", _LIST, rows), ("督办单", _ORDERS, order_rows)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, header, bold)
            for number, line in enumerate(lines, start=1):
                sheet.write_row(number, 0, line)
            for column, width in enumerate(_WIDTHS[name]):
                sheet.set_column(column, column, width, wrapped)
            sheet.autofilter(0, 0, max(len(lines), 1), len(header) - 1)
            sheet.freeze_panes(1, 0)
    return buffer.getvalue()


def _watched_row(item: Watched, now: datetime) -> tuple[str | int, ...]:
    alert = item.alert
    return (
        alert.id, LEVEL_WORDS["zh-CN"][AlertLevel(alert.level)], alert.kind, alert.category, alert.area,
        alert.department, _STATES[alert.state],
        "、".join(sorted(item.departments)), minutes_late(item, now),
        "、".join(_REASONS[reason] for reason in sorted(item.reasons)), alert.sentence_zh,
    )  # fmt: skip


def minutes_late(item: Watched, now: datetime) -> int:
    """Return how long the longest-late part of an alert has been late."""
    return int((now - item.late_since).total_seconds() // 60) if item.late_since else 0
