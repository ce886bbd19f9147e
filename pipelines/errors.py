"""Errors of the pipelines.

WeisuError
└── PipelineError
    ├── NoChampionError      nothing has been trained and promoted yet
    │   ├── LostBundleError  the files of a registered version are not where the registry says, or damaged
    │   ├── LostRegistryError  the model registry cannot be read
    │   └── LostLabelsError  nobody knows any more which labels a registered version speaks
    ├── ChampionChangedError  another version became champion meanwhile
    ├── NoEarlierChampionError  nothing to roll back to
    ├── PeerError            another Python, with the libraries of a comparison, does not do its part
    ├── UnknownVersionError  a model version that the registry does not hold
    ├── ScheduleError        the `[schedule]` section says something that cannot be
    ├── SchedulerRunningError  another scheduler works on this installation
    └── BackupError          a backup cannot be made, read or restored
        └── BackupInputError  the passphrase or a flag is wrong
"""

from __future__ import annotations

from features.errors import BadInputError, WeisuError
from features.reasons import ReasonedError


class PipelineError(WeisuError):
    """A run of a pipeline failed."""


class NoChampionError(ReasonedError, PipelineError):
    """Nothing has been trained and promoted yet."""


class LostBundleError(NoChampionError):
    """The files of a registered version are not where the registry says, or damaged: as good as no champion."""


class LostRegistryError(NoChampionError):
    """The model registry cannot be read: as good as no champion."""


class LostLabelsError(NoChampionError):
    """Nobody knows any more which labels a registered version speaks: as good as no champion."""


class ChampionChangedError(PipelineError):
    """Another version became champion while this one was measured against the one before."""


class ChosenByPersonError(PipelineError):
    """A person put the champion in service, and a training does not replace it before the choice is given back."""


class NoChoiceError(PipelineError, BadInputError):
    """There is no choice of a person to give back."""


class NoEarlierChampionError(PipelineError):
    """The present champion is the first one: there is nothing to roll back to."""


class UnknownVersionError(PipelineError, BadInputError):
    """A model version that the registry does not hold."""


class PeerError(PipelineError):
    """Another Python, which holds the libraries of a comparison, does not do its part."""


class ScheduleError(PipelineError, BadInputError):
    """The `[schedule]` section says something that cannot be."""


class SchedulerRunningError(PipelineError):
    """Another scheduler works on this installation."""


class BackupError(PipelineError):
    """A backup cannot be made, read or restored."""


class BackupInputError(BackupError, BadInputError):
    """What was given to a backup or a restore is wrong: a passphrase, a file, a flag."""
