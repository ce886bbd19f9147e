"""Every table of the operational store, by area; importing this package fills the metadata."""

from __future__ import annotations

from serve.store.tables.accounts import AccessLog, ApiKey, BrowserSession, IdempotentReply, LoginAttempt
from serve.store.tables.alerts import Alert, AlertCell, AlertEvent, AlertParty, AlertTicket
from serve.store.tables.delivery import Delivery, OutboxMessage, Subscription
from serve.store.tables.detection import DetectionRunRow, IntakeRecord
from serve.store.tables.forecasts import CurrentForecast, ForecastIssueRow, ForecastRow, ForecastSum
from serve.store.tables.judgement import ForecastOverride, RegisteredEvent
from serve.store.tables.operations import JobRun, ModelVersion, Report
from serve.store.tables.routing import DepartmentRule, Route, RouteCorrection, Silence
from serve.store.tables.supervision import SupervisionOrder

__all__ = [
    "AccessLog",
    "Alert",
    "AlertCell",
    "AlertEvent",
    "AlertParty",
    "AlertTicket",
    "ApiKey",
    "BrowserSession",
    "CurrentForecast",
    "Delivery",
    "DepartmentRule",
    "DetectionRunRow",
    "ForecastIssueRow",
    "ForecastOverride",
    "ForecastRow",
    "ForecastSum",
    "IdempotentReply",
    "IntakeRecord",
    "JobRun",
    "LoginAttempt",
    "ModelVersion",
    "OutboxMessage",
    "RegisteredEvent",
    "Report",
    "Route",
    "RouteCorrection",
    "Silence",
    "Subscription",
    "SupervisionOrder",
]
