"""Due times: how long a department has to acknowledge and to handle, by level, from the moment it is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from features.configuration import AlertPolicy
from features.vocabulary import AlertLevel


def ack_due(told_at: datetime, level: AlertLevel, policy: AlertPolicy, *, sensitive: bool) -> datetime:
    """Return when the alert must be acknowledged; a sensitive matter has its own, short clock."""
    minutes = policy.deadlines[level].acknowledge
    if sensitive:
        minutes = min(minutes, policy.sensitive_minutes)
    return told_at + timedelta(minutes=minutes)


def handle_due(told_at: datetime, level: AlertLevel, policy: AlertPolicy) -> datetime:
    """Return when the alert must be handled."""
    return told_at + timedelta(minutes=policy.deadlines[level].handle)
