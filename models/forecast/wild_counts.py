"""One wild count spoils nobody: a count that stands alone far above its series is cut before anything is learned.

A mistyped number, a file loaded a thousand times or an import of one afternoon is one period of one cell. Left alone
it decides pooled dispersions, the trees' weights and the levels of series that it has nothing to do with. So each
count is compared, on Anscombe's scale (where Poisson counts scatter by one), with the median around it; what lies
farther above than the series' own scatter allows is cut to that limit, which does not depend on how wild it was.

Believed further: a rise that lasts, a peak that came at the same time of another year, and what other cells of the
same category or district show in the same period, for a storm is no mistake. Even then no farther than a few times
what stands beside it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter

from features.configuration.forecaster import WildConfig
from models.forecast.hierarchy import Hierarchy, HierarchyLevel, PanelMatrix
from models.forecast.members import Floats
from models.forecast.periods import Cadence, cadence_of

Flags = NDArray[np.bool_]

_SHIFT: Final = 3 / 8
"""Of Anscombe's transform 2 sqrt(y + 3/8)."""
_MAD: Final = 1.4826
"""The median absolute deviation of a normal distribution is its standard deviation through this."""
_HOPELESS: Final = 2.0
_SAYS: Final = 5.0
"""So many times as far as wild, in a series of so many tickets, is no count at all."""


def bounded(panel: PanelMatrix, hierarchy: Hierarchy, config: WildConfig) -> PanelMatrix:
    """Return a panel whose lone wild counts are cut to the most that their series makes believable.

    Args:
        panel: Counts as known.
        hierarchy: Groups the cells; what several of them show in one period is kept.
        config: How far is wild.

    Returns:
        The same panel where nothing is wild. The result is the same however wild a wild count is.
    """
    y, cadence = panel.y, cadence_of(panel.freq)
    usual, scatter = _usual(y, cadence, config)
    limit = np.maximum(_counts(usual + config.far * scatter), config.harmless)
    wild = y > limit
    if not wild.any():
        return panel
    believed = np.maximum(_lasting(y, wild, config), _returning(y, wild, cadence, config))
    for level in (hierarchy.category(), hierarchy.district()):
        believed = np.maximum(believed, _shared(y / limit, wild, level, config) * limit)
        believed = np.maximum(believed, _risen(level.sum(y), cadence, config)[level.groups])
    # Of what lies out of all proportion nothing is believed, where a series is large enough to say so.
    hopeless = (y > _counts(usual + _HOPELESS * config.far * scatter)) & (_counts(usual) >= _SAYS)
    alone = np.where(hopeless, _counts(usual), limit)
    return replace(panel, y=np.where(wild, np.minimum(y, np.where(believed > limit, believed, alone)), y))


def _usual(y: Floats, cadence: Cadence, config: WildConfig) -> tuple[Floats, Floats]:
    """Return, on Anscombe's scale, the median around each count and the scatter of each series around it.

    Days are compared with the same weekday of other weeks.
    """
    scaled = 2 * np.sqrt(y + _SHIFT)
    usual = _medians_around(scaled, cadence.week or 1, config.around)
    away = np.abs(scaled - usual)
    return usual, np.maximum(_MAD * np.median(away, axis=1, keepdims=True), 1.0)


def _counts(scaled: Floats) -> Floats:
    return np.asarray((scaled / 2) ** 2 - _SHIFT)


def _medians_around(y: Floats, step: int, around: int) -> Floats:
    """Return the median of `around` periods to each side, every `step`-th one, mirrored at the ends."""
    if step == 1:
        return np.asarray(median_filter(y, size=(1, 2 * around + 1), mode="reflect"))
    medians = np.empty_like(y)
    for day in range(min(step, y.shape[1])):
        medians[:, day::step] = _medians_around(y[:, day::step], 1, around)
    return medians


def _lasting(y: Floats, wild: Flags, config: WildConfig) -> Floats:
    """Return what is believed of runs that are long enough: a few times the middle of each stretch of them."""
    lasts, bound = config.lasts, np.zeros_like(y)
    if y.shape[1] < lasts:
        return bound
    windows = np.lib.stride_tricks.sliding_window_view
    runs = windows(wild, lasts, axis=1).all(axis=2)
    middle = np.where(runs, config.beyond * np.median(windows(y, lasts, axis=1), axis=2), 0.0)
    for shift in range(lasts):
        part = bound[:, shift : shift + runs.shape[1]]
        np.maximum(part, middle, out=part)
    return bound


def _risen(sums: Floats, cadence: Cadence, config: WildConfig) -> Floats:
    """Return what is believed of the parts of sums that rise and stay: a new office comes in cells of few tickets."""
    usual, scatter = _usual(sums, cadence, config)
    return _lasting(sums, sums > _counts(usual + config.far * scatter), config)


def _returning(y: Floats, wild: Flags, cadence: Cadence, config: WildConfig) -> Floats:
    """Return what is believed of peaks that came about a year before or after, too."""
    reach = 2 * config.returns_within * (cadence.week or 1) + 1
    peaks = maximum_filter1d(np.where(wild, y, 0.0), reach, axis=1, mode="constant") * config.beyond
    bound, year = np.zeros_like(y), cadence.year
    if y.shape[1] > year:
        bound[:, year:] = peaks[:, :-year]
        np.maximum(bound[:, :-year], peaks[:, year:], out=bound[:, :-year])
    return bound


def _shared(ratio: Floats, wild: Flags, level: HierarchyLevel, config: WildConfig) -> Floats:
    """Return how far above its limit a cell is believed, where enough cells of its group are wild in one period."""
    bound = np.zeros_like(ratio)
    together = level.sum(wild.astype(float))
    for group, period in zip(*np.nonzero(together >= config.shared), strict=True):
        cells = np.nonzero((level.groups == group) & wild[:, period])[0]
        bound[cells, period] = config.beyond * np.median(ratio[cells, period])
    return bound
