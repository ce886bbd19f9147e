"""Births and deaths of labels in a panel, and which of them look like one change.

A label is born when it appears at a rate that makes its earlier silence impossible, and dies when its last silence is
impossible for the rate it had. A death and a birth in the same weeks are proposed as a rename, several as a merge or a
split; a birth without a death is matched with the labels that lost as much at that moment (a part moved away). All are
proposals for a person: nothing is restated until the crosswalk says so.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any, Final

import numpy as np
import pandas as pd

from features.configuration import ChangeConfig
from features.errors import TaxonomyError

COLUMNS: Final = (
    "kind", "old", "new", "valid_from", "weight", "score", "p_silence", "rate_before", "rate_after"
)  # fmt: skip
_SURE: Final = 6.0
"""Standard errors at which a loss is beyond doubt."""


def propose_changes(counts: Any, *, label: str = "category", config: ChangeConfig | None = None) -> Any:
    """Propose rows of a crosswalk from a panel of counts.

    Args:
        counts: Frame with `label`, `ds` (period start) and `y`; equal keys are added up, missing periods are zero.
        label: The column that holds the labels.
        config: What counts as a change.

    Returns:
        Frame of proposals in order of `valid_from`: `kind` (rename, merge, split, part, birth, death), `old`, `new` (''
        for a birth without origin and a death without heir), `valid_from` (first period of the new state), `weight`
        (share of the old label), `score` (0 to 1: closeness in time, volume and name), `p_silence` (of the weaker
        side), and tickets per period before and after.

    Raises:
        TaxonomyError: A column is missing.
    """
    missing = [name for name in (label, "ds", "y") if name not in counts.columns]
    if missing:
        raise TaxonomyError(f"the panel has no column {missing}", hint=f"it has {list(map(str, counts.columns))}")
    config = config or ChangeConfig()
    wide = _wide(counts, label)
    births, deaths = _births(wide, config), _deaths(wide, config)
    rows, explained = _pairs(births, deaths, config)
    for birth in births.itertuples():
        if birth.label not in explained:
            rows += _parts(birth, wide, births, config) or [_alone("birth", birth)]
    rows += [_alone("death", death) for death in deaths.itertuples() if death.label not in explained]
    result = pd.DataFrame(rows, columns=list(COLUMNS))
    return result.sort_values(["valid_from", "old", "new"], kind="stable").reset_index(drop=True)


def _wide(counts: Any, label: str) -> Any:
    """Return periods x labels, evenly spaced, without gaps."""
    wide = counts.pivot_table(index="ds", columns=label, values="y", aggfunc="sum", fill_value=0).sort_index()
    if len(wide) > 1:
        step = pd.Series(wide.index).diff().mode().iloc[0]
        wide = wide.reindex(pd.date_range(wide.index[0], wide.index[-1], freq=step), fill_value=0)
    return wide


def _births(wide: Any, config: ChangeConfig) -> Any:
    values = wide.to_numpy()
    return _silences(wide, values, wide.index, config)


def _deaths(wide: Any, config: ChangeConfig) -> Any:
    """A death is a birth with time running backwards; its moment is the first period of silence."""
    backwards = _silences(wide, wide.to_numpy()[::-1], wide.index[::-1], config)
    step = wide.index[1] - wide.index[0] if len(wide) > 1 else pd.Timedelta(0)
    return backwards.assign(moment=backwards["moment"] + step)


def _silences(wide: Any, values: Any, periods: Any, config: ChangeConfig) -> Any:
    first = (values > 0).argmax(axis=0)
    ends = np.minimum(first + config.window, len(values))
    sums = np.vstack([np.zeros(values.shape[1]), values.cumsum(axis=0)])
    count = sums[ends, np.arange(values.shape[1])]
    rate = count / np.maximum(ends - first, 1)
    p_silence = np.exp(-rate * first)
    changed = (first >= config.history) & (count >= config.least_count) & (p_silence < config.p_silence)
    frame = pd.DataFrame({"label": wide.columns, "moment": periods[first], "rate": rate, "p_silence": p_silence})
    return frame[changed].reset_index(drop=True)


def _pairs(births: Any, deaths: Any, config: ChangeConfig) -> tuple[list[Any], set[str]]:
    """Match deaths with births in the same weeks."""
    both = deaths.merge(births, how="cross", suffixes=("_old", "_new"))
    both = both[both["label_old"] != both["label_new"]]  # a label that pauses, or lives for a few weeks only
    if both.empty:
        return [], set()
    week = pd.Timedelta(days=7)
    apart = (both["moment_new"] - both["moment_old"]).abs() / week
    volume = np.minimum(both["rate_old"], both["rate_new"]) / np.maximum(both["rate_old"], both["rate_new"])
    name = [_likeness(old, new) for old, new in zip(both["label_old"], both["label_new"], strict=True)]
    closeness = np.exp(-apart / config.tolerance)
    both["score"] = (closeness + volume + np.array(name)) / 3
    near = both[apart <= config.tolerance]
    rows, explained = [], set()
    for group in _families(near):
        olds, news = group["label_old"].nunique(), group["label_new"].nunique()
        kind = {(True, True): "rename", (False, True): "merge", (True, False): "split"}.get((olds == 1, news == 1))
        if kind is None:  # several of each: every old one goes to the likeliest new one
            group = group.sort_values("score", ascending=False).drop_duplicates("label_old")  # noqa: PLW2901
            kind = "rename"
        share = group["rate_new"] / group["rate_new"].sum() if kind == "split" else pd.Series(1.0, index=group.index)
        for one, weight in zip(group.itertuples(), share, strict=True):
            p_silence = max(one.p_silence_old, one.p_silence_new)
            rates = (p_silence, one.rate_old, one.rate_new)
            rows.append((kind, one.label_old, one.label_new, one.moment_new, float(weight), float(one.score), *rates))
        explained |= {*group["label_old"], *group["label_new"]}
    return rows, explained


def _families(near: Any) -> list[Any]:
    """Split the pairs into groups that share a label."""
    parent: dict[str, str] = {}

    def root(label: str) -> str:
        while parent.setdefault(label, label) != label:
            label = parent[label]
        return label

    for old, new in zip(near["label_old"], near["label_new"], strict=True):
        parent[root(f"old {old}")] = root(f"new {new}")
    return [group for _, group in near.groupby([root(f"old {old}") for old in near["label_old"]])] if len(near) else []


def _likeness(old: str, new: str) -> float:
    return SequenceMatcher(None, old.casefold(), new.casefold(), autojunk=False).ratio()


def _parts(birth: Any, wide: Any, births: Any, config: ChangeConfig) -> list[Any]:
    """Find the few labels that lost at a birth what the born label took.

    A loss is what falls short of the label's share of all, against the weeks before and, so that no season is taken for
    a loss, against the same weeks a year earlier where the panel reaches back so far.
    """
    place = wide.index.get_loc(birth.moment)
    grown = [name for name in wide.columns if name not in set(births["label"])]
    after = wide.iloc[place : place + config.window]
    taken = float(birth.rate * len(after))
    rivals = [wide.iloc[max(0, place - config.window) : place], _year_before(wide, after)]
    losses = [_loss(rival[grown], after[grown], taken) for rival in rivals if len(rival)]
    lost = pd.concat([loss["lost"] for loss in losses], axis=1).min(axis=1)
    sigma = pd.concat([loss["sigma"] for loss in losses], axis=1).min(axis=1)
    share = lost / taken
    likely = share.between(config.donor_drop, 1 / config.donor_drop) & (sigma > _normal_quantile(1 - config.donor_p))
    donors = lost[likely].sort_values(ascending=False)
    if len(donors) > config.most_donors:  # everything fell at once: no origin can be told
        return []
    rows = []
    for name, loss in donors.items():
        weight = min(float(loss / losses[0]["expected"][name]), 1.0)
        score = (min(share[name], 1 / share[name]) + min(1.0, float(sigma[name]) / _SURE)) / 2
        rates = (birth.p_silence, float(rivals[0][name].mean()), birth.rate)
        rows.append(("part", name, birth.label, birth.moment, weight, float(score), *rates))
    return rows


def _year_before(wide: Any, after: Any) -> Any:
    first, last = after.index[0] - pd.Timedelta(days=364), after.index[-1] - pd.Timedelta(days=364)
    return wide[(wide.index >= first) & (wide.index <= last)] if first >= wide.index[0] else wide.iloc[:0]


def _loss(before: Any, after: Any, taken: float) -> Any:
    """Return what each label lost beyond the growth of all, and how many standard errors that is."""
    old, new = before.sum(), after.sum()
    growth = (new.sum() + taken) / max(old.sum(), 1)
    expected = old * growth
    lost = expected - new
    # The standard error of a difference of two Poisson counts, the first one scaled by the growth.
    return pd.DataFrame(
        {"lost": lost, "expected": expected, "sigma": lost / np.sqrt(np.maximum(expected * growth + new, 1))}
    )


def proposed_rows(proposals: Any, *, dimension: str = "category") -> Any:
    """Return proposals as rows of a crosswalk, for a person to edit; what stays of a label gets a row of its own.

    Births without origin and deaths without heir change no label and are left out.
    """
    moves = proposals[(proposals["old"] != "") & (proposals["new"] != "")]
    rows = moves[["old", "new", "valid_from", "weight"]]
    parts = moves[moves["kind"] == "part"].groupby(["old", "valid_from"], as_index=False)["weight"].sum()
    stays = parts.assign(new=parts["old"], weight=(1 - parts["weight"]).clip(lower=0))
    whole = pd.concat([rows, stays[stays["weight"] > 0]], ignore_index=True)
    total = whole.groupby(["old", "valid_from"])["weight"].transform("sum")
    whole["weight"] = (whole["weight"] / total).round(6)
    whole["dimension"] = dimension
    return whole.sort_values(["valid_from", "old", "new"]).reset_index(drop=True)


def _normal_quantile(level: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(level)


def _alone(kind: str, one: Any) -> tuple[Any, ...]:
    old, new = ("", one.label) if kind == "birth" else (one.label, "")
    before, after = (0.0, one.rate) if kind == "birth" else (one.rate, 0.0)
    return (kind, old, new, one.moment, 1.0, 0.0, one.p_silence, before, after)
