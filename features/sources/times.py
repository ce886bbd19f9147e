"""SQL that reads a time as it is written: what cannot be read with certainty is NULL, never shifted."""

from __future__ import annotations

import re
from typing import Final

from features.lake.duck import literal, literals
from features.mappings import Mapping, MappingError, SourceClock
from features.mappings.time_formats import NAMED_FORMATS, ZONE_MINUTES, plain_format, tells_zone

TIMES: Final = ("TIMESTAMP", "DATE")
"""DuckDB types of columns that hold times, by how their names begin."""

_ISO: Final = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[ T]\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,9})?)?)?"
_MORNING: Final = "上午|凌晨|清晨|早上|早晨|AM|A.M."
_LATER: Final = "下午|傍晚|PM|P.M."
_EVENING: Final = "晚上|夜间|夜里"
_NOON: Final = "中午"
_HALF: Final = f"{_MORNING}|{_LATER}|{_EVENING}|{_NOON}".replace(".", r"\.")
_SPOKEN: Final = (
    r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?[T\s,]*(?:星期.|周.)?\s*"
    rf"(?:({_HALF})?\s*(\d{{1,2}})\s*[:时時点點]\s*"
    rf"(?:(\d{{1,2}})\s*(?:[:分]\s*(?:(\d{{1,2}}(?:\.\d{{1,6}})?)\s*秒?)?)?)?\s*({_HALF})?)?$"
)
_PARTS: Final = ("y", "m", "d", "before", "hour", "mi", "s", "after")
_FULL_WIDTH: Final = ("０１２３４５６７８９－：／．，　", "0123456789-:/., ")
_NUMERIC: Final = r"(?:Z|z|[+-]\d\d(?::?\d\d)?)"
_ZONED: Final = (
    r"^(.*?\d(?:\s*[AP]M)?)\s*"
    r"\(?((?:UTC|GMT)?[+-]\d{1,2}(?::?\d\d)?|Z|z|[A-Z]{2,5}|[A-Za-z_]+(?:/[A-Za-z_+-]+)+)\)?$"
)
_OFFSET_IN_FIGURES: Final = r"^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?$"
_HHMM: Final = r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?"
_SHARE_OF_DAY: Final = r"0?\.\d+|0"
_SERIAL: Final = r"\d{5}(?:\.\d+)?"
_UTC: Final = r"\s*\(?(?:Z|z|UTC|GMT|(?:UTC|GMT)?[+-]00(?::?00)?)\)?$"
_WITH_ZONE: Final = (
    r":[\d.]+(?:\s*[AaPp][Mm])?\s*"
    r"\(?(?:[A-Za-z_]+(?:/[A-Za-z_+-]+)+|Z|z|[A-Z]{3,}|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d\d)?)\)?$"
)


def time_sql(text: str, mapping: Mapping) -> str:
    """Return the SQL that reads a time given as text: naive, or an instant where the clock is `offset`.

    Args:
        text: The text, clean, as SQL.
        mapping: Its formats and its clock.
    """
    instant_read = _instants(text, mapping)
    if mapping.clock is SourceClock.OFFSET:
        read = [_zoned(text, mapping)]
    else:
        if mapping.clock is SourceClock.UTC:
            # A text that says UTC under a clock that says so too contradicts nothing.
            bare = f"regexp_replace({text}, {literal(_UTC)}, '')"
            naive = f"coalesce({_naive(text, mapping)}, {_naive(bare, mapping)})"
        else:
            naive = _naive(text, mapping)
        read = [naive]
        instant_read = [f"timezone({zone_of_instants(mapping)}, {one})" for one in instant_read]
    read += instant_read
    return f"coalesce({', '.join(read)})" if len(read) > 1 else read[0]


def time_of_day_sql(day: str, text: str) -> str:
    """Return the SQL of a day with the time of day that another column says; NULL without one.

    Args:
        day: A naive time of that day, as SQL.
        text: `08:00`, `8:00 PM`, `上午8时0分`, `0800`, or the part of a day that a spreadsheet keeps, as SQL.
    """
    digits = f"CASE WHEN regexp_full_match({text}, {literal(_HHMM)}) THEN"
    parts = f"{text}[1:2] || ':' || {text}[3:4] || ':' || coalesce(nullif({text}[5:6], ''), '00')"
    clocked = f"coalesce({digits} {parts} END, {text})"
    read = _by_default(f"('1970-01-01 ' || {clocked})")
    spoken = f"{read} - TIMESTAMP '1970-01-01'"
    share = f"CASE WHEN regexp_full_match({text}, {literal(_SHARE_OF_DAY)}) THEN TRY_CAST({text} AS DOUBLE) END"
    seconds = f"to_seconds(round({share} * 86400)::BIGINT)"
    has_one = f"CASE WHEN {text} IS NOT NULL THEN coalesce({seconds}, {spoken}) END"
    return f"date_trunc('day', {day}) + {has_one}"


def zone_of_instants(mapping: Mapping) -> str:
    """Return the zone in which an instant's wall clock is the one that the mapping's clock goes by, as SQL."""
    return literal("UTC" if mapping.clock is SourceClock.UTC else mapping.timezone)


def unreadable(text: str, mapping: Mapping) -> str:
    """Return the SQL of why a time is unreadable, as the quarantine says it."""
    carries = f"regexp_matches({text}, {literal(_WITH_ZONE)})"
    if mapping.clock is SourceClock.OFFSET:
        return f"CASE WHEN {carries} THEN 'time or its zone is unreadable' ELSE 'time without a zone' END"
    clock = mapping.clock.value
    return f"CASE WHEN {carries} THEN 'time carries a zone, but clock is {clock}' ELSE 'time is unreadable' END"


def instant_of_column(name: str, kind: str, column: str, mapping: Mapping) -> str | None:
    """Return a column that holds times as SQL, None if it holds text.

    Raises:
        MappingError: The mapping's clock asks for offsets, and the column has none.
    """
    if kind == "TIMESTAMP WITH TIME ZONE":
        return name if mapping.clock is SourceClock.OFFSET else f"timezone({zone_of_instants(mapping)}, {name})"
    if not kind.startswith(TIMES):
        return None
    if mapping.clock is SourceClock.OFFSET:
        raise MappingError(
            f"mapping {mapping.source}: column {column!r} has no offset", hint='say clock = "local" or "utc"'
        )
    return f"{name}::TIMESTAMP"


def _naive(text: str, mapping: Mapping) -> str:
    named = [form for form in mapping.time_formats if form in NAMED_FORMATS]
    formats = [form for form in mapping.time_formats if form not in NAMED_FORMATS and not tells_zone(form)]
    formats = [plain_format(form) for form in formats]
    read = [_by_default(text)] if not mapping.time_formats else []
    if formats:
        spoken = _in_figures(text)
        read.append(f"try_strptime({text}, {literals(formats)})")
        # Full-width figures, 上午 and 下午: only for what no format reads as it stands.
        read.append(f"try_strptime({spoken}, {literals(dict.fromkeys(_half_width(form) for form in formats))})")
    if "excel" in named:
        days = f"CASE WHEN regexp_full_match({text}, {literal(_SERIAL)}) THEN TRY_CAST({text} AS DOUBLE) END"
        read.append(f"TIMESTAMP '1899-12-30' + to_seconds(round({days} * 86400)::BIGINT)")
    return f"coalesce({', '.join(read)})" if read else "NULL::TIMESTAMP"


def _instants(text: str, mapping: Mapping) -> list[str]:
    """Return how seconds and milliseconds since 1970 are read: they are instants, whatever the clock."""
    figures = {"epoch": (r"-?\d{8,10}(?:\.\d+)?", 1_000_000), "epoch_ms": (r"-?\d{11,13}(?:\.\d+)?", 1_000)}
    return [
        f"CASE WHEN regexp_full_match({text}, {literal(pattern)}) "
        f"THEN make_timestamptz(round(TRY_CAST({text} AS DECIMAL(28, 6)) * {factor})::BIGINT) END"
        for name, (pattern, factor) in figures.items()
        if name in mapping.time_formats
    ]


def _zoned(text: str, mapping: Mapping) -> str:
    """Return the instant of a time that says its zone, NULL where it says none or one that could be several."""
    zone = "(zoned).zone"
    names = " ".join(f"WHEN {literal(name)} THEN {minutes}" for name, minutes in ZONE_MINUTES.items())
    figures = literal(_OFFSET_IN_FIGURES)
    hours, minutes = (f"TRY_CAST(regexp_extract({zone}, {figures}, {group}) AS INTEGER)" for group in (2, 3))
    east = f"CASE WHEN contains({zone}, '-') THEN -1 ELSE 1 END * ({hours} * 60 + coalesce({minutes}, 0))"
    shift = f"coalesce(CASE {zone} {names} END, CASE WHEN {hours} <= 14 THEN {east} END)"
    places = f"CASE WHEN list_contains({literals(_places())}, {zone}) THEN timezone({zone}, naive) END"
    moment = f"coalesce(timezone('UTC', naive - to_minutes({shift})), {places})"
    rest = _given(_naive("(zoned).rest", mapping), "naive", moment)
    read = _given(f"regexp_extract({text}, {literal(_ZONED)}, ['rest', 'zone'])", "zoned", rest)
    direct = [form for form in mapping.time_formats if tells_zone(form)]
    formats = [f"try_strptime({text}, {literals(direct)})::TIMESTAMPTZ"] if direct else []
    if not mapping.time_formats:
        iso = f"regexp_full_match({text}, {literal(_ISO + _NUMERIC)})"
        return f"CASE WHEN {iso} THEN TRY_CAST({text} AS TIMESTAMPTZ) ELSE {read} END"
    return f"coalesce({', '.join([*formats, read])})"


def _places() -> list[str]:
    from zoneinfo import available_timezones

    return sorted(name for name in available_timezones() if "/" in name)


def _by_default(text: str) -> str:
    """Return the SQL that reads a time of which year, month and day stand in this order.

    DuckDB's own cast drops whatever stands behind the time, be it a zone or PM.
    """
    part = f"regexp_extract(upper({_half_width_sql(text)}), {literal(_SPOKEN)}, {literals(_PARTS)})"
    iso = f"regexp_full_match({text}, {literal(_ISO)})"
    return f"CASE WHEN {iso} THEN TRY_CAST({text} AS TIMESTAMP) ELSE {_given(part, 'part', _spoken('part'))} END"


def _given(value: str, name: str, then: str) -> str:
    """Return SQL that uses a value several times and works it out once, and in no row that does not need it.

    DuckDB takes what stands twice in an expression out of its CASE and works it out in every row.
    """
    return f"list_transform([{value}], lambda {name}: {then})[1]"


def _spoken(part: str) -> str:
    def one(name: str) -> str:
        return f"({part}).{name}"

    half, hour = f"concat({one('before')}, {one('after')})", f"TRY_CAST({one('hour')} AS INTEGER)"

    def among(words: str) -> str:
        return f"{half} IN ({', '.join(literal(word) for word in words.split('|'))})"

    hours = (
        f"CASE WHEN {half} = '' THEN {hour} "
        f"WHEN {among(_MORNING)} AND {hour} <= 12 THEN {hour} % 12 "
        f"WHEN {among(_LATER)} THEN CASE WHEN {hour} < 12 THEN {hour} + 12 WHEN {hour} < 24 THEN {hour} END "
        # 晚上12点 may be the beginning of the day or its end.
        f"WHEN {among(_EVENING)} THEN CASE WHEN {hour} BETWEEN 5 AND 11 THEN {hour} + 12 "
        f"WHEN {hour} BETWEEN 17 AND 23 THEN {hour} END "
        f"WHEN {among(_NOON)} THEN CASE WHEN {hour} BETWEEN 11 AND 14 THEN {hour} "
        f"WHEN {hour} IN (1, 2) THEN {hour} + 12 END END"
    )
    day = f"{one('y')} || '-' || {one('m')} || '-' || {one('d')}"
    clock = (
        f"{hours} || ':' || coalesce(nullif({one('mi')}, ''), '00') || ':' || coalesce(nullif({one('s')}, ''), '00')"
    )
    return f"TRY_CAST({day} || ' ' || CASE WHEN {one('hour')} = '' THEN '00:00:00' ELSE {clock} END AS TIMESTAMP)"


def _in_figures(text: str) -> str:
    """Return a text with half-width figures, and AM or PM for the words for halves of a day."""
    value = _half_width_sql(text)
    for words, hours, half in (
        (_MORNING, r"(?:0?\d|1[0-2])", "AM"),
        (_LATER, r"(?:0?\d|1[0-2])", "PM"),
        (_EVENING, r"(?:0?[5-9]|1[01])", "PM"),
        (_NOON, r"(?:12|0?[12])", "PM"),
    ):
        chinese = "|".join(word for word in words.split("|") if not word.isascii())
        pattern = rf"(?:{chinese})(\s*{hours}(?:\D|$))"
        value = f"regexp_replace({value}, {literal(pattern)}, {literal(half + chr(92) + '1')})"
    return value


def _half_width_sql(text: str) -> str:
    return f"translate({text}, {', '.join(map(literal, _FULL_WIDTH))})"


def _half_width(form: str) -> str:
    return re.sub(r"上午|下午", "%p", form.translate(str.maketrans(*_FULL_WIDTH)))
