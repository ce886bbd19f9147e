"""What errors, hints and logs may quote of a source: names of columns, and text without what names a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from features.privacy.identifiers import STRUCTURED
from features.privacy.masking import find_identifiers, mask_text, replaced
from features.privacy.names_zh import is_name

_LONGEST_NAME: Final = 60
_MOST_NAMES: Final = 40
_DATA: Final = re.compile(r"[0-9]{6}|[。；？！，]|[0-9]{2,4}[-/:.][0-9]{1,2}[-/:.][0-9]{1,2}")
"""What a row of data has and names of columns have not: long numbers, dates, sentences."""


def quoted_columns(names: Sequence[object], *, says: str = "it has") -> str:
    """Return the columns that a table has, as a hint may say it; of a table without a header only their number.

    >>> quoted_columns(["工单编号", "受理时间"])
    'it has 工单编号, 受理时间'
    >>> quoted_columns(["20261129001", "我是王建国"])
    'it seems to have no header: its first line looks like data (2 columns)'
    """
    texts = [str(name) for name in names]
    if looks_like_data(texts):
        return f"it seems to have no header: its first line looks like data ({len(texts)} columns)"
    shown = texts[:_MOST_NAMES]
    return f"{says} {', '.join(shown)}" + (", ..." if len(texts) > len(shown) else "")


def looks_like_data(names: Sequence[object]) -> bool:
    """Tell whether what should be the names of columns is a row of data: the table has no header."""
    return any(_is_data(str(name)) for name in names)


def quotable(text: object, *, most: int = 80) -> str:
    """Return a value of a source as an error may quote it: masked, and not longer than `most` characters."""
    masked = mask_text(str(text))
    return masked if len(masked) <= most else f"{masked[:most]}..."


def without_identifiers(text: str) -> str:
    """Return a line of a log, or of what an error says, without numbers and addresses that are somebody's.

    Names cannot be told there; whatever quotes them goes by `quotable` and `quoted_columns`.
    """
    found = [one for one in find_identifiers(text) if one.kind in STRUCTURED]
    # user@host in the address of a database is nobody's mail.
    return replaced(text, [one for one in found if text[max(0, one.start - 3) : one.start] != "://"])


def _is_data(text: str) -> bool:
    # 时限 and 路名 look like names of two characters.
    named = len(text) > 2 and is_name(text)  # noqa: PLR2004
    return named or len(text) > _LONGEST_NAME or _DATA.search(text) is not None or bool(find_identifiers(text))
