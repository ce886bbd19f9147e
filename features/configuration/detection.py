"""The `[detect]`, `[scan]` and `[text]` sections: what the detectors look at, and what is worth raising."""

from __future__ import annotations

from typing import Any, Literal

from features.configuration.part import Part, key


class DetectConfig(Part):
    """How much history the detectors read, and which of them run."""

    daily_history: int = key(730, unit="days", ge=28)
    """Days of counts under the daily detector."""
    weekly_history: int = key(260, unit="weeks", ge=8)
    """Weeks of counts under the weekly detector."""
    space: bool = True
    """Scan for space-time clusters where tickets have coordinates."""
    text: bool = True
    """Group recent texts by cause."""
    q: float = key(0.2, unit="share", gt=0, lt=1)
    """False discovery rate over all cells tested together."""
    topic_days: int = key(365, unit="days", ge=1)
    """Days of texts that a new installation learns before it judges which topics are new."""


class ScanConfig(Part):
    """What the space-time scan looks at, and which clusters it reports."""

    by: Literal["category1", "category2", "category"] = "category"
    """Scan one value of this column at a time."""
    places: Literal["points", "district"] = "points"
    """"points" lays a grid of `cell_km`, "district" takes districts at their centres."""
    cell_km: float = key(0.5, unit="km", gt=0)
    """Width of a cell of the grid."""
    max_radius_km: float = key(3.0, unit="km", ge=0)
    """No cluster is wider; 3 km finds streets and quarters, 6 and more towns."""
    periods: int = key(365, unit="days", ge=90)
    """Days of history read."""
    durations: tuple[int, ...] = key((1, 2, 3, 4, 5, 6, 7, 10, 14), unit="days")
    """Window lengths."""
    scale: Literal["day", "history"] = "day"
    """What a day's total is expected to be: "day" takes the observed one, "history" that of the same past weekdays."""
    half_life: float | None = key(None, unit="days", example=120.0, gt=0)
    """After so long a ticket counts half for its place's share; what would have detected the past best when not set."""
    min_count: int = key(4, unit="tickets", ge=2)
    """A cluster has at least as many tickets, repeat callers merged."""
    min_recurrence_days: float = key(365.0, unit="days", ge=1)
    """Report what chance brings less often than this in the whole city, all categories scanned together."""
    merge_days: int = key(7, unit="days", ge=0)
    """A caller's tickets of one category within so many days count once."""
    most: int = key(3, unit="clusters", ge=1)
    """Clusters reported per category."""

    @property
    def asked(self) -> dict[str, Any]:
        """What to ask `features.placed.placed_tickets` for, besides moment and zone."""
        return {
            "by": self.by,
            "days": self.periods,
            "merge_days": self.merge_days,
            "keyed_days": max(self.durations),
            "points_only": self.places == "points",
        }


class GroupingConfig(Part):
    """When texts are about one cause.

    The thresholds are cosines, set on labelled messages of another set, from pairs that cannot have one cause because
    their classes differ: fewer than one such pair in 10,000 reaches either of the first two (docs/candidates.md).
    """

    seed: float = key(0.30, unit="cosine", gt=0, lt=1)
    """Two texts this alike start a group."""
    near: float = key(0.25, unit="cosine", gt=0, lt=1)
    """A text this close to a group's centre joins it; a member farther away leaves."""
    join: float = key(0.45, unit="cosine", gt=0, lt=1)
    """Two groups whose centres are this alike are one."""
    title_weight: float = key(3.0, gt=0)
    """Weight of a word in the title against one in the text."""
    place_weight: float = key(1.5, gt=0)
    """Weight of a word that names a place."""


class TextConfig(Part):
    """Which groups of texts are worth raising."""

    days: int = key(3, unit="days", ge=1)
    """Length of the window whose tickets are grouped."""
    fresh_hours: int = key(24, unit="hours", ge=1)
    """A group without a ticket in the last hours is old news."""
    min_callers: int = key(4, unit="callers", ge=2)
    """Distinct callers that make a matter shared."""
    first_callers: int = key(4, unit="callers", ge=2)
    """Distinct callers that make an unheard topic worth raising."""
    absent_days: int = key(365, unit="days", ge=1)
    """A topic not said for so long is new."""
    learnt_days: int = key(180, unit="days", ge=1)
    """Below this much memory nothing can be called new."""
    min_recurrence_days: float = key(30.0, unit="days", ge=0)
    """Shared matters that chance brings more often are left out, once a memory can judge it."""
    dispersion: float = key(2.0, unit="variance over mean", gt=1)
    """How much more than a Poisson distribution chance varies."""
    grouping: GroupingConfig = GroupingConfig()
    """When texts are about one cause."""
