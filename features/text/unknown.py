"""Cut runs of characters that a dictionary leaves single: jieba's hidden Markov model, each run once.

Each character begins, continues or ends a word, or is one; the likeliest sequence says where to cut (Viterbi 1967).
States are named as in jieba: B, M, E, S.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_NEVER: Final = -3.14e100
"""jieba's logarithm of zero: finite, so that sums that hold it tie, and ties go to the later letter."""

Logs = Mapping[str, float]


class UnknownWords:
    """The hidden Markov model.

    Args:
        start: State -> log probability to start with.
        step: State -> next state -> log probability.
        emit: State -> character -> log probability.
    """

    def __init__(self, start: Logs, step: Mapping[str, Logs], emit: Mapping[str, Logs]) -> None:
        characters = {character for state in "BEMS" for character in emit[state]}
        self._emit = {said: tuple(emit[state].get(said, _NEVER) for state in "BEMS") for said in characters}
        self._start = tuple(start[state] for state in "BEMS")
        self._step = tuple(step[first][then] for first, then in ("EB", "SB", "BE", "ME", "BM", "MM", "ES", "SS"))
        # Names return in every other ticket.
        self.cut = lru_cache(maxsize=1 << 16)(self._cut)

    def _cut(self, run: str) -> tuple[str, ...]:
        """Return the words of a run of Chinese characters."""
        words, begin = [], 0
        for position, state in enumerate(self._states(run), start=1):
            if state in "ES":
                words.append(sys.intern(run[begin:position]))
                begin = position
        return tuple(words)

    def _states(self, run: str) -> str:
        """Return the likeliest state of every character; the last one ends a word."""
        unseen = (_NEVER,) * 4
        eb, sb, be, me, bm, mm, es, ss = self._step
        b, e, m, s = (start + said for start, said in zip(self._start, self._emit.get(run[0], unseen), strict=True))
        before = []
        for character in run[1:]:
            said_b, said_e, said_m, said_s = self._emit.get(character, unseen)
            # Compared with what is said added, as jieba compares: beside `_NEVER` all else is rounded away.
            b_of_e, b_of_s = e + eb + said_b, s + sb + said_b
            e_of_b, e_of_m = b + be + said_e, m + me + said_e
            m_of_b, m_of_m = b + bm + said_m, m + mm + said_m
            s_of_e, s_of_s = e + es + said_s, s + ss + said_s
            before.append(
                {
                    "B": "S" if b_of_s >= b_of_e else "E",
                    "E": "M" if e_of_m >= e_of_b else "B",
                    "M": "M" if m_of_m >= m_of_b else "B",
                    "S": "S" if s_of_s >= s_of_e else "E",
                }
            )
            b, e, m, s = max(b_of_e, b_of_s), max(e_of_b, e_of_m), max(m_of_b, m_of_m), max(s_of_e, s_of_s)
        states = ["S" if s >= e else "E"]
        for came_from in reversed(before):
            states.append(came_from[states[-1]])
        return "".join(reversed(states))
