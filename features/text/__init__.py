"""Words of tickets: tokens in Chinese and European languages, with the names of places told apart."""

from __future__ import annotations

from features.text.place_names import PLACE_MARK, is_place
from features.text.tokens import Tokens, tokenise

__all__ = ["PLACE_MARK", "Tokens", "is_place", "tokenise"]
