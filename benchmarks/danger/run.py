"""Recall and precision of the table of dangers on sentences written for it by people who had not read it.

    python benchmarks/danger/run.py [--wrong]

`sentences.csv` has three sets. "written" and "heldout" are halves of one set: the table was made with the first half in
sight, measured once on the other, and then completed with what that half had shown. "second" was written afterwards by
somebody else and is not looked at: it is what tells how the table does on words that it has never seen.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from features.danger import DangerTable


def main() -> None:
    """Print one line per set and language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="also list what is judged wrongly")
    asked = parser.parse_args()
    rows = pd.read_csv(Path(__file__).parent / "sentences.csv", keep_default_na=False)
    table = DangerTable.shipped()
    told = [bool(table.judge(text, filed).counted) for text, filed in zip(rows["text"], rows["category"], strict=True)]
    rows = rows.assign(told=told, danger=rows["emergency"].eq(1))
    for (name, language), part in rows.groupby(["set", "language"], sort=False):
        right = int((part["told"] & part["danger"]).sum())
        recall, precision = right / int(part["danger"].sum()), right / max(int(part["told"].sum()), 1)
        print(f"{name:<8} {language}: {len(part):>4} sentences, recall {recall:.3f}, precision {precision:.3f}")
    if asked.wrong:
        for row in rows[rows["told"] != rows["danger"]].itertuples():
            print(f"{'missed' if row.danger else 'false'}: {row.text}")


if __name__ == "__main__":
    main()
