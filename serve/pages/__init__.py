"""The pages officials read: server-rendered, no CDN, complete without JavaScript, zh-CN and English."""

from __future__ import annotations

from fastapi import APIRouter

from serve.pages import alert_pages, forecast_pages, gate, override_pages, report_pages

__all__ = ["router"]

router = APIRouter()
for _part in (gate.router, alert_pages.router, forecast_pages.router, report_pages.router, override_pages.router):
    router.include_router(_part)
