"""What detectors hand in: a run, its candidates, and the answer they get."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from features.reasons import Reason
from features.sentences import Sentence
from features.series import UNCLASSIFIED
from features.vocabulary import EVERYWHERE, Idle, Kind, Rule, SecondSign
from features.words import LANGUAGES, UnknownWordsError


class Sibling(BaseModel):
    """Another matter of the same cause: what it is about, who usually handles it, how many tickets it has."""

    category1: str = ""
    category2: str = ""
    category: str = ""
    area: str = EVERYWHERE
    department: str = ""
    observed: int = Field(ge=0)

    @model_validator(mode="after")
    def _named(self) -> Sibling:
        self.category = self.category or UNCLASSIFIED
        self.area = self.area or EVERYWHERE
        return self


class Candidate(BaseModel):
    """One hotspot as a detector sees it. It may become an alert, or news about one that is open.

    Attributes:
        kind: Primary kind; with category and area it makes the fingerprint.
        kinds: Every kind that contributed.
        area: Home district; `EVERYWHERE` when the series sums over districts.
        department: Who usually handles these tickets; used where no route matches.
        cells: `unique_id`s of the footprint.
        tickets: Keys `source/ticket_id` of the tickets behind it.
        window_start: Start of the counted window, naive local civil time.
        window_end: End of it.
        observed: What the detector counted in the window: tickets, repeat calls merged in surges and clusters.
        callers: Distinct callers among them; one person can call fifty times. 0 where the source names none.
        hours: Different hours that its tickets came in; 0 where the detector does not say.
        places: Different places (streets, points, else districts) that they came from; 0 where it does not say.
        label_days: Days since its category was first seen; None where it is not known to be young.
        signs: Of a sensitive matter, what says the same beside its words.
        doubt: Its category says danger and its text denies it, so that somebody has to look.
        expected: What its own history explains.
        upper: The most that is usual.
        level_shift: The detector found the level itself has moved for good: the episode is re-based, not repeated.
        rule: By which rule its detector speaks; None where it names none.
        sentence: What it is about and how unusual it is, by code and facts, or in words as given.
        siblings: Other matters of the same cause, told with it; their departments assist.
        evidence: The detectors' numbers. Never a raw text. `arrived` (two ISO moments, naive local) says between when
            and when most of the tickets came.
        past: Similar past cases.
    """

    model_config = ConfigDict(extra="ignore")

    kind: Kind
    kinds: list[Kind] = []
    category1: str = ""
    category2: str = ""
    category: str = UNCLASSIFIED
    area: str = EVERYWHERE
    department: str = ""
    cells: list[str] = []
    tickets: list[str] = []
    window_start: datetime
    window_end: datetime
    observed: int = Field(ge=0)
    callers: int = Field(ge=0)
    hours: int = Field(default=0, ge=0)
    places: int = Field(default=0, ge=0)
    label_days: int | None = None
    expected: float | None = None
    upper: float | None = None
    p_value: float | None = None
    recurrence_days: float | None = None
    score: float = 0.0
    rank: int = 0
    sensitive: bool = False
    signs: list[SecondSign] = []
    doubt: bool = False
    level_shift: bool = False
    rule: Annotated[Rule, Field(discriminator="code")] | None = None
    sentence: Sentence | None = None
    siblings: list[Sibling] = []
    evidence: dict[str, Any] = {}
    past: list[dict[str, Any]] = []
    lat: float | None = None
    lon: float | None = None
    radius_km: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _missing_is_none(cls, values: Any) -> Any:
        # Candidates come out of frames, where a missing number is NaN and a missing text is None.
        if not isinstance(values, dict):
            return values
        return {name: _plain(value) for name, value in values.items() if not _is_missing(value)}

    @field_validator("window_start", "window_end")
    @classmethod
    def _is_civil(cls, value: datetime) -> datetime:
        if value.tzinfo is not None:
            raise ValueError("the window is naive local civil time, without a zone")
        return value

    @field_validator("sentence")
    @classmethod
    def _can_be_said(cls, value: Sentence | None) -> Sentence | None:
        try:
            _ = value and [value.said(language) for language in LANGUAGES]
        except (KeyError, TypeError, UnknownWordsError) as error:
            raise ValueError(f"the sentence lacks a fact that it names, or has one of another kind: {error}") from error
        return value

    @model_validator(mode="after")
    def _primary_kind_contributes(self) -> Candidate:
        self.kinds = list(dict.fromkeys([self.kind, *self.kinds]))
        self.category = self.category or UNCLASSIFIED
        self.area = self.area or EVERYWHERE
        self.sensitive = self.sensitive or Kind.SENSITIVE in self.kinds
        return self


class DetectionRun(BaseModel):
    """One run of the detectors.

    Attributes:
        key: Identity of the run; the same key handed in again changes nothing.
        complete: The run looked at everything its kinds cover, so silence about an alert means calm. A run over one
            ingested batch is not complete.
        kinds: The kinds this run could have found.
        judged: Frequency -> how many series there are (`series`), of how many the surge detector knows enough
            (`judged`), how many others the stand-in judged, and about when the `first` and `last` of the rest can be.
        idle: What the tickets lack, so that a detector never runs or sees less.
    """

    model_config = ConfigDict(protected_namespaces=())

    key: str
    as_of: AwareDatetime
    generated_at: AwareDatetime
    data_through: datetime | None = None
    complete: bool = True
    kinds: list[Kind] = list(Kind)
    model_version: str = ""
    taxonomy_version: str = ""
    calendar_version: str = ""
    snapshot: int | None = None
    degraded: tuple[Reason, ...] = ()
    judged: dict[str, dict[str, Any]] = {}
    idle: list[Idle] = []

    @field_validator("data_through")
    @classmethod
    def _civil(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=None) if value is not None else None


class IntakeResult(BaseModel):
    """What became of a run's candidates.

    `opened`, `updated`, `reopened` and `rebased` changed an alert; `known` brought nothing new; `calm` stays inside the
    new base of an alert that was re-based; `repeated` was handed in before.
    """

    opened: int = 0
    updated: int = 0
    reopened: int = 0
    rebased: int = 0
    known: int = 0
    calm: int = 0
    repeated: int = 0
    notified: int = 0
    held: int = 0
    alert_ids: list[str] = []


def _is_missing(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or type(value).__name__ in {"NaTType", "NAType"}
    )


def _plain(value: Any) -> Any:
    """Turn a numpy scalar or array into plain Python, all the way down; NaN inside a document becomes null."""
    if hasattr(value, "tolist") and not isinstance(value, str | bytes):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime()
    return None if isinstance(value, float) and not math.isfinite(value) else value
