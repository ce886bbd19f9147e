"""民情月历 as an iCalendar file (RFC 5545): a day to act, and the weeks in which the problem is expected back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from serve.reports.seasons import Season

_FOLD: Final = 75


def write_ics(seasons: Iterable[Season], *, now: datetime, name: str = "民情月历") -> bytes:
    """Return the calendar; the same season keeps its UID, so a re-import updates instead of doubling."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//weisu//seasonal calendar//ZH", f"X-WR-CALNAME:{_text(name)}"]
    for season in seasons:
        lines += _event(season, now)
    lines.append("END:VCALENDAR")
    return ("\r\n".join(_folded(line) for line in lines) + "\r\n").encode()


def _event(season: Season, now: datetime) -> list[str]:
    week = season.starts.isocalendar()
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    act_by = f"{season.act_by:%Y-%m-%d}"
    told = (
        f"{season.years} 年中有 {season.hits} 年，约为平时 {season.times:.1f} 倍；请在 {act_by} 前行动。\n"
        f"{season.hits} of {season.years} years, about {season.times:.1f} times the usual; act by {act_by}."
    )
    shared = [f"DTSTAMP:{stamp}", f"DESCRIPTION:{_text(told)}", "TRANSP:TRANSPARENT"]
    uid = f"{week.year}W{week.week:02d}-{hashlib.sha256(season.unique_id.encode()).hexdigest()[:20]}@weisu"
    end = season.starts + timedelta(weeks=season.weeks)
    return [
        "BEGIN:VEVENT",
        f"UID:act-{uid}",
        f"DTSTART;VALUE=DATE:{season.act_by:%Y%m%d}",
        f"SUMMARY:{_text('行动：' + season.name)}",
        *shared,
        "END:VEVENT",
        "BEGIN:VEVENT",
        f"UID:season-{uid}",
        f"DTSTART;VALUE=DATE:{season.starts:%Y%m%d}",
        f"DTEND;VALUE=DATE:{end:%Y%m%d}",
        f"SUMMARY:{_text('高发：' + season.name)}",
        *shared,
        "END:VEVENT",
    ]


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Fold a line at 75 bytes, never inside a character."""
    pieces, room, piece = [], _FOLD, ""
    for character in line:
        size = len(character.encode())
        if size > room:
            pieces.append(piece)
            piece, room = "", _FOLD - 1
        piece += character
        room -= size
    return "\r\n ".join([*pieces, piece])
