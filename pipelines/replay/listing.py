"""The alerts of a replay, each with all that somebody needs who judges it: level, tickets, parts, end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from features.sentences import said_of

_TEXTS: Final = (
    "level",
    "highest_level",
    "kind",
    "department",
    "category1",
    "category2",
    "category",
    "area",
    "end",
)
_MOMENTS: Final = ("opened_at", "told_at", "last_at", "ended_at", "window_start", "window_end")


def listed(alerts: pd.DataFrame, held: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one JSON-ready document per alert, in the order of their opening.

    Args:
        alerts: Of `fold_alerts`.
        held: The tickets of them, of `fold_alerts`.

    Returns:
        Texts and moments of the alert; `parts`, the matters it is about, the first one first; `tickets`, each with
        `since`, the moment from which on the alert held it.
    """
    tickets = dict(iter(held.groupby("alert", sort=False)))
    return [_document(row, tickets.get(row["alert"])) for row in alerts.to_dict("records")]


def _said(sentence: Mapping[str, Any] | None) -> dict[str, str]:
    return {"sentence_zh": said_of(sentence, "zh-CN"), "sentence_en": said_of(sentence, "en")}


def _document(row: dict[str, Any], tickets: pd.DataFrame | None) -> dict[str, Any]:
    pairs = () if tickets is None else zip(tickets["ticket"], tickets["since"], strict=True)
    return {
        "alert": int(row["alert"]),
        **{name: row[name] for name in _TEXTS},
        **_said(row["sentence"]),
        **{name: None if pd.isna(row[name]) else row[name].isoformat() for name in _MOMENTS},
        "sensitive": bool(row["sensitive"]),
        "observed": int(row["observed"]),
        "callers": int(row["callers"]),
        "parts": [{**part, **_said(part["sentence"])} for part in row["parts"]],
        "tickets": [{"ticket": ticket, "since": since.isoformat()} for ticket, since in pairs],
    }
