"""The surge detector's configuration as the JSON that is kept beside a trained bundle."""

from __future__ import annotations

import json
from typing import Final

from pydantic import ValidationError

from features.configuration import SurgeConfig
from features.configuration.refusals import refusals
from models.errors import ModelError

SCHEMA_VERSION: Final = 1


def config_to_json(config: SurgeConfig) -> str:
    """Return a configuration as a JSON document."""
    return json.dumps({"schema_version": SCHEMA_VERSION, **config.model_dump()}, indent=2)


def config_from_json(text: str) -> SurgeConfig:
    """Read a configuration written by `config_to_json`; what an earlier release did not write is as shipped.

    Raises:
        ModelError: The document has another schema version or unknown keys.
    """
    document = json.loads(text)
    version = document.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise ModelError(f"surge configuration has schema version {version}, this code reads {SCHEMA_VERSION}")
    try:
        return SurgeConfig(**document)
    except ValidationError as error:
        problem = refusals(error, SurgeConfig)[0]
        raise ModelError(f"surge configuration: {problem}", hint="retrain, or remove the unknown key") from error
