"""One configuration: `weisu.toml` and `WEISU_*` variables, read once and passed down.

Environment variables win over the file, the file over the defaults. `Settings` is the register of all sections: each is
a class of `features.configuration`, parsed and checked once, and what is not declared there is refused by name.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import SecretStr, ValidationError, field_validator

from features.configuration import (
    AlertPolicy,
    BoundsConfig,
    CalendarConfig,
    CandidateConfig,
    ConfigPart,
    DeliveryConfig,
    DetectConfig,
    ForecastConfig,
    NamesConfig,
    Period,
    PrivacyConfig,
    QualityConfig,
    RequestsConfig,
    RuleConfig,
    ScanConfig,
    ScheduleConfig,
    SeasonConfig,
    SourceConfig,
    SurgeConfig,
    TaxonomyConfig,
    TextConfig,
    TrainConfig,
    WeatherConfig,
    key,
)
from features.configuration.reading import PREFIX, from_environment, read_toml
from features.configuration.refusals import refusals
from features.durable import write_new
from features.errors import BadInputError, PrivacyError, WeakKeyError
from features.foreign_paths import sqlite_url

CONFIG_FILE: Final = "weisu.toml"
CALLER_KEYS: Final = "caller_keys.json"
"""File of a lake that names, by their ids, the keys under which its callers are hashed."""
LEAST_KEY_BYTES: Final = 8
_KEPT_KEY: Final = re.compile(rb"[0-9a-f]{64}")
_OWN_KEY: Final = "set it to a random text, e.g. of `openssl rand -hex 32`"
_BRING_BACK: Final = "bring it back from a backup (`weisu restore FILE`)"


class Settings(ConfigPart):
    """Everything that differs between two installations: the keys, then the sections of `weisu.toml`."""

    home: Path = Path("var")
    """Folder of lake, store and state; `--home` wins."""
    timezone: str = "Asia/Shanghai"
    """IANA zone of the hotline; weeks and days are civil time in it."""
    country: str = "CN"
    """Calendar of holidays, as an ISO 3166 code (`CN`, `US`, `DE-BW`)."""
    language: Literal["zh-CN", "en"] = "zh-CN"
    """What officials read first."""
    database_url: str = ""
    """SQLAlchemy URL of the operational store, SQLite under `home` when empty; `postgresql+psycopg://...` works too."""
    lake_folder: Path | None = key(None, example="var/lake")
    """Folder of the ticket lake, on a local disk; `home/lake` when not set."""
    tracking_uri: str = ""
    """MLflow tracking store and registry; SQLite under `mlruns` when empty."""
    mlruns: Path = Path("mlruns")
    """Folder of the MLflow database and artefacts."""
    hmac_key: SecretStr = SecretStr("")
    """Key of the caller hash and of signed links; made once and kept in `home/hmac.key` when empty."""

    alerts: AlertPolicy = AlertPolicy()
    """Levels, clocks, ladder, budget and gaps of alerts; docs/alerts.md."""
    bounds: BoundsConfig = BoundsConfig()
    """How much of a foreign file, answer or request is read; docs/ingest.md."""
    calendar: CalendarConfig = CalendarConfig()
    """Days off and events that the calendar libraries do not know; docs/calendar.md."""
    candidates: CandidateConfig = CandidateConfig()
    """One ranked list out of all detectors' signals; docs/candidates.md."""
    delivery: DeliveryConfig = DeliveryConfig()
    """Messages: sender, links, patience, targets; docs/delivery.md."""
    detect: DetectConfig = DetectConfig()
    """Which detectors run, on how much history; docs/hotspots.md."""
    forecast: ForecastConfig = ForecastConfig()
    """What was tuned in the forecaster, for data scientists; docs/forecasting.md."""
    names: NamesConfig = NamesConfig()
    """What the whole area and its parts are called; docs/pages.md."""
    privacy: PrivacyConfig = PrivacyConfig()
    """Keys of the caller hash; docs/privacy.md."""
    quality: QualityConfig = QualityConfig()
    """What the quality report calls unusual; docs/quality.md."""
    requests: RequestsConfig = RequestsConfig()
    """How patiently `weisu serve` waits for a request, and how many it answers at once; docs/api.md."""
    retention: dict[str, Period] = key({}, example={"SOURCE": "5y"})
    """How long the tickets of each source are kept, by source: 90d, 18m, 5y; docs/lake.md."""
    rules: RuleConfig = RuleConfig()
    """The recitable rules; docs/candidates.md."""
    scan: ScanConfig = ScanConfig()
    """The space-time scan; docs/candidates.md."""
    schedule: ScheduleConfig = ScheduleConfig()
    """The watched folder and the jobs; docs/schedule.md."""
    seasons: SeasonConfig = SeasonConfig()
    """The calendar of returning problems; docs/candidates.md."""
    sources: dict[str, SourceConfig] = key({})
    """What is needed to read single sources, by source; docs/ingest.md."""
    surge: SurgeConfig = SurgeConfig()
    """What was tuned in the surge detector, for data scientists; docs/hotspots.md."""
    taxonomy: TaxonomyConfig = TaxonomyConfig()
    """Labels in force, and precedence between sources; docs/taxonomy.md."""
    text: TextConfig = TextConfig()
    """Groups of texts with one cause; docs/candidates.md."""
    train: TrainConfig = TrainConfig()
    """What a training fits and how it is measured; docs/forecasting.md."""
    weather: WeatherConfig = WeatherConfig()
    """The weather file; docs/calendar.md."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}; use an IANA name such as Asia/Shanghai") from error
        return value

    @field_validator("lake_folder", mode="before")
    @classmethod
    def _no_address(cls, value: Any) -> Any:
        if "://" in str(value or ""):
            raise ValueError(f"{value} is an address, and the lake needs a folder on a local disk")
        return value or None

    @property
    def zone(self) -> ZoneInfo:
        """The hotline's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the operational store."""
        return self.database_url or sqlite_url(self.home.resolve() / "weisu.db")

    @property
    def lake_path(self) -> str:
        """Path of the ticket lake's folder."""
        return str(self.lake_folder or self.home.resolve() / "lake")

    @property
    def erasure_list(self) -> Path:
        """The list of erasures, outside of the home: a restored backup must forget again what it names."""
        home = self.home.resolve()
        return self.privacy.erasure_list or home.with_name(f"{home.name}.erasures.jsonl")

    @property
    def mlflow_uri(self) -> str:
        """URI of the MLflow tracking store."""
        return self.tracking_uri or sqlite_url(self.mlruns.resolve() / "mlflow.db")

    def changed(self, **tables: Any) -> Self:
        """Return a copy with other keys or sections, validated: `settings.changed(alerts={"weekly_budget": 3})`."""
        present = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**{**present, **tables})

    def secret_key(self) -> bytes:
        """Return the HMAC key; the first call of a new installation without a configured one makes and keeps it.

        Raises:
            PrivacyError: It is too short, damaged, or gone while the lake knows callers by it.
        """
        found = self.found_secret()
        return _new_secret(self.key_file) if found is None else found

    @property
    def key_file(self) -> Path:
        """Where the key lies that is not configured."""
        return self.home / "hmac.key"

    def found_secret(self) -> bytes | None:
        """Return the HMAC key, None where there is none yet; errors as for `secret_key`."""
        configured = self.hmac_key.get_secret_value().encode()
        if configured:
            if len(configured) < LEAST_KEY_BYTES:
                raise WeakKeyError(f"hmac_key has fewer than {LEAST_KEY_BYTES} bytes", hint=_OWN_KEY)
            return configured
        try:
            kept = self.key_file.read_bytes().strip()
        except FileNotFoundError:
            _refuse_lost_key(self)
            return None
        if not _KEPT_KEY.fullmatch(kept):
            raise PrivacyError(
                f"{self.key_file} is damaged: {len(kept)} characters instead of the 64 that were written",
                hint=f"{_BRING_BACK}; a key of your own goes into hmac_key",
            )
        return kept


PLAIN_KEYS: Final = tuple(
    name for name, field in Settings.model_fields.items() if not isinstance(field.default, ConfigPart | dict)
)
"""Keys outside of any section; `WEISU_NAME` sets each of them."""


def _new_secret(path: Path) -> bytes:
    # Whole and on the disk before anybody is hashed with it: half a key makes a stranger of every caller.
    with suppress(FileExistsError):
        write_new(path, secrets.token_hex(32).encode(), mode=0o600)
    return path.read_bytes().strip()


def _refuse_lost_key(settings: Settings) -> None:
    """A key that is made anew where one was lost makes strangers of all callers, and an erasure would miss them."""
    lake = Path(settings.lake_path)
    try:
        known = json.loads((lake / CALLER_KEYS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # A lake of a release that did not note its keys: whoever loaded tickets had one.
        known = (lake / "tickets" / "_delta_log" / f"{1:020}.json").exists()
    if known:
        raise PrivacyError(
            f"there is no {settings.key_file}, and the callers in {lake} are hashed under a key",
            hint=f"{_BRING_BACK}, or set hmac_key (WEISU_HMAC_KEY); if it is lost for good, set a new one and name "
            "the old one's id in [privacy] retired_key_ids",
        )


@dataclass(frozen=True)
class LoadedSettings:
    """A configuration, and where it was found.

    Attributes:
        settings: What is in force.
        path: The file; None when there is none.
        in_file: The file's keys and tables.
        variables: Keys that `WEISU_*` variables set.
        flags: Keys that flags of the command set.
    """

    settings: Settings
    path: Path | None
    in_file: Mapping[str, Any]
    variables: Collection[str]
    flags: Collection[str]


def load_settings(
    *,
    config: Path | None = None,
    home: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Read the configuration.

    Args:
        config: The TOML file; `WEISU_CONFIG` or `weisu.toml` in the working folder when None (may be absent).
        home: Overrides the folder of lake, store and state.
        environ: Where `WEISU_*` variables are looked up; one that sets nothing is warned of.

    Raises:
        BadInputError: The file is named and missing, is not TOML, or holds an unknown section or key, or a bad value.
    """
    return load_configuration(config=config, home=home, environ=environ).settings


def load_configuration(
    *,
    config: Path | None = None,
    home: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> LoadedSettings:
    """Read the configuration and tell where each key comes from; see `load_settings`."""
    path = config or Path(environ.get(f"{PREFIX}CONFIG") or CONFIG_FILE)
    if not path.exists() and (config is not None or environ.get(f"{PREFIX}CONFIG")):
        raise BadInputError(f"no configuration file at {path}", hint="`weisu init` writes one; or unset WEISU_CONFIG")
    in_file = read_toml(path) if path.exists() else {}
    variables = from_environment(environ, PLAIN_KEYS)
    flags = {} if home is None or str(home) == variables.get("home") else {"home": home}
    try:
        settings = Settings(**{**in_file, **variables, **flags})
    except ValidationError as error:
        problems = "; ".join(refusals(error, Settings))
        raise BadInputError(
            f"configuration {path}: {problems}", hint="`weisu config show` prints every section and key"
        ) from error
    return LoadedSettings(settings, path if path.exists() else None, in_file, tuple(variables), tuple(flags))
