"""The weekly report on the planner's desk: written on Monday morning, listed in the store."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.schedule.jobs import Context


def write_weekly_report(context: Context) -> dict[str, Any]:
    """Write the XLSX report of the present ISO week under `home/reports`; writing it again replaces it."""
    local = context.clock.now().astimezone(context.settings.zone)
    week = f"{local.isocalendar().year}-W{local.isocalendar().week:02d}"
    out = context.settings.home / "reports" / f"weisu-{week}.xlsx"
    out.parent.mkdir(parents=True, exist_ok=True)
    reports: Any = importlib.import_module("serve.reports")
    reports.weekly(context.store, week=week, out=out, settings=context.settings)
    return {"week": week, "path": str(out)}
