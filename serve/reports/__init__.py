"""Reports: the weekly report as XLSX, PDF, HTML and CSV, the supervision list, the seasonal calendar."""

from __future__ import annotations

from serve.reports.weekly import FORMATS, WeeklySummary, last_complete_week, weekly
from serve.weeks import Week

__all__ = ["FORMATS", "Week", "WeeklySummary", "last_complete_week", "weekly"]
