"""Space-time scans: where a rise is, since when, and how often chance would bring it."""

from __future__ import annotations

from models.hotspots.spatial.clusters import CLUSTER_COLUMNS, find_clusters
from models.hotspots.spatial.expectation import ExpectationScan
from models.hotspots.spatial.gumbel import GumbelTail
from models.hotspots.spatial.scan_places import ScanPlaces, grid_places, named_places
from models.hotspots.spatial.zones import Zones

__all__ = [
    "CLUSTER_COLUMNS",
    "ExpectationScan",
    "GumbelTail",
    "ScanPlaces",
    "Zones",
    "find_clusters",
    "grid_places",
    "named_places",
]
