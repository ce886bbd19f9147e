"""The ticket lake: every version of every ticket, as it was known, in a Delta table on disk."""

from features.errors import LakeError, LakeInputError
from features.lake.lake import Lake
from features.lake.loads import SourceState
from features.lake.staged import StagedBatch
from features.lake.upsert import UpsertResult

__all__ = ["Lake", "LakeError", "LakeInputError", "SourceState", "StagedBatch", "UpsertResult"]
