"""Who answers for the hotline as a whole; the written rules are the `[alerts]` section."""

from __future__ import annotations

from features.configuration import AlertPolicy
from serve.access import Caller


def on_duty(policy: AlertPolicy, caller: Caller) -> bool:
    """Tell whether somebody answers for the hotline as a whole: supervisors, and the people of the duty desk."""
    return caller.commands_alerts or caller.department == policy.duty_desk
