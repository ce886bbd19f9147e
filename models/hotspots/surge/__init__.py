"""Surges: more tickets than a cell's own history explains, judged by one vectorised engine."""

from models.hotspots.surge.detect_surges import detect_surges

__all__ = ["detect_surges"]
