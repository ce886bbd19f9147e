"""Masking of free text: one text exactly, or a column of millions through a sieve.

The column path and the text path give the same answer: Arrow's RE2 only decides which rows a recogniser must see.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from features.errors import PrivacyError
from features.privacy import addresses, announced, births, marks, names_en, names_zh, numbers
from features.privacy.identifiers import PLACEHOLDERS, Identifier, Recogniser

_RECOGNISERS: Final[tuple[Recogniser, ...]] = (
    *marks.RECOGNISERS,
    *numbers.RECOGNISERS,
    *announced.RECOGNISERS,
    *births.RECOGNISERS,
    *addresses.RECOGNISERS,
    *names_zh.RECOGNISERS,
    *names_en.RECOGNISERS,
)
# Wide forms, one character for one, so that a span in the narrow text is the same span in the original.
_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B) if chr(code - 0xFEE0).isalnum()} | {
    ord("＠"): "@",
    ord("＋"): "+",
    ord("－"): "-",
    ord("＃"): "#",
    ord("　"): " ",
    ord("．"): ".",
    ord("\u00a0"): " ",
}
_HAS_WIDE: Final = re.compile("[" + "".join(map(chr, _WIDE)) + "]")
_RARE: Final = "|".join(f"(?:{recogniser.gate})" for recogniser in _RECOGNISERS if recogniser.rare)
_EVERY: Final = (1 << len(_RECOGNISERS)) - 1
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_SLICE: Final = 131_072
"""Rows sieved at once: large enough for Arrow, small enough to stay in the cache and below 2 GiB of text."""


def find_identifiers(text: str) -> list[Identifier]:
    """Return the personal identifiers in a text, from left to right, without overlaps."""
    return _find(text, _RECOGNISERS)


def mask_text(text: str) -> str:
    """Return the text with every identifier that `find_identifiers` finds replaced by the name of its kind.

    Placeholders are Chinese where the text holds a Chinese character and English elsewhere.

    >>> mask_text("我叫王建国，电话13800000000，住滨海大道88号")
    '我叫[姓名]，电话[手机号]，住滨海大道[门牌]'
    >>> mask_text("Hydrant leaking at Main Street, call (617) 555-0123")
    'Hydrant leaking at Main Street, call [phone]'
    """
    return replaced(text, _find(text, _RECOGNISERS))


def mask_column(values: Any) -> Any:
    """Mask a column of texts; nulls stay null.

    Args:
        values: Arrow array or chunked array of strings (dictionaries are decoded).

    Returns:
        Arrow array of the same length and of the same string type (`large_string` where `string` would overflow).

    Raises:
        PrivacyError: The column does not hold strings.
    """
    import pyarrow as pa

    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_null(values.type):
        return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        raise PrivacyError(f"a column of {values.type} cannot be masked", hint="cast it to string first")
    masked = [_mask_slice(values.slice(begin, _SLICE)) for begin in range(0, len(values), _SLICE)]
    whole = pa.chunked_array(masked, type=values.type)
    if pa.types.is_string(whole.type) and sum(chunk.nbytes for chunk in masked) >= 2**31:
        whole = whole.cast(pa.large_string())
    combined = whole.combine_chunks()
    return combined if isinstance(combined, pa.Array) else combined.chunk(0)


def _mask_slice(values: Any) -> Any:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    needed = np.where(_matches(values, _HAS_WIDE.pattern), _EVERY, 0)
    rare_rows = np.flatnonzero(_matches(values, _RARE))
    rare_values = values.take(pa.array(rare_rows))
    for bit, recogniser in enumerate(_RECOGNISERS):
        if recogniser.rare:
            needed[rare_rows] |= _matches(rare_values, recogniser.gate).astype(np.int64) << bit
        else:
            needed |= _matches(values, recogniser.gate).astype(np.int64) << bit
    rows = np.flatnonzero(needed)
    texts = values.take(pa.array(rows)).to_pylist()
    masked = [
        replaced(text, _find(text, _chosen(bits))) for text, bits in zip(texts, needed[rows].tolist(), strict=True)
    ]
    changed = np.zeros(len(values), dtype=bool)
    changed[rows] = True
    return pc.replace_with_mask(values, pa.array(changed), pa.array(masked, type=values.type))


def _matches(values: Any, pattern: str) -> Any:
    import pyarrow.compute as pc

    return pc.match_substring_regex(values, pattern).fill_null(False).to_numpy(zero_copy_only=False)


@lru_cache(maxsize=4096)
def _chosen(bits: int) -> tuple[Recogniser, ...]:
    return tuple(recogniser for bit, recogniser in enumerate(_RECOGNISERS) if bits >> bit & 1)


def _find(text: str, recognisers: tuple[Recogniser, ...]) -> list[Identifier]:
    narrow = text.translate(_WIDE) if _HAS_WIDE.search(text) else text
    found: list[Identifier] = []
    for recogniser in recognisers:
        for one in recogniser.find(narrow):
            if not found or _is_free(one, found):
                found.append(one)
    return sorted(found)


def _is_free(one: Identifier, taken: list[Identifier]) -> bool:
    start, end, _ = one
    return all(end <= other.start or other.end <= start for other in taken)


def replaced(text: str, found: list[Identifier]) -> str:
    """Return the text with the name of its kind in the place of every identifier in `found`."""
    if not found:
        return text
    language = 0 if _HAN.search(text) else 1
    parts, position = [], 0
    for one in found:
        parts += [text[position : one.start], PLACEHOLDERS[one.kind][language]]
        position = one.end
    return "".join([*parts, text[position:]])
