"""Sections of the detectors: `[detect]`, `[candidates]`, `[scan]`, `[text]`, `[seasons]`."""

from __future__ import annotations

from typing import Any, Literal

from features.configuration.part import ConfigPart, key


class DetectConfig(ConfigPart):
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
    """False discovery rate over all series of one level that are tested together."""
    topic_days: int = key(365, unit="days", ge=1)
    """Days of texts that a new installation learns before it judges which topics are new."""


class CandidateConfig(ConfigPart):
    """How the signals of all detectors become one ranked list."""

    surge_recurrence_days: float = key(30.0, unit="days", ge=0)
    """A surge that chance brings more often than this is left out."""
    min_count: int = key(3, unit="tickets", ge=1)
    """A surge of fewer tickets is noise."""
    overlap: float = key(0.5, unit="share", gt=0, le=1)
    """Share of the smaller one's tickets that makes two findings one; of what runs find, and of an open alert."""
    together_hours: float = key(6.0, unit="hours", ge=0)
    """Different matters of one district whose tickets came within so many hours of each other have one cause."""
    told_days: float = key(7.0, unit="days", ge=0)
    """An alert that ended within so many days has told a count of which it holds the `overlap`: none is opened anew."""
    detector_cap: float = key(6.0, unit="powers of ten of days", gt=0)
    """No detector's surprise counts for more in the rank."""
    sensitive_bonus: float = key(4.0, ge=0)
    """What a sensitive matter adds to the rank."""
    kind_bonus: float = key(0.5, ge=0)
    """What every further kind that agrees adds to the rank."""


class TailConfig(ConfigPart):
    """The tail of the scan's maxima: how chance is told from the category's own past."""

    scale: float = key(1.3, unit="log likelihood", gt=0)
    """Usual scale of the Gumbel tail: .95 in simulated cities; more leaves room for what no model holds."""
    one_in: int = key(5, unit="days", ge=2)
    """The tail goes through what is exceeded on one past day in so many."""
    trust: float = key(7, unit="events", gt=0)
    """Events of the past that weigh as much as the usual scale."""
    most: float = key(2.0, unit="scales", gt=1)
    """One event counts for at most this, so that a single cluster hides no later one."""


class ScanConfig(ConfigPart):
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
    min_recurrence_days: float = key(30.0, unit="days", ge=1)
    """Report what chance brings less often than this in the whole city, all categories scanned together."""
    merge_days: int = key(7, unit="days", ge=0)
    """A caller's tickets of one category within so many days count once."""
    most: int = key(3, unit="clusters", ge=1)
    """Clusters reported per category."""
    half_lives: tuple[float, ...] = key((60.0, 120.0, 240.0, 480.0), unit="days")
    """What `half_life` is chosen from where it is not set: busy categories move, sparse ones need a long memory."""
    calibration_days: int = key(60, unit="days", ge=30)
    """Past analyses that a category's scan must be able to replay before it may speak."""
    analyses: int = key(180, unit="days", ge=30)
    """Past analyses that a threshold is worked out from."""
    looks: tuple[tuple[int, float], ...] = ((6, 0.66), (12, 0.33), (36, 0.1))
    """Cheap first calibrations: past analyses, and on which share of days a look must say that chance brings it, to be
    taken at its word; looks that are not three times as often as the threshold are left out."""
    named_share: float = key(0.25, unit="share", gt=0, le=1)
    """A district with so many of a cluster's tickets is named beside the one with most."""
    street_share: float = key(0.5, unit="share", gt=0, le=1)
    """A street with so many of them is where the cluster is."""
    tail: TailConfig = TailConfig()
    """The tail of the scan's maxima."""

    @property
    def asked(self) -> dict[str, Any]:
        """What to ask `features.ticket_points.placed_tickets` for, besides moment and zone."""
        return {
            "by": self.by,
            "days": self.periods,
            "merge_days": self.merge_days,
            "keyed_days": max(self.durations),
            "points_only": self.places == "points",
        }


class GroupingConfig(ConfigPart):
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
    most_words: int = key(40, unit="words", ge=1)
    """Only the heaviest words of a text are compared."""
    common: float = key(0.1, unit="share", gt=0, le=1)
    """Words of more than this share of a large block say nothing about which matter it is."""
    large: int = key(200, unit="callers", ge=1)
    """From so many callers on, earlier ones included, a block is large."""


class LabelConfig(ConfigPart):
    """How a group of texts is named."""

    support: float = key(0.3, unit="share", gt=0, lt=1)
    """A word of the name is said by at least this share of the group."""
    most: float = key(0.5, unit="share", gt=0, lt=1)
    """What more than this share says tells how rare the matter is."""


class MemoryConfig(ConfigPart):
    """What the hotline has heard before; remove home/topics after a change, so that it is learnt again."""

    half_life_days: float = key(56.0, unit="days", gt=0)
    """After so long a ticket counts half."""
    unsaid: float = key(0.5, unit="tickets", gt=0)
    """Added to what was counted: silence over a short memory proves little."""


class TextConfig(ConfigPart):
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
    labels: LabelConfig = LabelConfig()
    """How a group is named."""
    memory: MemoryConfig = MemoryConfig()
    """What was heard before."""


class SeasonConfig(ConfigPart):
    """What counts as a season, in the calendar of returning problems and in the alerts ahead of them."""

    ratio: float = key(1.25, unit="times the year's mean", gt=1)
    """Weeks of at least this belong to a season."""
    z: float = key(2.0, unit="overdispersed standard deviations", gt=0)
    """How far above the year's mean a year's season must stand, to be seen."""
    min_years: int = key(2, unit="years", ge=2)
    """Full years needed before anything is called a season."""
    joint_z: float = key(4.0, unit="standard deviations", ge=0)
    """How far all years together must stand out: so far chance brings one of a thousand categories in ten years."""
    min_share: float = key(0.75, unit="share", gt=0, le=1)
    """Share of the years in which it must have been seen."""
    min_extra: float = key(20.0, unit="tickets a year", ge=0)
    """Tickets that a season brings beyond the usual, in half of the years; half as many in a year in which it is seen.
    Of twenty the size is known to within a quarter; fewer are a handful."""
    min_weekly: float = key(3.0, unit="tickets a week", ge=0)
    """Seasons with fewer tickets are left out."""
    lead_weeks: int = key(4, unit="weeks", ge=0)
    """Time before the return by which to act."""
    lunar_margin: float = key(0.05, unit="share of variation", ge=0)
    """How much more the lunar alignment must explain to be preferred."""
