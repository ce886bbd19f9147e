"""Every set of codes that is shown in words, by the prefix of its keys in the catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from features.reasons import REASON_WORDS
from features.spoken_dates import MONTHS
from features.vocabulary import Frequency, Idle
from features.words import Family
from serve.access.roles import ROLES
from serve.alerts.closing import Closing
from serve.alerts.danger import EXCEPTING
from serve.alerts.episode import PARTS
from serve.alerts.gates import Hold
from serve.alerts.levels import LEVEL_REASONS, LEVEL_WORDS, SECOND_SIGNS
from serve.alerts.lifecycle import EVENTS, STATES, Dismissal
from serve.alerts.rule_text import RULES, SPANS
from serve.delivery.channels import CHANNELS
from serve.delivery.failures import CAUSE_WORDS
from serve.delivery.wording import KINDS, TOLD
from serve.errors import TITLES
from serve.forecasts.drivers import HOLIDAYS, SOLAR_TERMS
from serve.invalid import INVALID
from serve.reports.headings import BASES, COLUMNS, SERIES_LEVELS
from serve.supervision.sheet import CONCERNS

_FAMILIES: Final = (
    REASON_WORDS,
    STATES,
    ROLES,
    TITLES,
    INVALID,
    EVENTS,
    Family.of("dismiss", Dismissal),
    LEVEL_WORDS,
    LEVEL_REASONS,
    SECOND_SIGNS,
    EXCEPTING,
    KINDS,
    TOLD,
    Family.of("held", Hold),
    Family.of("closed", Closing),
    Family.of("channel", sorted(CHANNELS)),
    SERIES_LEVELS,
    HOLIDAYS,
    SOLAR_TERMS,
    COLUMNS,
    BASES,
    CONCERNS,
    Family.of("act", ("ack", "start", "handle", "dismiss", "reassign", "supervise", "answer")),
    PARTS,
    Family.of("alert.curve", Frequency),
    Family.of("alert.counts", ("tickets", "own")),
    Family.of("alert.counts.callers", Frequency),
    Family.of("unjudged.by", Frequency),
    Family.of("idle", Idle),
    Family.of("audience", ("duty", "role:supervisor", "all")),
    Family.of("clock", ("ack", "handle")),
    CAUSE_WORDS,
    Family.of("purpose", ("silence", "maintenance")),
    Family.of("scope", ("active", "overdue", "held", "ended")),
    Family.of("quiet.done", ("silenced", "ended", "rule")),
    RULES,
    SPANS,
    MONTHS,
    Family.of("routing.done", ("sheet", "settled")),
    Family.of("subscriptions.done", ("added", "changed", "paused", "resumed", "ended")),
)

FAMILIES: Final[Mapping[str, Family]] = {family.prefix: family for family in _FAMILIES}
"""Prefix -> the family; what is not listed here cannot be said with `of`."""
