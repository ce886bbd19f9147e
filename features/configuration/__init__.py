"""What an installation may set: one class per section of `weisu.toml`, each key with its type, unit and sentence.

The sections meet in `features.settings.Settings`, which refuses what it does not know. Nothing here imports more than
pydantic: every command reads the configuration before it does anything else.
"""

from features.configuration.alerts import AlertPolicy, Deadlines, LevelRule, Step
from features.configuration.bounds import BoundsConfig
from features.configuration.delivery import DeliveryConfig, TargetConfig
from features.configuration.detection import (
    CandidateConfig,
    DetectConfig,
    GroupingConfig,
    ScanConfig,
    SeasonConfig,
    TextConfig,
)
from features.configuration.forecaster import ForecastConfig
from features.configuration.names import NamesConfig
from features.configuration.part import ConfigPart, key
from features.configuration.requests import RequestsConfig
from features.configuration.rules import FrequentRule, RepeatRule, RuleConfig, SensitiveRule
from features.configuration.schedule import SHIPPED_JOBS, JobConfig, ScheduleConfig
from features.configuration.surge import SurgeConfig
from features.configuration.tickets import (
    CalendarConfig,
    ChangeConfig,
    Period,
    PrivacyConfig,
    QualityConfig,
    SourceConfig,
    TaxonomyConfig,
    WeatherConfig,
)
from features.configuration.training import TrainConfig

__all__ = [
    "SHIPPED_JOBS",
    "AlertPolicy",
    "BoundsConfig",
    "CalendarConfig",
    "CandidateConfig",
    "ChangeConfig",
    "ConfigPart",
    "Deadlines",
    "DeliveryConfig",
    "DetectConfig",
    "ForecastConfig",
    "FrequentRule",
    "GroupingConfig",
    "JobConfig",
    "LevelRule",
    "NamesConfig",
    "Period",
    "PrivacyConfig",
    "QualityConfig",
    "RepeatRule",
    "RequestsConfig",
    "RuleConfig",
    "ScanConfig",
    "ScheduleConfig",
    "SeasonConfig",
    "SensitiveRule",
    "SourceConfig",
    "Step",
    "SurgeConfig",
    "TargetConfig",
    "TaxonomyConfig",
    "TextConfig",
    "TrainConfig",
    "WeatherConfig",
    "key",
]
