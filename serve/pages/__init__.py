"""The pages officials read: server-rendered, no CDN, complete without JavaScript, zh-CN and English."""

from __future__ import annotations

from fastapi import APIRouter

from serve.pages import (
    alert_pages,
    delivery_pages,
    forecast_pages,
    override_pages,
    report_pages,
    routing_pages,
    rule_pages,
    subscription_pages,
    supervision_pages,
)
from serve.pages import login_pages as gate
from serve.pages import silence_pages as quiet_pages
from serve.pages.not_found import install

__all__ = ["install", "router"]

router = APIRouter()
for _pages in (
    gate,
    alert_pages,
    supervision_pages,
    delivery_pages,
    subscription_pages,
    forecast_pages,
    report_pages,
    override_pages,
    routing_pages,
    rule_pages,
    quiet_pages,
):
    router.include_router(_pages.router)
