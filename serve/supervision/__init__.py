"""督办: what time does to alerts, and what a supervisor looks at.

`tick` reminds, escalates and closes; `watchlist` is the one list of what is late, dismissed again and again or
unanswered across departments; orders have a due date; `alert_week` is what a report says of alerts.
"""

from serve.supervision.tick import TickResult, tick

__all__ = ["TickResult", "tick"]
