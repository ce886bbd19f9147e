"""Hotspots: surges in time, clusters in space, groups in text, and the one list of candidates they merge into."""

from models.hotspots.surge import detect_surges

__all__ = ["detect_surges"]
