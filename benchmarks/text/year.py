"""The memory of topics over a year of a city: seconds a day, bytes on disk, and how often a new word looks old.

One command (WEISU_REAL_DATA names the real data):

    python benchmarks/text/year.py [--days 365] [--tickets 25000] [--new-words 2000] [--json FILE]

A pool of tickets is cut once, from real messages made distinct (`run.py`); each day draws its tickets from it, with a
word put into every title, so that pairs of words are new each day, and so many words that were never said before. What
is measured depends on what is remembered: learning a day, comparing its tickets in 19 districts, keeping and reading
the memory. Cutting does not, and is measured by `run.py`. CPU seconds: the machine may do other things.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.text.run import distinct_texts
from features.text import PLACE_MARK
from models.hotspots.textgroups import TopicMemory, group_texts, word_texts
from models.hotspots.textgroups.memory import pair
from models.hotspots.textgroups.vectors import WordedTexts

_FIRST = pd.Timestamp("2026-01-01")
_DISTRICTS = 19
_MONTH = 28
_PROBES = 2_000


def pool_of(folder: Path, tickets: int, rng: np.random.Generator) -> WordedTexts:
    """Return so many distinct tickets, cut."""
    rows = pd.read_csv(folder / "taidi2020C_fj3_messages_4326.csv.gz")
    drawn = rng.integers(0, len(rows), tickets)
    cut = word_texts(rows["留言主题"].tolist(), [""] * len(rows))
    vocabulary = sorted({word.removeprefix(PLACE_MARK) for row in range(len(cut)) for word in cut.words(row)})
    titles = rows["留言主题"].to_numpy()[drawn].tolist()
    bodies = rows["留言详情"].str.strip().str[:300].to_numpy()[drawn].tolist()
    return word_texts(distinct_texts(titles, vocabulary, rng), distinct_texts(bodies, vocabulary, rng))


def days_of(pool: WordedTexts, days: int, new_words: int, rng: np.random.Generator) -> Iterator[WordedTexts]:
    """Yield the texts of each day."""
    vocabulary = sorted({word for row in range(len(pool)) for word in pool.words(row)})
    for day in range(days):
        order = rng.permutation(len(pool)).tolist()
        added = rng.integers(0, len(vocabulary), len(pool)).tolist()
        titles = [[vocabulary[word], *pool.titles[row]] for row, word in zip(order, added, strict=True)]
        bodies = [list(pool.bodies[row]) for row in order]
        for number in range(new_words):
            bodies[number % len(bodies)].append(f"new-{day}-{number}")
        yield WordedTexts(titles, bodies)


def year(pool: WordedTexts, days: int, new_words: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return a row for every four weeks."""
    memory, rows, learning = TopicMemory(), [], []
    districts = [f"d{number}" for number in rng.integers(0, _DISTRICTS, len(pool))]
    blocks = [np.flatnonzero(np.array(districts) == name).tolist() for name in sorted(set(districts))]
    for day, texts in enumerate(days_of(pool, days, new_words, rng)):
        last = day + 1 == days
        grouping = _group(texts, blocks, memory) if (day % _MONTH == _MONTH - 1 or last) else float("nan")
        started = time.process_time()
        memory.learn(texts, _FIRST + pd.Timedelta(days=day), districts)
        learning.append(time.process_time() - started)
        if day % _MONTH == _MONTH - 1 or last:
            rows.append({"days": day + 1, **_state(memory), **_times(learning, grouping)})
            sys.stderr.write(f"{json.dumps(rows[-1])}\n")
            learning = []
    return rows


def _group(texts: WordedTexts, blocks: list[list[int]], memory: TopicMemory) -> float:
    """Return the CPU seconds to group a day's tickets, district by district."""
    started = time.process_time()
    for number, block in enumerate(blocks):
        group_texts(texts.take(block), history=memory.within(f"d{number}"))
    return time.process_time() - started


def _times(learning: list[float], grouping: float) -> dict[str, float]:
    return {
        "CPU seconds to learn a day": float(np.mean(learning)),
        "slowest": max(learning),
        "CPU seconds to group a day": grouping,
    }


def _state(memory: TopicMemory) -> dict[str, float]:
    """Return size and cost of keeping the memory, and the share of words and pairs never said that look said."""
    started = time.process_time()
    kept = memory.to_bytes()
    written = time.process_time()
    TopicMemory.from_bytes(kept)
    read = time.process_time()
    words = [f"never-{number}" for number in range(_PROBES)]
    pairs = [pair(word, f"with-{word}") for word in words]
    at = _FIRST + pd.Timedelta(days=memory.days)
    looks_old = {
        name: float((memory.days_absent(said, at) < 10**5).mean()) for name, said in (("word", words), ("pair", pairs))
    }
    return {
        "MB on disk": len(kept) / 1e6,
        "CPU seconds to keep": written - started,
        "CPU seconds to read": read - written,
        "new word looks old": looks_old["word"],
        "new pair looks old": looks_old["pair"],
    }


def main() -> None:
    """Run the year and print its table."""
    parser = argparse.ArgumentParser(description="The memory of topics over a year of a city")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--tickets", type=int, default=25_000)
    parser.add_argument("--new-words", type=int, default=2_000, help="words a day that were never said before")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if "WEISU_REAL_DATA" not in os.environ:
        sys.exit("WEISU_REAL_DATA is not set: the messages are not part of the repository")
    rng = np.random.default_rng(0)
    pool = pool_of(Path(os.environ["WEISU_REAL_DATA"], "text_zh"), options.tickets, rng)
    result = {
        "schema_version": 1,
        "tickets a day": options.tickets,
        "rows": year(pool, options.days, options.new_words, rng),
    }
    text = json.dumps(result, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
