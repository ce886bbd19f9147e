"""Quality of what came in: is the feed alive, is the volume usual, what is new, missing, doubled, late.

Pure functions on small frames; `pipelines.quality` counts them out of the lake.
"""

from features.errors import QualityError
from features.quality.content import AGES, delay_profile, missing_values, unseen_labels
from features.quality.report import SCHEMA_VERSION, make_report, render_fragment, render_page
from features.quality.volume import complete_days, freshness, volume_against_expectation

__all__ = [
    "AGES",
    "SCHEMA_VERSION",
    "QualityError",
    "complete_days",
    "delay_profile",
    "freshness",
    "make_report",
    "missing_values",
    "render_fragment",
    "render_page",
    "unseen_labels",
    "volume_against_expectation",
]
