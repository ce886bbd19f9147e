"""One configuration: `weisu.toml` and `WEISU_*` variables, read once and passed down.

Environment variables win over the file, the file over the defaults. A section that belongs to one part of the
system (`[delivery]`, `[schedule]`, ...) is handed out raw by `Settings.section` and validated by that part.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_validator

from features.errors import BadInputError

CONFIG_FILE = "weisu.toml"
_PREFIX = "WEISU_"


class Settings(BaseModel):
    """Everything that differs between two installations.

    Attributes:
        home: Folder of lake, store and state (`--home`, `WEISU_HOME`); git-ignored `var/` by default.
        timezone: IANA zone of the hotline; `ds` is naive civil time in this zone.
        country: Calendar, as an ISO 3166 code (`CN`, `US`, `DE`, ...).
        language: `zh-CN` or `en`: what officials read first.
        database_url: SQLAlchemy URL of the operational store; SQLite under `home` when empty.
        lake_url: Path or object-store URL of the Delta table; under `home` when empty.
        tracking_uri: MLflow tracking store; `sqlite:///<mlruns>/mlflow.db` when empty.
        mlruns: Folder of the MLflow database and artefacts.
        hmac_key: Key of the caller hash; made and kept in `home/hmac.key` when empty.
        sections: The tables of `weisu.toml`, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Path("var")
    timezone: str = "Asia/Shanghai"
    country: str = "CN"
    language: str = "zh-CN"
    database_url: str = ""
    lake_url: str = ""
    tracking_uri: str = ""
    mlruns: Path = Path("mlruns")
    hmac_key: SecretStr = SecretStr("")
    sections: dict[str, dict[str, Any]] = {}

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}; use an IANA name such as Asia/Shanghai") from error
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The hotline's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the operational store."""
        return self.database_url or f"sqlite:///{self.home.resolve() / 'weisu.db'}"

    @property
    def lake_path(self) -> str:
        """Path or URL of the ticket lake's Delta table."""
        return self.lake_url or str(self.home.resolve() / "lake")

    @property
    def mlflow_uri(self) -> str:
        """URI of the MLflow tracking store."""
        return self.tracking_uri or f"sqlite:///{self.mlruns.resolve() / 'mlflow.db'}"

    def section(self, name: str) -> dict[str, Any]:
        """Return the raw table `[name]` of the configuration file, empty when absent."""
        return dict(self.sections.get(name, {}))

    def secret_key(self) -> bytes:
        """Return the HMAC key; the first call without a configured one makes it and keeps it under `home`."""
        configured = self.hmac_key.get_secret_value()
        return configured.encode() if configured else _kept_secret(self.home / "hmac.key")


def _kept_secret(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes().strip()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_hex(32).encode())
    return path.read_bytes()


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
        environ: Where `WEISU_*` variables are looked up.

    Raises:
        BadInputError: The file is named and missing, is not TOML, or holds an unknown key or a bad value.
    """
    path = config or Path(environ.get(f"{_PREFIX}CONFIG", CONFIG_FILE))
    values = _read_toml(path, required=config is not None or f"{_PREFIX}CONFIG" in environ)
    sections = {key: value for key, value in values.items() if isinstance(value, dict)}
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    for name in Settings.model_fields:
        if name != "sections" and (value := environ.get(f"{_PREFIX}{name.upper()}")):
            plain[name] = value
    if home is not None:
        plain["home"] = home
    try:
        return Settings(**plain, sections=sections)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInputError(
            f"configuration {path}: {problems}", hint="docs/configuration.md lists every key"
        ) from error


def _read_toml(path: Path, *, required: bool) -> dict[str, Any]:
    if not path.exists():
        if required:
            raise BadInputError(f"no configuration file at {path}", hint="create it, or unset WEISU_CONFIG")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadInputError(f"configuration {path} is not valid TOML: {error}") from error
