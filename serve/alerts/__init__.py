"""Alerts: from a detector's candidate to a department's answer, and back.

`candidates` come in through `intake`, which opens or updates an `episode`; `gates` decide whether anybody is told and
`notify` writes the messages; `actions` are what people do, what time does is in `serve.supervision`. Every change is
an event.
"""

from __future__ import annotations

from serve.alerts.candidates import Candidate, DetectionRun, IntakeResult
from serve.alerts.intake import intake

__all__ = ["Candidate", "DetectionRun", "IntakeResult", "intake"]
