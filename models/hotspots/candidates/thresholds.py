"""How rare a finding must be before anybody is told, for all detectors at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from features.vocabulary import Kind

_LAXEST_Q = 0.5


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of the statistical detectors; the recitable rules have their own and are not touched.

    Attributes:
        q: False discovery rate held over all series of one level and frequency that a run tested.
        surge_days: Recurrence interval in days that a surge must reach besides.
        cluster_days: That of a space-time cluster, over the whole city.
        group_days: That of a text group; a first-seen topic needs none, and neither does a group nobody can judge.
    """

    q: float = 0.2
    surge_days: float = 30.0
    cluster_days: float = 30.0
    group_days: float = 30.0

    def rarer(self, times: float) -> Thresholds:
        """Return thresholds that ask for findings `times` as rare; below 1 they ask for less.

        >>> Thresholds().rarer(10)
        Thresholds(q=0.02, surge_days=300.0, cluster_days=300.0, group_days=300.0)
        """
        return replace(
            self,
            q=min(self.q / times, max(self.q, _LAXEST_Q)),
            surge_days=self.surge_days * times,
            cluster_days=self.cluster_days * times,
            group_days=self.group_days * times,
        )

    def clusters(self, found: pd.DataFrame) -> pd.DataFrame:
        """Return the clusters (of `find_clusters`, run at a threshold no stricter) that are rare enough."""
        return found[found["recurrence_days"] >= self.cluster_days]

    def groups(self, found: pd.DataFrame) -> pd.DataFrame:
        """Return the text groups (of `find_groups`, run at a threshold no stricter) that are rare enough or new."""
        usual = found["recurrence_days"] < self.group_days
        return found[~usual | (found["kind"] == Kind.FIRST_SEEN)]
