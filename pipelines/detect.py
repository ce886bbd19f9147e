"""Detect: every detector over what is known, one ranked list of candidates, handed to the alert life cycle."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from features.clock import Clock
from features.lake import Lake
from features.panel import Panel
from features.series import UNCLASSIFIED
from features.settings import Settings
from features.taxonomy import taxonomy_version
from models.hotspots import SurgeConfig, detect_surges
from models.hotspots.candidates import MergeConfig, merge_candidates
from models.hotspots.rules import RuleConfig, apply_rules
from models.hotspots.spatial import ScanConfig, find_clusters
from models.hotspots.textgroups import TextConfig, find_groups
from models.hotspots.ticketframe import clean_tickets
from pipelines.errors import NoChampionError
from pipelines.panels import Known, open_lake, read_panel, reasons
from pipelines.seasons import due_seasons
from pipelines.topics import recalled, remembered
from pipelines.tracking import Registry
from pipelines.tracking.registry import HOTSPOT
from serve.alerts import Candidate, DetectionRun, Kind, intake
from serve.store import Store

BATCH_KINDS: Final = (Kind.FREQUENT, Kind.REPEAT, Kind.SENSITIVE, Kind.SHARED, Kind.FIRST_SEEN)
"""Kinds that a look at one ingested batch can find."""
_CURVE: Final = {"D": 56, "W": 26}
_LEAST_HISTORY: Final = 8  # periods before the first one judged
_LEVELS: Final = ["cell", "category"]
_PLACED: Final = [
    "source",
    "ticket_id",
    "known_at",
    "opened_local",
    "category1",
    "category2",
    "category",
    "district",
    "street",
    "department",
    "caller",
    "lat",
    "lon",
]


class DetectConfig(BaseModel):
    """The `[detect]` section.

    Attributes:
        daily_history: Days of counts under the daily detector.
        weekly_history: Weeks of counts under the weekly detector.
        space: Scan for space-time clusters where tickets have coordinates.
        text: Group recent texts by cause.
        q: False discovery rate over all cells tested together.
        budget: Alerts below red proposed per department and week.
        topic_days: Days of texts that a new installation learns before it judges which topics are new.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    daily_history: int = Field(default=730, ge=28)
    weekly_history: int = Field(default=260, ge=8)
    space: bool = True
    text: bool = True
    q: float = Field(default=0.2, gt=0, lt=1)
    budget: int = Field(default=5, ge=0)
    topic_days: int = Field(default=365, ge=1)


@dataclass(frozen=True)
class DetectSummary:
    """What a detection run found, and what became of it."""

    run: str
    as_of: datetime
    data_through: datetime | None
    snapshot: int
    model_version: str
    cells_tested: int
    candidates: int
    kinds: dict[str, int]
    alerts: dict[str, Any]
    degraded: str

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready description."""
        return {"schema_version": 1, **asdict(self)}


@dataclass(frozen=True)
class Found:
    """Candidates of one moment, before the alert life cycle sees them.

    Attributes:
        candidates: See `models.hotspots.candidates.CANDIDATE_COLUMNS`.
        surges: Frequency -> the surge detector's whole output.
        daily: The daily panel; None when only rules ran.
    """

    candidates: pd.DataFrame
    surges: dict[str, pd.DataFrame]
    daily: Known | None


def detect(
    settings: Settings,
    clock: Clock,
    *,
    as_of: datetime | None = None,
    rules_only: bool = False,
    keys: Collection[str] | None = None,
) -> DetectSummary:
    """Run the detectors as of a moment and hand what they find to the alerts; the same run again changes nothing.

    Args:
        settings: The installation.
        clock: The present.
        as_of: Detect as it could have been known then; the present when None.
        rules_only: Only the recitable rules and, with `keys`, the texts, as after each ingested batch.
        keys: With `rules_only`: ticket keys ("source/ticket_id") of the batch; findings without one are left out.

    Raises:
        PipelineError: The lake is empty, or no complete day is known by then.
    """
    moment = (as_of or clock.now()).astimezone(UTC)
    lake = open_lake(settings)
    surge, version, fallback = live_detector(settings)
    found = find_candidates(settings, moment, lake=lake, surge=surge, rules_only=rules_only, keys=keys)
    daily = found.daily
    run = DetectionRun(
        key=_run_key(moment, lake.version, version, rules_only=rules_only, keys=keys),
        as_of=moment,
        generated_at=clock.now(),
        data_through=daily.panel.data_through.to_pydatetime() if daily else None,
        complete=not rules_only,
        kinds=list(BATCH_KINDS) if rules_only else list(Kind),
        model_version=version,
        taxonomy_version=taxonomy_version(settings),
        calendar_version=daily.calendar_version if daily else "",
        snapshot=lake.version,
        degraded=reasons(fallback, daily.degraded if daily else ""),
    )
    rows = found.candidates
    candidates = [Candidate(**row) for row in rows.to_dict("records")]
    result = intake(Store.open(settings.store_url), candidates, clock=clock, run=run, settings=settings)
    return DetectSummary(
        run=run.key,
        as_of=moment,
        data_through=run.data_through,
        snapshot=lake.version,
        model_version=version,
        cells_tested=sum(frame["unique_id"].nunique() for frame in found.surges.values()),
        candidates=len(rows),
        kinds={str(kind): int(count) for kind, count in rows["kind"].value_counts().items()},
        alerts=result.model_dump(),
        degraded=run.degraded,
    )


def find_candidates(
    settings: Settings,
    as_of: datetime,
    *,
    lake: Lake,
    surge: SurgeConfig,
    rules_only: bool = False,
    keys: Collection[str] | None = None,
) -> Found:
    """Return the candidates of one moment; computes and reads, writes nothing (replay calls it for every past day).

    Args:
        settings: The installation.
        as_of: Aware moment; nothing known later is seen.
        lake: The ticket lake.
        surge: Configuration of the surge detector.
        rules_only: Only the recitable rules and, with `keys`, the texts of the districts they lie in: five callers
            whose tickets were filed under three categories are no matter to a rule, and one to the texts.
        keys: Ticket keys that a finding of theirs must touch.
    """
    config = DetectConfig(**settings.section("detect"))
    rules = RuleConfig(**settings.section("rules"))
    recent = clean_tickets(lake.tickets(as_of, since=as_of - timedelta(days=rules.lookback_days)), as_of=as_of)
    hits = apply_rules(recent, rules, as_of=as_of, timezone=settings.timezone, only=keys)
    merge = MergeConfig(q=config.q, weekly_budget=config.budget)
    if rules_only:
        static = pd.DataFrame(columns=["unique_id", "level"])
        judged = config.text and keys is not None
        groups = _groups(settings, lake, recent, as_of, config, keys=keys) if judged else None
        batch = merge_candidates(tickets=recent, as_of=as_of, static=static, hits=hits, groups=groups, config=merge)
        return Found(batch, {}, None)
    daily = read_panel(settings, as_of=as_of, freq="D", periods=config.daily_history, levels=_LEVELS, lake=lake)
    weekly = read_panel(settings, as_of=as_of, freq="W", periods=config.weekly_history, levels=_LEVELS, lake=lake)
    surges = {known.panel.freq: _surges(known, surge) for known in (daily, weekly) if _old_enough(known.panel)}
    candidates = merge_candidates(
        tickets=recent,
        as_of=as_of,
        static=daily.panel.static,
        surges=surges,
        hits=hits,
        clusters=_clusters(settings, lake, as_of) if config.space else None,
        groups=_groups(settings, lake, recent, as_of, config) if config.text else None,
        forecasts=due_seasons(settings, weekly.panel, as_of),
        config=merge,
    )
    return Found(with_curves(candidates, surges), surges, daily)


def _old_enough(panel: Panel) -> bool:
    """A new hotline has rules and days to go by before it has weeks to compare."""
    return bool(panel.y["ds"].nunique() > _LEAST_HISTORY)


def _surges(known: Known, config: SurgeConfig) -> pd.DataFrame:
    """Judge the newest periods, enough of them to draw the curve; unclassified cells are an operator's matter."""
    panel = known.panel
    ds = panel.y["ds"]
    step = pd.Timedelta(days=7 if panel.freq == "W" else 1)
    start = max(ds.max() - step * (_CURVE[panel.freq] - 1), ds.min() + _LEAST_HISTORY * step)
    named = panel.static.loc[~panel.static[["category", "district"]].isin([UNCLASSIFIED]).any(axis=1), "unique_id"]
    y = panel.y[panel.y["unique_id"].isin(named)]
    days = known.calendar(ds.min().date(), (ds.max() + step).date())
    return detect_surges(y, freq=panel.freq, start=start, calendar=days, static=panel.static, config=config)


def _clusters(settings: Settings, lake: Lake, as_of: datetime) -> pd.DataFrame:
    scan = ScanConfig(**settings.section("scan"))
    tickets = lake.tickets(as_of, since=as_of - timedelta(days=scan.periods), columns=_PLACED)
    return find_clusters(tickets, as_of=as_of, timezone=settings.timezone, config=scan)


def _groups(
    settings: Settings,
    lake: Lake,
    recent: pd.DataFrame,
    as_of: datetime,
    config: DetectConfig,
    *,
    keys: Collection[str] | None = None,
) -> pd.DataFrame | None:
    """Return the text groups; a batch does not wait for a year to be learnt, and is not judged without a memory."""
    text = TextConfig(**settings.section("text"))
    if keys is None:
        memory = remembered(settings, lake, as_of, text, days=config.topic_days)
    else:
        memory = recalled(settings, as_of, text)
        if memory.through is None:
            return None
    return find_groups(recent, as_of=as_of, timezone=settings.timezone, memory=memory, config=text, only=keys)


def with_curves(candidates: pd.DataFrame, surges: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Add to each candidate's evidence the curve of its first cell: `freq` and rows `ds, y, expected, upper`."""
    if candidates.empty:
        return candidates
    daily = surges.get("D", pd.DataFrame(columns=["unique_id"]))
    curves = dict(tuple(daily.groupby("unique_id", sort=False)))
    evidence = []
    for row in candidates.to_dict("records"):
        known = next((curves[cell] for cell in row["cells"] if cell in curves), None)
        curve = {} if known is None else {"curve": {"freq": "D", "rows": _curve(known)}}
        evidence.append({**row["evidence"], **curve})
    return candidates.assign(evidence=evidence)


def _curve(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"ds": ds.isoformat(), "y": int(y), "expected": round(float(mean), 2), "upper": float(upper)}
        for ds, y, mean, upper in rows[["ds", "y", "expected", "upper"]].itertuples(index=False)
    ]


def live_detector(settings: Settings) -> tuple[SurgeConfig, str, str]:
    """Return the champion's configuration and version, or the release's own with the reason."""
    registry = Registry.open(settings)
    try:
        champion = registry.champion(HOTSPOT)
        config = registry.bundle(champion)["surge.json"]
    except NoChampionError as error:
        return SurgeConfig(), "release", str(error).splitlines()[0]
    return SurgeConfig.from_json(config.decode()), champion.version, ""


def _run_key(moment: datetime, snapshot: int, version: str, *, rules_only: bool, keys: Collection[str] | None) -> str:
    batch = "" if keys is None else hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:16]
    return f"{'rules' if rules_only else 'all'}|{moment.isoformat()}|{snapshot}|{version}|{batch}"
