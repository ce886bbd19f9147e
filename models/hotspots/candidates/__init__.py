"""One list: signals of all detectors become ranked candidates, each about one set of tickets."""

from __future__ import annotations

from models.hotspots.candidates.fdr import benjamini_hochberg
from models.hotspots.candidates.merge import CANDIDATE_COLUMNS, merge_candidates
from models.hotspots.candidates.signals import Signal
from models.hotspots.candidates.thresholds import Thresholds

__all__ = [
    "CANDIDATE_COLUMNS",
    "Signal",
    "Thresholds",
    "benjamini_hochberg",
    "merge_candidates",
]
