"""Follow cells through a change of labels: which part of each goes where, and what that makes of counts and forecasts.

What was said before a change (an issued forecast, a fitted model) is read in the labels in force by these moves: sums
stay what they were, and a series whose tickets did not change keeps every digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from features.panel.hierarchy import level_codes
from features.panel.restate import described_cells
from features.series import DIMENSIONS, LEVELS
from features.taxonomy import Crosswalk, apply_crosswalk

_CELL: Final = ["category", "district"]
_BAND: Final = ("p10", "p50", "p90")
_Z90: Final = 1.2816
"""A standard normal's 90 % quantile: turns the half of a band into a spread and back."""


@dataclass(frozen=True)
class Moves:
    """Where the tickets of each cell go when labels change.

    Attributes:
        before: `unique_id, *DIMENSIONS` of the cells under the earlier labels.
        after: The same of the cells under the later ones.
        shares: `before` and `after` (row numbers of the two frames) and `weight`; the weights of a cell sum to 1.
        since: Day of the first change, naive local.
    """

    before: pd.DataFrame
    after: pd.DataFrame
    shares: pd.DataFrame
    since: pd.Timestamp

    @classmethod
    def of(cls, static: pd.DataFrame, changes: Crosswalk, day: date, *, now: pd.DataFrame | None = None) -> Moves:
        """Follow the cells of a static frame.

        Args:
            static: `unique_id, level, *DIMENSIONS`; only the rows of the level `cell` count.
            changes: What came into force between the two sets of labels.
            day: The day on which the later labels hold.
            now: The static frame of a panel in the later labels, whose parents and departments hold; those of the
                earlier cells where it does not know a category.
        """
        before = static.loc[static["level"] == "cell", ["unique_id", *DIMENSIONS]].reset_index(drop=True)
        # Opened before every change, whatever its day: these cells are what the earlier labels meant.
        opened = changes.rows["valid_from"].min() - pd.Timedelta(days=1)
        moved = before[_CELL].assign(before=before.index, weight=1.0, ds=opened)
        for dimension in _CELL:
            moved = apply_crosswalk(moved, changes, day, dimension=dimension, values=("weight",))
        after = described_cells(moved[_CELL].drop_duplicates(), _as_now(before, now), changes)
        codes, named = level_codes(after, "cell")
        after = after.assign(unique_id=named["unique_id"].to_numpy()[codes])[["unique_id", *DIMENSIONS]]
        number = after[_CELL].assign(after=after.index)
        shares = moved.merge(number, on=_CELL)[["before", "after", "weight"]]
        since = changes.rows["valid_from"].min()
        return cls(before, after, shares.sort_values(["before", "after"], ignore_index=True), since)

    def counts_before(self, y: pd.DataFrame, static: pd.DataFrame) -> pd.DataFrame:
        """Return newer counts of cells under the earlier labels: a label that came since counts for those it came of.

        A label of several is shared by what they had in the last year they were told apart.

        Args:
            y: `unique_id, ds, y` of cells, new labels among them.
            static: The static frame of `y`.
        """
        known = set(self.before["unique_id"])
        cells = static.loc[static["level"] == "cell", ["unique_id", *_CELL]]
        strange = cells[~cells["unique_id"].isin(known)].rename(columns={"unique_id": "strange"})
        flows = strange.merge(self.after[_CELL].assign(after=self.after.index), on=_CELL)
        if flows.empty:
            return y
        volume = self._told_apart(y[y["unique_id"].isin(known)])
        flows = flows.merge(self.shares, on="after").merge(
            self.before["unique_id"].rename("origin"), left_on="before", right_index=True
        )
        flows["part"] = flows["weight"] * (flows["origin"].map(volume).fillna(0.0) + 1e-9)
        flows["part"] /= flows.groupby("strange")["part"].transform("sum")
        returned = y.merge(flows[["strange", "origin", "part"]], left_on="unique_id", right_on="strange")
        returned = returned.assign(unique_id=returned["origin"], y=returned["y"] * returned["part"])
        rows = pd.concat([y[~y["unique_id"].isin(flows["strange"])], returned], ignore_index=True)
        return rows.groupby(["unique_id", "ds"], as_index=False, sort=True)["y"].sum()

    def _told_apart(self, y: pd.DataFrame) -> pd.Series:
        """Return the counts of each cell in the last year before the first change; in all its years where none is."""
        year = y[(y["ds"] < self.since) & (y["ds"] >= self.since - pd.Timedelta(days=364))]
        return (year if len(year) else y).groupby("unique_id")["y"].sum()

    def forecast(self, rows: pd.DataFrame, *, by: Sequence[str], sums: Sequence[str] = ()) -> pd.DataFrame:
        """Return a forecast under the later labels; every total and every untouched series stays as it is.

        Means add up exactly. The band of a series that was made of parts has the parts' spreads as if they were
        independent; that of a part has a binomial share of the whole's. Both hold until the next forecast is made.

        Args:
            rows: `unique_id, level, mean, p10, p50, p90`, the columns of `by` and `sums`; every level with its cells.
            by: What tells the rows of a series apart, such as `ds` and `horizon`.
            sums: More columns that add up over the levels. Of a series that was made of parts, other numbers are not
                known (NaN), and other texts are the level's; dimensions are those of the later labels.
        """
        number = self.before[["unique_id"]].assign(before=self.before.index)
        cells = rows[rows["level"] == "cell"].merge(number, on="unique_id")
        parts = cells.merge(self.shares, on="before")
        for name in ("mean", *sums):
            parts[name] = parts[name] * parts["weight"]
        frames = [
            self._level(rows[rows["level"] == level], level, parts, by=list(by), sums=list(sums))
            for level in LEVELS
            if (rows["level"] == level).any()
        ]
        return pd.concat(frames, ignore_index=True)[list(rows.columns)]

    def _level(
        self, rows: pd.DataFrame, level: str, parts: pd.DataFrame, *, by: list[str], sums: list[str]
    ) -> pd.DataFrame:
        codes = {"node": level_codes(self.before, level), "target": level_codes(self.after, level)}
        names = {side: static["unique_id"].to_numpy()[code] for side, (code, static) in codes.items()}
        flows = parts.assign(node=names["node"][parts["before"]], target=names["target"][parts["after"]])
        whole = _unchanged(flows)
        kept = rows[rows["unique_id"].isin(whole)].assign(unique_id=lambda own: own["unique_id"].map(whole))
        made = flows[~flows["target"].isin(set(whole.values()))]
        if not made.empty:
            kept = pd.concat([kept, _made(made, rows, by=by, sums=sums)], ignore_index=True)
        static = codes["target"][1].set_index("unique_id")
        return kept.assign(**{name: kept["unique_id"].map(static[name]) for name in DIMENSIONS if name in rows})


def _as_now(before: pd.DataFrame, now: pd.DataFrame | None) -> pd.DataFrame:
    """Add the cells of a later panel in front: what they say of a label and its parents holds."""
    if now is None:
        return before
    later = now.loc[now["level"] == "cell", ["unique_id", *DIMENSIONS]]
    return pd.concat([later, before]).drop_duplicates("unique_id", ignore_index=True)


def _unchanged(flows: pd.DataFrame) -> dict[str, str]:
    """Return the series that go over whole, and alone, into one series: name before to name after."""
    one = flows.drop_duplicates(["before", "after"])
    share = one.groupby(["node", "target"])["weight"].sum().reset_index()
    size = one.groupby("node")["weight"].sum()
    share["whole"] = np.isclose(share["weight"], share["node"].map(size))
    alone = share.groupby("target")["node"].transform("size") == 1
    return dict(share.loc[share["whole"] & alone, ["node", "target"]].itertuples(index=False, name=None))


def _made(flows: pd.DataFrame, rows: pd.DataFrame, *, by: list[str], sums: list[str]) -> pd.DataFrame:
    """Make the rows of series that are new mixtures, from the parts of those that they are made of."""
    added = flows.groupby(["node", "target", *by], as_index=False, sort=True)[["mean", *sums]].sum()
    named = rows[["unique_id", *by, "mean", *_BAND]].rename(columns={"unique_id": "node", "mean": "of_node"})
    added = added.merge(named, on=["node", *by])
    share = (added["mean"] / added["of_node"].where(added["of_node"] > 0)).fillna(1.0).clip(0.0, 1.0)
    thinned = share * (1 - share) * added["of_node"] * _Z90**2
    added["p50"] = share * added["p50"]
    low, high = added["p50"] - share * added["p10"], share * added["p90"] - added["p50"]
    added["low"], added["high"] = low**2 + thinned, high**2 + thinned
    made = added.groupby(["target", *by], as_index=False, sort=True)[["mean", *sums, "p50", "low", "high"]].sum()
    made["p50"] = made["p50"].round()
    made["p10"] = (made["p50"] - np.sqrt(made.pop("low"))).round().clip(lower=0.0) + 0.0
    made["p90"] = (made["p50"] + np.sqrt(made.pop("high"))).round()
    others = [name for name in rows.columns if name not in {"unique_id", *by, "mean", *sums, *_BAND}]
    said = {name: np.nan if pd.api.types.is_float_dtype(rows[name]) else rows[name].iloc[0] for name in others}
    return made.rename(columns={"target": "unique_id"}).assign(**said)
