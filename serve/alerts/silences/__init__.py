"""Silences and maintenance windows: matching alerts are kept, but nobody is told until it is over."""
