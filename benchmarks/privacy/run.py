"""Recall and precision of the masking on labelled sentences, and its speed.

python benchmarks/privacy/run.py                    the held-out half, and rows per second
python benchmarks/privacy/run.py --half dev --show  the development half with every mistake
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from pathlib import Path
from time import process_time

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent))

from scoring import Sentence, read_sentences, score

from features.privacy import CallerHasher, find_identifiers, mask_column


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", default="heldout", choices=["dev", "heldout", "second_dev", "second_heldout"])
    parser.add_argument("--show", action="store_true", help="print every mistake")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the speed run")
    options = parser.parse_args()
    sentences = read_sentences(options.half)
    _print_quality(sentences, show=options.show)
    if options.rows:
        _print_speed(options.rows)


def _print_quality(sentences: list[Sentence], *, show: bool) -> None:
    blocks: dict[str, list[Sentence]] = defaultdict(list)
    for sentence in sentences:
        blocks[sentence.block].append(sentence)
    print(
        f"{'block':<16}{'sentences':>10}{'labelled':>10}{'masked':>8}{'recall':>9}{'structured':>12}{'precision':>11}"
    )
    for name, group in [*blocks.items(), ("all", sentences)]:
        result = score(group, find_identifiers)
        print(
            f"{name:<16}{len(group):>10}{result.labelled:>10}{result.found:>8}{result.recall:>9.4f}"
            f"{result.structured_recall if result.structured else float('nan'):>12.4f}"
            f"{result.precision if result.found else float('nan'):>11.4f}"
        )
    if show:
        print(*result.problems, sep="\n")


def _print_speed(rows: int) -> None:
    rng = random.Random(0)
    parts = [sentence.text for half in ("dev", "heldout") for sentence in read_sentences(half)]
    # As in a hotline: three sentences a ticket, about one ticket in two with something to mask.
    texts = ["，".join(rng.sample(parts, 3)) if rng.random() < 0.4 else _harmless(rng, parts) for _ in range(50_000)]
    column = pa.array([texts[number % len(texts)] for number in range(rows)])
    length = sum(map(len, texts)) / len(texts)
    begin = process_time()
    masked = mask_column(column)
    seconds = process_time() - begin
    touched = (
        sum(a != b for a, b in zip(column[:50_000].to_pylist(), masked[:50_000].to_pylist(), strict=True)) / 50_000
    )
    print(
        f"\nmask_column: {rows:,} texts of {length:.0f} characters, {touched:.0%} with something to mask: "
        f"{seconds:.1f} CPU s, {rows / seconds:,.0f} rows/s; 8 million in {8e6 / rows * seconds:.0f} s on one core"
    )
    callers = pa.array([f"138{rng.randrange(3_000_000):08d}" for _ in range(rows)])
    begin = process_time()
    CallerHasher(b"benchmark-key").hash_column(callers)
    seconds = process_time() - begin
    print(f"CallerHasher: {rows:,} callers in {seconds:.1f} CPU s, {rows / seconds:,.0f} rows/s")


def _harmless(rng: random.Random, parts: list[str]) -> str:
    clean = ["反映路面破损积水严重希望尽快修复", "来电人称已多次反映但未得到解决", "路灯坏了", "请核实处理谢谢"]
    return "，".join([rng.choice(clean) for _ in range(4)] + [rng.choice(parts)[:12]])


if __name__ == "__main__":
    main()
