"""Issued forecasts: publishing them all at once, reading the current ones."""

from __future__ import annotations

from serve.forecasts.publish import PublishResult, publish
from serve.forecasts.schemas import ForecastIssue

__all__ = ["ForecastIssue", "PublishResult", "publish"]
