"""Identity of an episode: the hash of its primary kind, category and home area. Everything else is state."""

from __future__ import annotations

import hashlib
from typing import Final

_LENGTH: Final = 32


def fingerprint(kind: str, category: str, area: str) -> str:
    """Return the fingerprint.

    >>> fingerprint("异动", "噪声", "海口市") == fingerprint("异动", "噪声", "海口市")
    True
    >>> fingerprint("异动", "噪声", "海口市") == fingerprint("高频", "噪声", "海口市")
    False
    """
    # The unit separator cannot occur in a name, so ("ab", "c") and ("a", "bc") stay apart.
    return hashlib.sha256(f"{kind}\x1f{category}\x1f{area}".encode()).hexdigest()[:_LENGTH]
