"""Which seasons a series shows: what returns every year, by numbers and regularity, and not by chance or growth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.configuration import SeasonConfig
from features.seasons.years import POSITIONS, Floats, Years

Run = NDArray[np.intp]
"""Positions of a year in a row; it may pass the year's end."""

_SUREST: Final = 6.0
"""No year counts for more standard deviations than this: one storm is no season."""


@dataclass(frozen=True)
class ShownSeason:
    """A run of positions in one series."""

    series: int
    positions: Run
    years_seen: int
    ratio: float


def explained(years: Years) -> Floats:
    """Return the share of each series' variation within years that the other years' mean explains; -inf below two."""
    ratios = smoothed(years.ratios())
    count = ratios.shape[1]
    if count < 2:  # noqa: PLR2004
        return np.full(ratios.shape[0], -np.inf)
    others = _means_of_others(ratios)
    left = np.nansum(np.square(ratios - others), axis=(1, 2))
    whole = np.nansum(np.square(ratios - 1.0), axis=(1, 2))
    return np.asarray(1 - left / np.maximum(whole, 1e-9))


def _means_of_others(ratios: Floats) -> Floats:
    """Return for each year and position the mean of the other years."""
    total = np.nansum(ratios, axis=1, keepdims=True)
    size = (~np.isnan(ratios)).sum(axis=1, keepdims=True)
    return np.asarray((total - np.nan_to_num(ratios)) / np.maximum(size - ~np.isnan(ratios), 1))


def smoothed(ratios: Floats) -> Floats:
    """Return three-week means over neighbouring positions; the year's ends meet."""
    stack = np.stack([np.roll(ratios, shift, axis=-1) for shift in (-1, 0, 1)])
    filled, known = np.nan_to_num(stack).sum(axis=0), (~np.isnan(stack)).sum(axis=0)
    return np.where(np.isnan(ratios), np.nan, filled / np.maximum(known, 1))


def seasons_shown(years: Years, chosen: NDArray[np.bool_], config: SeasonConfig) -> Iterator[ShownSeason]:
    """Yield the seasons of the chosen series.

    A season is looked for in each year where the other years have it: what was picked out of a year is not found again
    in the same year, so chance does not return.
    """
    if years.counts.shape[1] < config.min_years:
        return
    levels, ratios = years.level(), years.ratios()
    smooth = smoothed(years.counts / np.maximum(levels, 1e-9))
    others = _means_of_others(smooth)
    profile = np.nan_to_num(np.nanmean(smooth, axis=1))
    high = (profile >= config.ratio) & chosen[:, None]
    needed = max(config.min_years, config.min_share * years.years.size)
    for series in np.flatnonzero(high.any(axis=1)):
        for run in _runs(high[series]):
            found = _found(years.counts[series], levels[series], others[series] >= config.ratio, run)
            stands_out = (found.surprise >= config.z) | (found.place >= config.z / 2)
            seen = int((stands_out & (found.extra >= config.min_extra / 2)).sum())
            sums = np.minimum(found.surprise, _SUREST).sum(), found.place.sum()
            together = max(sums) / np.sqrt(years.years.size)
            ratio = float(np.nanmean(ratios[series][:, run]))
            usual = float(np.nanmean(years.counts[series, -1]))
            real = np.median(found.extra) >= config.min_extra and usual * ratio >= config.min_weekly
            if seen >= needed and together >= config.joint_z and real:
                yield ShownSeason(int(series), run, seen, ratio)


@dataclass(frozen=True)
class _Found:
    """What each year brought where the other years have the season, beyond its own weeks out of season.

    Attributes:
        extra: Tickets more than out of season.
        surprise: The same in standard deviations of the weeks out of season.
        place: How far the window stands above all windows of its length in the year, in their standard deviations:
            however much the year wanders, only its place in the year counts.
    """

    extra: Floats
    surprise: Floats
    place: Floats


def _found(counts: Floats, level: Floats, elsewhere: NDArray[np.bool_], run: Run) -> _Found:
    """Look in each year for the season that the other years have.

    Args:
        counts: Year x position.
        level: The same, of the trend.
        elsewhere: Year x position: where the other years' mean stands out.
        run: The season of all years together.
    """
    extra, surprise, place = (np.zeros(len(counts)) for _ in range(3))
    windows = [_overlapping(marks, run) for marks in elsewhere]
    rates, dispersion = _out_of_season(counts, level, elsewhere)
    for year, window in enumerate(windows):
        if window.size:
            known = window[~np.isnan(counts[year, window])]
            expected = rates[year] * level[year, known].sum()
            extra[year] = counts[year, known].sum() - expected
            surprise[year] = extra[year] / np.sqrt(dispersion * max(expected, 1.0))
            place[year] = _place(counts[year] / np.maximum(level[year], 1e-9), window)
    return _Found(extra, surprise, place)


def _place(ratios: Floats, window: Run) -> float:
    """Return how far a window's sum stands above those of the same window at all other places of its year."""
    filled = np.where(np.isnan(ratios), np.nanmean(ratios), ratios)
    shifted = (window[None, :] + np.arange(POSITIONS)[:, None]) % POSITIONS
    sums = filled[shifted].sum(axis=1)
    return float((sums[0] - sums.mean()) / max(sums.std(), 1e-9))


def _out_of_season(counts: Floats, level: Floats, elsewhere: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Return each year's rate against its level out of season, and the variance of a sum over its mean.

    Weeks that hang together vary together: their sum varies more than as many single weeks.
    """
    outside = ~elsewhere & ~np.isnan(counts)
    kept, lain = np.where(outside, counts, 0.0), np.where(outside, level, 0.0)
    rates = kept.sum(axis=1) / np.maximum(lain.sum(axis=1), 1e-9)
    expected = rates[:, None] * level
    off = np.where(outside, (counts - expected) / np.sqrt(np.maximum(expected, 0.25)), np.nan)
    variance = float(np.nanmean(np.square(off)))
    beside = float(np.nanmean(off[:, 1:] * off[:, :-1]))
    bound = float(np.clip(beside / max(variance, 1e-9), 0.0, _MOST_BOUND))
    return rates, max(variance, 1.0) * (1 + bound) / (1 - bound)


_MOST_BOUND: Final = 0.8
"""Correlation of neighbouring weeks that is allowed for at most."""


def _overlapping(marks: NDArray[np.bool_], run: Run) -> Run:
    """Return the run of marked positions that has most of a season's; none where they have none in common."""
    shared = [(np.isin(one, run).sum(), one) for one in _runs(marks)]
    most, window = max(shared, key=lambda pair: int(pair[0]), default=(0, run[:0]))
    return window if most else run[:0]


def _runs(high: NDArray[np.bool_]) -> Iterator[Run]:
    """Yield runs of marked positions; a run may pass from the last position to the first."""
    if high.all():
        return
    start = int(np.flatnonzero(~high)[0])
    rolled = np.roll(high, -start)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], rolled, [False]]).astype(np.int8)))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        yield (np.arange(first, last) + start) % POSITIONS
