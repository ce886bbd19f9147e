"""Which surge detector was in force when: the champion as promoted by then, or the release's own settings."""

from __future__ import annotations

from datetime import datetime

from features.configuration import SurgeConfig
from features.settings import Settings
from models.hotspots.surge.stored_config import config_from_json
from pipelines.tracking import Registry
from pipelines.tracking.mlflow_setup import is_made
from pipelines.tracking.registry import HOTSPOT, in_force

RELEASE = "release"
"""Name of the settings that the code comes with: in force before the first promotion."""


class InForce:
    """Answers for every moment of a replay, and remembers the settings of each version."""

    def __init__(self, settings: Settings) -> None:
        # A replay writes nothing: where nothing was ever trained, no tracking store is made either.
        self._registry = Registry.open(settings) if is_made(settings) else None
        self._promotions = self._registry.promotions(HOTSPOT) if self._registry else []
        self._settings: dict[str, SurgeConfig] = {RELEASE: settings.surge}

    def at(self, moment: datetime) -> tuple[SurgeConfig, str]:
        """Return the settings in force at an aware moment, and their version of `weisu-hotspot`."""
        version = in_force(self._promotions, moment) or RELEASE
        if version not in self._settings and self._registry:
            files = self._registry.bundle(self._registry.get(HOTSPOT, version))
            self._settings[version] = config_from_json(files["surge.json"].decode())
        return self._settings[version], version
