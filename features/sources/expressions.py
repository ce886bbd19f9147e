"""SQL that turns the columns of a source into facts about tickets, as its mapping says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from features.clock import SKEW
from features.lake.duck import instant, literal, literals, quoted
from features.lake.keys import key_sql
from features.lake.schema import AHEAD, STATED
from features.mappings import KnownAt, Mapping, MappingError, SourceClock
from features.mappings.mapping import FIELDS, TIME_FIELDS
from features.privacy import quoted_columns
from features.series import UNCLASSIFIED
from features.sources.cells import Cell, any_lost_digits, cleaned, lost_digits, needs_care, stated
from features.sources.headers import clean_name
from features.sources.tables import RawTable, unreadable_row
from features.sources.times import TIMES, instant_of_column, time_of_day_sql, time_sql, unreadable

_EARLIEST: Final = "TIMESTAMP '1990-01-01'"
_TRUE: Final = literals(("1", "true", "t", "yes", "y", "是"))
_HASHED: Final = tuple(name for name in STATED if name not in {"opened_local", "flags"})
_GUARDS: Final = {"title": "mask_text", "text": "mask_text", "address": "mask_text", "caller": "hash_caller"}
_MAY_BE_SOMEBODYS: Final = "[0-9０-９]{4}[^0-9０-９]?[0-9０-９]{2}|[@＠]"
_CELLS: Final = (
    dict.fromkeys(FIELDS, Cell.LABEL)
    | dict.fromkeys(("ticket_id", "category_code", "caller", "lat", "lon"), Cell.ID)
    | dict.fromkeys(TIME_FIELDS, Cell.TIME)
    | dict.fromkeys(("title", "text", "address"), Cell.TEXT)
)
_WHOLE: Final = ("caller", "category_code")
"""Fields in which a number that lost digits would be one with many others, and is left out."""
_CARE: Final = '"needs care"'
"""Name of a column that no source has: whether a row's cells hold more than their values."""
_UNCERTAIN: Final = ("VARCHAR", "DOUBLE", "FLOAT", "DECIMAL")
"""Types of which the text may be other than the value."""


def label_columns(raw: RawTable, mapping: Mapping) -> list[str]:
    """Return the columns of labels that the source has."""
    fields = [field for field in mapping.columns if _CELLS[field] is Cell.LABEL]
    named = dict.fromkeys(clean_name(column) for field in fields for column in mapping.columns[field])
    return [column for column in named if column in raw.columns]


def canonical_query(raw: RawTable, mapping: Mapping, *, now: datetime, load_id: str, private: bool) -> str:
    """Return the SELECT that gives the lake's columns, `problem` and `problem_value` for bad rows, and `written`.

    `written` is a hash of the id as the source writes it, where that is not the ticket's id.

    `due_at` is the latest of its times, where that has not come yet.

    Args:
        raw: The source.
        mapping: How to read it.
        now: The present: a later opening is an error, and the arrival of a live feed.
        load_id: Name of this load.
        private: Mask texts and labels and hash callers with the functions `mask_text`, `mask_label` and `hash_caller`
            of the connection.

    Raises:
        MappingError: The mapping names a column that the source does not have.
    """
    facts = ",\n  ".join(f"{_fact(field, raw, mapping, private=private)} AS {field}" for field in FIELDS)
    located = ", coalesce(district, district_of(lat, lon)) AS district" if mapping.areas else ""
    return f"""
WITH cells AS (SELECT *, {_care(raw, mapping)} AS {_CARE} FROM {raw.sql}),
timed AS (SELECT *{_time_cells(raw, mapping)} FROM cells),
facts AS (SELECT {facts}, {_time_text("opened_at", raw, mapping)} AS opened_text,
  {_time_text("closed_at", raw, mapping)} AS closed_text, {_time_text("updated_at", raw, mapping)} AS updated_text,
  {_written(raw, mapping)} AS written_id, {_lost(raw, mapping)} AS digits_lost,
  {unreadable_row(raw)} AS unreadable_row FROM timed),
moments AS (SELECT * REPLACE ({_moments(mapping)}{located}), {_local(mapping)} AS opened_local FROM facts),
known AS (SELECT *, {_known_at(mapping, now)} AS known, {_closing_known_at(mapping)} AS closing_known FROM moments),
filled AS (SELECT * REPLACE ({_levels()},
    coalesce(district, {literal(UNCLASSIFIED)}) AS district,
    CASE WHEN lat BETWEEN -90 AND 90 AND NOT (lat = 0 AND lon = 0) THEN lat END AS lat,
    CASE WHEN lon BETWEEN -180 AND 180 AND NOT (lat = 0 AND lon = 0) THEN lon END AS lon,
    coalesce(deleted, false) AS deleted), {_flags()} AS flags FROM known)
SELECT {literal(mapping.source)} AS source, ticket_id,
  {key_sql(literal(mapping.source))} AS key, 1::INTEGER AS revision,
  known AS known_at, opened_at, opened_local, closed_at,
  {_outcome_known_at(mapping, now)} AS outcome_known_at,
  category1, category2, category, category_code, district, street, department, channel, request_type, status,
  caller, title, text, address, lat, lon, is_repeat, satisfaction, flags, deleted,
  {_content_hash(mapping)} AS content_hash, {literal(load_id)} AS load_id,
  {_problem(mapping, now)} AS problem, {_problem_value(private=private)} AS problem_value,
  CASE WHEN {_latest()} > {instant(now + SKEW)} THEN {_latest()} END AS due_at,
  CASE WHEN written_id <> ticket_id THEN (md5_number_lower(written_id) >> 1)::BIGINT END AS written
FROM filled"""


def _care(raw: RawTable, mapping: Mapping) -> str:
    fields = [field for field in mapping.columns if _CELLS[field] is not Cell.TEXT]
    columns = dict.fromkeys(column for field in fields for column in _columns(field, raw, mapping))
    columns |= dict.fromkeys(name for name in map(clean_name, mapping.time_of_day.values()) if name in raw.columns)
    texts = [
        stated(raw.column(name), raw.columns[name]) for name in columns if raw.columns[name].startswith(_UNCERTAIN)
    ]
    return needs_care(texts, mapping.blanks) if texts else "false"


def _time_cells(raw: RawTable, mapping: Mapping) -> str:
    """Return the clean text of every column of times, each written down once: reading one looks at it many times."""
    names = [name for field in TIME_FIELDS for name in _columns(field, raw, mapping)]
    names += [name for name in map(clean_name, mapping.time_of_day.values()) if name in raw.columns]
    texts = [
        f", {_clean(name, Cell.TIME, raw, mapping.blanks)} AS {_time_cell(name)}"
        for name in dict.fromkeys(names)
        if not raw.columns[name].startswith(TIMES)
    ]
    return "".join(texts)


def _time_cell(name: str) -> str:
    return quoted(f"text of {name}")


def _clean(name: str, cell: Cell, raw: RawTable, blanks: Iterable[str], *, whole: bool = False) -> str:
    text = stated(raw.column(name), raw.columns[name])
    return cleaned(text, cell, care=_CARE, blanks=blanks, guarded=name in raw.guarded, whole=whole)


def _written(raw: RawTable, mapping: Mapping) -> str:
    texts = [stated(raw.column(name), raw.columns[name]) for name in _columns("ticket_id", raw, mapping)]
    return f"CASE WHEN {_CARE} THEN coalesce({', '.join(texts)}) END"


def _lost(raw: RawTable, mapping: Mapping) -> str:
    """Return whether a caller or a code is a number that a spreadsheet cut: it would be one with many others."""
    names = [name for field in _WHOLE for name in _columns(field, raw, mapping)]
    texts = [stated(raw.column(name), raw.columns[name]) for name in names]
    # CASE and not AND, of which DuckDB works out both sides in every row.
    return f"CASE WHEN {_CARE} THEN {any_lost_digits(texts)} ELSE false END" if texts else "false"


def _columns(field: str, raw: RawTable, mapping: Mapping) -> list[str]:
    """Return the columns of a field that the source has."""
    named = [clean_name(column) for column in mapping.columns.get(field, ())]
    for name in named:
        _refuse_doubled(name, field, raw, mapping)
    present = [column for column in named if column in raw.columns]
    if named and not present and field not in mapping.optional:
        raise MappingError(
            f"mapping {mapping.source}: no column {' or '.join(map(repr, named))} (for {field}) in {raw.name}",
            hint=quoted_columns(list(raw.columns)),
        )
    return present


def _refuse_doubled(name: str, field: str, raw: RawTable, mapping: Mapping) -> None:
    places = raw.doubled.get(name)
    if places and name not in raw.columns:
        raise MappingError(
            f"mapping {mapping.source}: {len(places)} columns are called {name!r} (for {field}) in {raw.name}: "
            f"the columns {', '.join(map(str, places))}",
            hint=f"choose one in the mapping: {' or '.join(f'{name}#{i}' for i in range(1, len(places) + 1))}",
        )


def _raw_text(field: str, raw: RawTable, mapping: Mapping) -> str:
    columns = _columns(field, raw, mapping)
    # A word that the mapping translates says something.
    blanks = [word for word in mapping.blanks if word not in mapping.values.get(field, {})]
    texts = [_clean(name, _CELLS[field], raw, blanks, whole=field in _WHOLE) for name in columns]
    return f"coalesce({', '.join(texts)})" if len(texts) > 1 else (texts or ["NULL::VARCHAR"])[0]


def _time_text(field: str, raw: RawTable, mapping: Mapping) -> str:
    """Return a time as it is written; NULL where the column holds times, which can all be read."""
    columns = [name for name in _columns(field, raw, mapping) if not raw.columns[name].startswith(TIMES)]
    text = f"coalesce({', '.join(map(_time_cell, columns))})" if columns else "NULL::VARCHAR"
    if field not in mapping.time_of_day or not _columns(field, raw, mapping):
        return text
    days = [f"{raw.column(name)}::DATE::VARCHAR" for name in _columns(field, raw, mapping) if name not in columns]
    # A day without its time of day is unreadable, and not absent.
    return f"coalesce({', '.join([text, *days])}) || ' ' || coalesce({_of_day(field, raw, mapping)}, '')"


def _fact(field: str, raw: RawTable, mapping: Mapping, *, private: bool) -> str:
    if field in TIME_FIELDS:
        return _time(field, raw, mapping)
    if field in {"lat", "lon"}:
        return _degrees(field, raw, mapping)
    text = _translated(field, _raw_text(field, raw, mapping), mapping)
    typed = {
        "is_repeat": f"list_contains({_TRUE}, lower({text}))",
        "deleted": f"list_contains({literals(mapping.deleted_values)}, {text})",
    }
    guard = _GUARDS.get(field)
    if guard and private and field in mapping.columns:
        return f"{guard}({text})"
    if private and _CELLS[field] is Cell.LABEL and field not in typed and field in mapping.columns:
        # A row whose cells have moved brings a telephone as a label; few labels need a look.
        return f"CASE WHEN regexp_matches({text}, '{_MAY_BE_SOMEBODYS}') THEN mask_label({text}) ELSE {text} END"
    return typed.get(field, text)


def _degrees(field: str, raw: RawTable, mapping: Mapping) -> str:
    read = []
    for name in _columns(field, raw, mapping):
        column, kind = raw.column(name), raw.columns[name]
        if kind in {"DOUBLE", "FLOAT"} and field not in mapping.values:
            read.append(f"nullif({column}::DOUBLE, 'nan'::DOUBLE)")
            continue
        text = _translated(field, _clean(name, Cell.ID, raw, mapping.blanks), mapping)
        read.append(f"nullif(TRY_CAST({text} AS DOUBLE), 'nan'::DOUBLE)")
    return f"coalesce({', '.join(read)})" if read else "NULL::DOUBLE"


def _translated(field: str, text: str, mapping: Mapping) -> str:
    values = mapping.values.get(field)
    if not values:
        return text
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in values.items())
    # What is rewritten to '' is blank.
    return f"nullif(CASE {text} {cases} ELSE {text} END, '')"


def _time(field: str, raw: RawTable, mapping: Mapping) -> str:
    """Return a naive time as the source writes it, or an instant where it says its offset."""
    wanted = "TIMESTAMPTZ" if mapping.clock is SourceClock.OFFSET else "TIMESTAMP"
    read = [_one_time(column, raw, mapping) for column in _columns(field, raw, mapping)]
    if not read:
        return f"NULL::{wanted}"
    time = f"coalesce({', '.join(read)})"
    return time_of_day_sql(time, _of_day(field, raw, mapping)) if field in mapping.time_of_day else time


def _one_time(column: str, raw: RawTable, mapping: Mapping) -> str:
    name, kind = raw.column(column), raw.columns[column]
    held = instant_of_column(name, kind, column, mapping)
    if held:
        return held
    return time_sql(_time_cell(column), mapping)


def _of_day(field: str, raw: RawTable, mapping: Mapping) -> str:
    """Return the time of day that a column of its own says, NULL where it says none."""
    named = clean_name(mapping.time_of_day[field])
    _refuse_doubled(named, field, raw, mapping)
    if named not in raw.columns:
        raise MappingError(
            f"mapping {mapping.source}: no column {named!r} (time of day of {field}) in {raw.name}",
            hint=quoted_columns(list(raw.columns)),
        )
    name, kind = raw.column(named), raw.columns[named]
    if kind.startswith(TIMES):
        # A workbook keeps a time of day as a moment of its first day.
        return f"strftime({name}, '%H:%M:%S')"
    return _time_cell(named)


def _moments(mapping: Mapping) -> str:
    return ", ".join(f"{_instant(field, mapping)} AS {field}" for field in TIME_FIELDS)


def _instant(name: str, mapping: Mapping) -> str:
    match mapping.clock:
        case SourceClock.LOCAL:
            return f"timezone({literal(mapping.timezone)}, {name})"
        case SourceClock.UTC:
            return f"timezone('UTC', {name})"
        case SourceClock.OFFSET:
            return name
        case SourceClock.CONVERTED_TWICE:
            zone = literal(mapping.timezone)
            return f"timezone({zone}, timezone('UTC', timezone({zone}, {name})))"


def _local(mapping: Mapping) -> str:
    # Wall-clock columns stay what they are: an hour that occurs twice in autumn would not survive the way to UTC.
    name = "opened_at"
    return (
        name
        if mapping.clock is SourceClock.LOCAL
        else f"timezone({literal(mapping.timezone)}, {_instant(name, mapping)})"
    )


def _end_of_day(moment: str, mapping: Mapping) -> str:
    zone = literal(mapping.timezone)
    return f"timezone({zone}, date_trunc('day', timezone({zone}, {moment})) + INTERVAL 1 DAY)"


def _known_at(mapping: Mapping, now: datetime) -> str:
    if mapping.known_at is KnownAt.ARRIVAL:
        return instant(now)
    opened = _end_of_day("opened_at", mapping) if mapping.date_only else "opened_at"
    return f"coalesce(updated_at, {opened})" if mapping.known_at is KnownAt.UPDATED else opened


def _closing_known_at(mapping: Mapping) -> str:
    return _end_of_day("closed_at", mapping) if mapping.date_only else "closed_at"


def _outcome_known_at(mapping: Mapping, now: datetime) -> str:
    if mapping.known_at is KnownAt.ARRIVAL:
        return "NULL::TIMESTAMPTZ"
    moment = "closing_known"
    if mapping.known_at is KnownAt.OPENED:
        # A satisfaction without a closing time was asked for at some moment before now.
        moment = f"coalesce(closing_known, CASE WHEN satisfaction IS NOT NULL THEN {instant(now)} END)"
    # A row last changed before its closing, by its own account, did not know the closing then.
    return f"CASE WHEN {moment} > known THEN {moment} END"


def _levels() -> str:
    none = literal(UNCLASSIFIED)
    return (
        f"coalesce(category1, category2, category, {none}) AS category1, "
        f"coalesce(category2, category1, category, {none}) AS category2, coalesce(category, {none}) AS category"
    )


def _flags() -> str:
    conditions = {
        "no_category": "category IS NULL",
        "no_district": "district IS NULL",
        "bad_coordinates": "lat NOT BETWEEN -90 AND 90 OR lon NOT BETWEEN -180 AND 180 OR (lat = 0 AND lon = 0)",
        "unreadable_closed_at": "closed_at IS NULL AND closed_text IS NOT NULL",
        "unreadable_updated_at": "updated_at IS NULL AND updated_text IS NOT NULL",
        "closed_before_opened": "closed_at < opened_at",
        "digits_lost": "digits_lost",
    }
    named = ", ".join(f"CASE WHEN {condition} THEN '{flag}' END" for flag, condition in conditions.items())
    return f"nullif(concat_ws(',', {named}), '')"


def _content_hash(mapping: Mapping) -> str:
    # md5 and not hash(): DuckDB may change the latter between releases, and every row would look new.
    parts = ["epoch_us(updated_at)::VARCHAR"] if mapping.known_at is KnownAt.UPDATED else []
    parts += [f"epoch_us({name})::VARCHAR" if name.endswith("_at") else f"{name}::VARCHAR" for name in _HASHED]
    joined = ", ".join(f"coalesce({part}, chr(30))" for part in parts)
    return f"(md5_number_lower(concat_ws(chr(31), {joined})) >> 1)::BIGINT"


def _latest() -> str:
    return "greatest(opened_at, updated_at)"


def _problem(mapping: Mapping, now: datetime) -> str:
    return f"""CASE
    WHEN unreadable_row IS NOT NULL THEN ': unreadable: ' || unreadable_row
    WHEN ticket_id IS NULL THEN 'ticket_id: no id'
    WHEN written_id IS NOT NULL AND {lost_digits("ticket_id")} THEN 'ticket_id: id in scientific notation'
    WHEN opened_text IS NULL AND opened_at IS NULL THEN 'opened_at: no time'
    WHEN opened_at IS NULL THEN 'opened_at: ' || {unreadable("opened_text", mapping)}
    WHEN opened_at > {instant(now + SKEW)} THEN 'opened_at: {AHEAD}'
    WHEN opened_local < {_EARLIEST} THEN 'opened_at: time before 1990'
    WHEN updated_at > {instant(now + SKEW)} THEN 'updated_at: {AHEAD}' END"""


def _problem_value(*, private: bool) -> str:
    written = "coalesce(opened_text, opened_local::VARCHAR)"
    value = f"CASE WHEN ticket_id IS NULL OR problem IS NULL THEN NULL ELSE {written} END"
    return f"mask_text({value})" if private else value
