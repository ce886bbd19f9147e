"""MLflow: runs that can be repeated, and a registry whose champion issues the numbers."""

from pipelines.tracking.registry import Registry, Version
from pipelines.tracking.runs import Tracker

__all__ = ["Registry", "Tracker", "Version"]
