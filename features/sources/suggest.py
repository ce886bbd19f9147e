"""Propose a mapping from a table's header and values, and say how sure it is.

Header names are compared with what hotlines call things; values then confirm or contradict: ids must be unique, times
must parse, coordinates must lie on the globe. What no name tells, the values may: a column of times, a column of ids.
Several time formats in one column are listed, never guessed.
"""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from features.errors import SourceError
from features.lake.duck import quoted
from features.mappings.header_names import HEADER_NAMES, likeness_to
from features.mappings.mapping import TIME_FIELDS, Mapping
from features.mappings.time_formats import (
    NAMED_FORMATS,
    carries_offset,
    is_time_of_day,
    months_first_is_assumed,
    time_formats,
)
from features.privacy import looks_like_data, quoted_columns
from features.sources.cells import Cell, cleaned, stated

if TYPE_CHECKING:
    from features.sources.tables import RawTable

_SAMPLE: Final = 20_000
_READ_ANYWAY: Final = ("%Y-%m-%d", "%Y/%m/%d")
_PEEK: Final = 200
_SURE: Final = 0.55
_CONSTANT: Final = 0.9
"""A column that says the same everywhere may be what it is called, but says little."""
_BY_VALUES: Final = 0.5
_DISTINCT: Final = 0.9
_ALIKE: Final = 0.5
_NEEDED: Final = ("ticket_id", "opened_at", "category", "district")


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


@dataclass(frozen=True)
class _Column:
    """A column's texts that are not blank, and the share of rows that are."""

    values: list[str]
    blank: float


def suggest_mapping(path: Path, *, source: str | None = None, timezone: str | None = None) -> Suggestion:
    """Read the first rows of a table and propose how to map it.

    Raises:
        SourceError: The file cannot be read, or has no header: a mapping would name a line of its data.
    """
    import duckdb

    from features.lake.duck import duck
    from features.sources.tables import mended, raw_table

    with duck(threads=1) as connection, tempfile.TemporaryDirectory() as scratch:
        raw = raw_table(connection, path, scratch=Path(scratch))
        try:
            rows = connection.sql(f"SELECT {_texts(raw)} FROM {raw.sql} LIMIT {_SAMPLE}").df()
        except duckdb.InvalidInputException:
            raw = mended(connection, raw, scratch=Path(scratch))
            rows = connection.sql(f"SELECT {_texts(raw)} FROM {raw.sql} LIMIT {_SAMPLE}").df()
    if looks_like_data(list(rows.columns)):
        raise SourceError(f"{path}: {quoted_columns(list(rows.columns))}", hint="give the file a line of names first")
    columns = {name: _column(rows[name]) for name in rows.columns}
    guesses = _found_by_values(_assign(columns), columns)
    of_day = _times_of_day(guesses, columns)
    seen = {guess.field: columns[guess.column].values for guess in guesses if guess.field in TIME_FIELDS}
    formats = {field: time_formats(values) for field, values in seen.items()}
    opened = seen.get("opened_at", [])
    whole = "opened_at" in of_day
    warnings = _warnings(guesses, formats, opened, timezone, whole=whole)
    used = {guess.column for guess in guesses} | set(of_day.values())
    unused = [name for name in columns if name not in used]
    if unused:
        warnings.append(f"not used: {', '.join(unused)}")
    name = source or re.sub(r"[^\w.-]+", "_", path.name.removesuffix(".gz").rpartition(".")[0])
    toml = _toml(guesses, formats, opened, name, timezone, of_day)
    return Suggestion(tuple(guesses), formats.get("opened_at", {}), tuple(warnings), toml)


def _texts(raw: RawTable) -> str:
    """Return the columns as the texts that a load would read."""
    blanks = Mapping.model_fields["blanks"].default
    texts = [
        f"{cleaned(stated(raw.column(name), kind), Cell.TIME, care='true', blanks=blanks)} AS {quoted(name)}"
        for name, kind in raw.columns.items()
    ]
    return ", ".join(texts)


def _column(cells: Any) -> _Column:
    # A column of numbers with blanks comes as floating-point numbers.
    values = [re.sub(r"^(\d+)\.0+$", r"\1", str(value)) for value in cells.dropna() if str(value)]
    return _Column(values, 1 - len(values) / max(len(cells), 1))


def _assign(columns: dict[str, _Column]) -> list[Guess]:
    """Give every field its best column; the surest pair chooses first, and a column serves one field."""
    pairs = [
        _guess(field, name, likeness, column)
        for field in HEADER_NAMES
        for name, column in columns.items()
        if (likeness := likeness_to(field, name)) >= _SURE
    ]
    pairs.sort(key=lambda guess: -guess.confidence)
    chosen: dict[str, Guess] = {}
    taken: set[str] = set()
    for guess in pairs:
        if guess.confidence >= _SURE and guess.field not in chosen and guess.column not in taken:
            chosen[guess.field] = guess
            taken.add(guess.column)
    if "category" not in chosen and "request_type" in chosen:
        # Where nothing else says what it is about, the kind of request does.
        guess = chosen.pop("request_type")
        chosen["category"] = replace(guess, field="category", confidence=min(guess.confidence, _SURE))
    return list(chosen.values())


def _found_by_values(guesses: list[Guess], columns: dict[str, _Column]) -> list[Guess]:
    """Add the opening and the id where no name told them but exactly one column's values do."""
    taken, found = {guess.column for guess in guesses}, {guess.field for guess in guesses}
    free = {name: column.values for name, column in columns.items() if name not in taken and column.values}
    times = [
        name for name, values in free.items() if sum(time_formats(values[:_PEEK], numbers=False).values()) > _DISTINCT
    ]
    distinct = [
        name
        for name, values in free.items()
        if name not in times and columns[name].blank == 0 and len(set(values)) == len(values)
    ]
    added = [
        Guess(field, names[0], _BY_VALUES, f"by its values only: {why}")
        for field, names, why in (("opened_at", times, "times"), ("ticket_id", distinct, "all distinct"))
        if field not in found and len(names) == 1
    ]
    return guesses + added


def _guess(field: str, name: str, likeness: float, column: _Column) -> Guess:
    fits, why = _fit(field, column.values)
    blank = f", {column.blank:.0%} blank" if column.blank >= 0.01 and column.values else ""  # noqa: PLR2004 - a share
    return Guess(field, name, round(likeness * fits, 2), why + blank)


def _fit(field: str, values: list[str]) -> tuple[float, str]:
    """Return how well the values suit a field, and what was seen."""
    if not values:
        return 0.6, "no values to look at"
    if field == "ticket_id":
        share = len(set(values)) / len(values)
        return (share if share > _DISTINCT else share / 2), f"{share:.1%} of the values are distinct"
    if field in TIME_FIELDS:
        share = min(sum(time_formats(values).values()), 1.0)
        return share, f"{share:.1%} of the values are times"
    if field in {"lat", "lon"}:
        limit = 90 if field == "lat" else 180
        share = sum(_is_number(value) and abs(float(value)) <= limit for value in values) / len(values)
        return share, f"{share:.1%} of the values are degrees"
    if field in {"category_code", "caller", "category", "district"} and _are_times(values):
        return 0.0, "the values are times"
    different = len(set(values))
    return (1.0 if different > 1 else _CONSTANT), f"{different:,} different value{'s' if different > 1 else ''}"


def _are_times(values: list[str]) -> bool:
    return sum(time_formats(values[:_PEEK], numbers=False).values()) > _DISTINCT


def _times_of_day(guesses: list[Guess], columns: dict[str, _Column]) -> dict[str, str]:
    """Return the fields of which another column holds the time of day: the one called most alike, or beside the day."""
    names = list(columns)
    free = [
        name
        for name, column in columns.items()
        if column.values and all(map(is_time_of_day, column.values[:_PEEK])) and all(g.column != name for g in guesses)
    ]
    found: dict[str, str] = {}
    for guess in guesses:
        values = columns[guess.column].values
        if guess.field not in TIME_FIELDS or not free or not values or not _date_only(values, time_formats(values)):
            continue
        place = names.index(guess.column)

        def nearness(name: str, day: str = guess.column, place: int = place) -> tuple[float, int]:
            return SequenceMatcher(None, day, name).ratio(), -abs(names.index(name) - place)

        best = max(free, key=nearness)
        if nearness(best)[0] > _ALIKE or names.index(best) == place + 1:
            found[guess.field] = best
            free.remove(best)
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _warnings(
    guesses: list[Guess],
    formats: dict[str, dict[str, float]],
    opened: list[str],
    timezone: str | None,
    *,
    whole: bool,
) -> list[str]:
    found = {guess.field for guess in guesses}
    warnings = [f"no column for {field}: name it by hand" for field in _NEEDED if field not in found]
    if timezone is None:
        warnings.append("the time zone is a guess: set timezone")
    instants = {"epoch", "epoch_ms"}.issuperset(formats.get("opened_at", {}))
    if opened and not instants and not any(map(carries_offset, opened)):
        warnings.append('times say no offset, so they are taken as local: clock = "utc" if they are not')
    for field, shares in formats.items():
        if len(shares) > 1:
            listed = ", ".join(f"{form} {share:.0%}" for form, share in shares.items())
            warnings.append(f"{field} comes in several formats ({listed}): check that none is ambiguous")
        if months_first_is_assumed(list(shares)):
            warnings.append(f"{field}: month before day is assumed: check time_formats")
    if opened and not whole and _date_only(opened, formats["opened_at"]):
        warnings.append("the opening has no time of day: date_only = true")
    return warnings


def _date_only(opened: list[str], formats: dict[str, float]) -> bool:
    days = {form for form in formats if form not in NAMED_FORMATS}
    return bool(days) and (
        all("%H" not in form and "%I" not in form for form in days) or all("00:00:00" in value for value in opened)
    )


def _toml(
    guesses: list[Guess],
    formats: dict[str, dict[str, float]],
    opened: list[str],
    source: str,
    timezone: str | None,
    of_day: dict[str, str],
) -> str:
    carries = bool(opened) and all(map(carries_offset, opened))
    known = "updated_at" if any(guess.field == "updated_at" for guess in guesses) else "opened_at"
    zone = json.dumps(timezone) if timezone else '"Asia/Shanghai"  # a guess: set it'
    lines = [
        f"source = {json.dumps(source, ensure_ascii=False)}",
        f"timezone = {zone}",
        f'clock = "{"offset" if carries else "local"}"',
        f'known_at = "{known}"',
    ]
    if opened and "opened_at" not in of_day and _date_only(opened, formats["opened_at"]):
        lines.append("date_only = true")
    listed = list(dict.fromkeys(form for shares in formats.values() for form in shares))
    if listed and not (carries and all(form.startswith(_READ_ANYWAY) for form in listed)):
        lines.append(f"time_formats = {json.dumps(listed, ensure_ascii=False)}")
    lines += ["", "[columns]"]
    columns = {guess.field: guess for guess in guesses}
    for field in HEADER_NAMES:
        if guess := columns.get(field):
            column = json.dumps(guess.column, ensure_ascii=False)
            lines.append(f"{field} = {column}  # {guess.confidence:.0%} sure: {guess.why}")
        elif field in _NEEDED:
            lines.append(f'# {field} = "?"')
    if of_day:
        lines += [
            "",
            "[time_of_day]",
            *(f"{field} = {json.dumps(of_day[field], ensure_ascii=False)}" for field in of_day),
        ]
    return "\n".join(lines) + "\n"
