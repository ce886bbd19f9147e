"""Propose a mapping from a table's header and values, and say how sure it is.

Header names are compared with what hotlines call things; values then confirm or contradict: ids must be unique, times
must parse, coordinates must lie on the globe. Several time formats in one column are listed, never guessed.
"""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

_SAMPLE: Final = 20_000
_SURE: Final = 0.55
_CONSTANT: Final = 0.9
"""A column that says the same everywhere may be what it is called, but says little."""
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "ticket_id": (
        "工单编号",
        "工单号",
        "编号",
        "id",
        "ticket_id",
        "unique_key",
        "service_request_id",
        "case_enquiry_id",
    ),
    "opened_at": (
        "受理时间",
        "来电时间",
        "创建时间",
        "created",
        "created_date",
        "requested_datetime",
        "open_dt",
        "opened",
    ),
    "updated_at": ("更新时间", "修改时间", "updated", "updated_datetime", "resolution_action_updated_date"),
    "closed_at": ("办结时间", "结案时间", "closed", "closed_date", "closed_dt"),
    "category1": ("一级事项", "一级分类", "subject"),
    "category2": ("二级事项", "二级分类", "reason"),
    "category": ("三级事项", "category", "三级分类", "事项", "complaint_type", "service_name", "type"),
    "category_code": ("三级事项编码", "事项编码", "service_code", "code"),
    "district": ("区县", "市县", "行政区", "district", "neighborhood", "borough", "ward", "office"),
    "street": ("街道", "乡镇", "street", "community_area", "community_board"),
    "department": ("承办单位", "责任单位", "department", "agency", "agency_responsible"),
    "channel": ("来源渠道", "渠道", "channel", "source", "open_data_channel_type"),
    "request_type": ("诉求类型", "工单类型", "request_type"),
    "status": ("状态", "工单状态", "status", "case_status"),
    "caller": ("来电人", "来电号码", "联系电话", "caller", "phone", "留言用户"),
    "title": ("诉求标题", "标题", "留言主题", "title", "subcategory", "descriptor"),
    "text": ("诉求内容", "内容", "留言详情", "description", "text"),
    "address": ("诉求地址", "地址", "address", "incident_address"),
    "lat": ("纬度", "lat", "latitude"),
    "lon": ("经度", "lon", "lng", "long", "longitude"),
    "is_repeat": ("是否重复", "is_repeat", "duplicate"),
    "satisfaction": ("满意度", "satisfaction"),
}
_TIMES: Final = {"opened_at", "updated_at", "closed_at"}
_FORMATS: Final = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日",
)
_OFFSET: Final = re.compile(r"(Z|[+-]\d\d:?\d\d)$")


@dataclass(frozen=True)
class Guess:
    """A field, the column proposed for it, how sure (0 to 1), and why."""

    field: str
    column: str
    confidence: float
    why: str


@dataclass(frozen=True)
class Suggestion:
    """A proposed mapping.

    Attributes:
        guesses: One per field that was found, surest first.
        formats: Time formats seen in the opening time, with the share of values each reads.
        warnings: What a person has to decide.
        toml: The mapping, ready to be edited.
    """

    guesses: tuple[Guess, ...]
    formats: dict[str, float]
    warnings: tuple[str, ...]
    toml: str

    def to_json(self) -> dict[str, Any]:
        """Return the suggestion as a JSON document."""
        return {
            "schema_version": 1,
            "guesses": [asdict(guess) for guess in self.guesses],
            "formats": self.formats,
            "warnings": list(self.warnings),
            "toml": self.toml,
        }


def suggest_mapping(path: Path, *, source: str | None = None, timezone: str | None = None) -> Suggestion:
    """Read the first rows of a table and propose how to map it.

    Raises:
        SourceError: The file cannot be read.
    """
    from features.lake.engine import duck
    from features.sources.tables import raw_table

    with duck(threads=1) as connection, tempfile.TemporaryDirectory() as scratch:
        raw = raw_table(connection, path, scratch=Path(scratch))
        rows = connection.sql(f"SELECT * FROM {raw.sql} LIMIT {_SAMPLE}").df()
    columns = {name: _texts(rows[name]) for name in rows.columns}
    guesses = _assign(columns)
    opened = next((columns[guess.column] for guess in guesses if guess.field == "opened_at"), [])
    formats = time_formats(opened)
    warnings = _warnings(guesses, formats, opened, timezone)
    toml = _toml(guesses, formats, opened, source or re.sub(r"[^\w.-]+", "_", path.stem), timezone)
    return Suggestion(tuple(guesses), formats, tuple(warnings), toml)


def _texts(column: Any) -> list[str]:
    return [str(value).strip() for value in column.dropna() if str(value).strip()]


def _assign(columns: dict[str, list[str]]) -> list[Guess]:
    """Give every field its best column; the surest pair chooses first, and a column serves one field."""
    pairs = [
        _guess(field, column, likeness, values)
        for field in _NAMES
        for column, values in columns.items()
        if (likeness := _likeness_to(field, column)) >= _SURE
    ]
    pairs.sort(key=lambda guess: -guess.confidence)
    chosen: dict[str, Guess] = {}
    taken: set[str] = set()
    for guess in pairs:
        if guess.confidence >= _SURE and guess.field not in chosen and guess.column not in taken:
            chosen[guess.field] = guess
            taken.add(guess.column)
    return list(chosen.values())


def _likeness_to(field: str, column: str) -> float:
    """Return how much a column is called like a field; of several that are, the usual name comes first."""
    return max(_likeness(column, name) - 0.01 * place for place, name in enumerate(_NAMES[field]))


def _guess(field: str, column: str, likeness: float, values: list[str]) -> Guess:
    fits, why = _fit(field, values)
    return Guess(field, column, round(likeness * fits, 2), why)


def _likeness(column: str, name: str) -> float:
    plain = re.sub(r"[^\w]+|_", "", column.lower())
    wanted = name.replace("_", "")
    if plain == wanted:
        return 1.0
    if wanted in plain and len(wanted) > 1:
        return 0.8
    return 0.7 * SequenceMatcher(None, plain, wanted).ratio()


def _fit(field: str, values: list[str]) -> tuple[float, str]:
    """Return how well the values suit a field, and what was seen."""
    if not values:
        return 0.6, "no values to look at"
    if field == "ticket_id":
        share = len(set(values)) / len(values)
        return (share if share > 0.9 else share / 2), f"{share:.1%} of the values are distinct"  # noqa: PLR2004
    if field in _TIMES:
        share = sum(time_formats(values).values())
        return min(share, 1.0), f"{min(share, 1.0):.1%} of the values are times"
    if field in {"lat", "lon"}:
        limit = 90 if field == "lat" else 180
        share = sum(_is_number(value) and abs(float(value)) <= limit for value in values) / len(values)
        return share, f"{share:.1%} of the values are degrees"
    different = len(set(values))
    return (1.0 if different > 1 else _CONSTANT), f"{different:,} different value{'s' if different > 1 else ''}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def time_formats(values: list[str]) -> dict[str, float]:
    """Return the formats found in times written as text, each with the share of values it reads, most frequent first.

    A value counts for the first format that reads it, so the shares add up to the share of values that are times.
    """
    from datetime import datetime

    counts: dict[str, int] = {}
    for value in values[:2000]:
        bare = _OFFSET.sub("", value) if len(value) > 10 else value  # noqa: PLR2004 - longer than a date
        for form in _FORMATS:
            try:
                datetime.strptime(bare, form)  # noqa: DTZ007 - only whether it parses
            except ValueError:
                continue
            counts[form] = counts.get(form, 0) + 1
            break
    total = min(len(values), 2000)
    return {form: count / total for form, count in sorted(counts.items(), key=lambda item: -item[1])}


def _warnings(guesses: list[Guess], formats: dict[str, float], opened: list[str], timezone: str | None) -> list[str]:
    found = {guess.field for guess in guesses}
    warnings = [f"no column for {field}: name it by hand" for field in ("ticket_id", "opened_at") if field not in found]
    if timezone is None:
        warnings.append("the time zone is a guess: set timezone")
    if len(formats) > 1:
        shares = ", ".join(f"{form} {share:.0%}" for form, share in formats.items())
        warnings.append(f"times come in several formats ({shares}): check that none is ambiguous")
    if {"%m/%d/%Y", "%m/%d/%Y %H:%M:%S"} & set(formats):
        warnings.append("month before day is assumed: check time_formats")
    if opened and _date_only(opened, formats):
        warnings.append("the opening has no time of day: date_only = true")
    return warnings


def _date_only(opened: list[str], formats: dict[str, float]) -> bool:
    return bool(formats) and (
        all("%H" not in form and "%I" not in form for form in formats) or all("00:00:00" in value for value in opened)
    )


def _toml(guesses: list[Guess], formats: dict[str, float], opened: list[str], source: str, timezone: str | None) -> str:
    offsets = sum(bool(_OFFSET.search(value)) and len(value) > 10 for value in opened)  # noqa: PLR2004
    carries = bool(opened) and offsets == len(opened)
    known = "updated_at" if any(guess.field == "updated_at" for guess in guesses) else "opened_at"
    lines = [
        f"source = {json.dumps(source, ensure_ascii=False)}",
        f"timezone = {json.dumps(timezone or 'Asia/Shanghai')}",
        f'clock = "{"offset" if carries else "local"}"',
        f'known_at = "{known}"',
    ]
    if _date_only(opened, formats):
        lines.append("date_only = true")
    if not carries and formats:
        lines.append(f"time_formats = {json.dumps(list(formats), ensure_ascii=False)}")
    lines += ["", "[columns]"]
    order = list(_NAMES)
    for guess in sorted(guesses, key=lambda guess: order.index(guess.field)):
        column = json.dumps(guess.column, ensure_ascii=False)
        lines.append(f"{guess.field} = {column}  # {guess.confidence:.0%} sure: {guess.why}")
    return "\n".join(lines) + "\n"
