"""Land a batch: masked and hashed at the door, straight into the lake.

Nothing raw is written anywhere. The schedule's next sweep finds the commit in the lake and runs the recitable rules on
its tickets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from features.errors import PrivacyError, QuarantineError, WeisuError
from features.lake import Lake
from features.lake.caller_keys import key_for
from features.lake.ledger import mend
from features.mappings import Mapping as SourceMapping
from features.mappings import load_mapping, mapping_names
from features.settings import Settings
from features.sources.landing import KeyUsedError, Receipt, accept
from features.sources.staging import Privacy
from serve.errors import ConflictError, NotReadyError, UnprocessableError

_log = structlog.get_logger(__name__)


def land(
    settings: Settings, mapping: str, rows: Sequence[Mapping[str, Any]], *, idempotency_key: str | None, now: datetime
) -> Receipt:
    """Bring a batch into the lake, once.

    Args:
        settings: Where the lake lies, and the key of the caller hash.
        mapping: Name of a shipped mapping, or of one in the watched folder.
        rows: Tickets in the columns of the source.
        idempotency_key: The sender's name for the batch; its content when None.
        now: The present, aware: the arrival.

    Raises:
        UnprocessableError: There is no such mapping, or too many rows are bad.
        ConflictError: The key was used for other rows.
        NotReadyError: The key of the caller hash is not the one that the lake knows.
        BadInputError: The rows do not fit the mapping.
    """
    content = json.dumps(rows, ensure_ascii=False, sort_keys=True, default=str)
    name = idempotency_key or f"content:{hashlib.sha256(content.encode()).hexdigest()}"
    lake = Lake.of(settings)
    batch, own = [dict(row) for row in rows], _mapping(settings, mapping)
    mend(lake)
    try:
        privacy = Privacy.with_key(key_for(lake, settings))
    except PrivacyError as error:
        raise NotReadyError("caller_key", why=str(error.args[0])) from error
    lake.keep_own_channels(own.source, own.own_channels)
    try:
        return accept(lake, batch, own, idempotency_key=f"{mapping}:{name}", privacy=privacy, now=now)
    except KeyUsedError as error:
        raise ConflictError("batch_key_used", why=str(error.args[0])) from error
    except QuarantineError as error:
        raise UnprocessableError("batch_refused", why=str(error.args[0])) from error


def tidy(settings: Settings) -> int:
    """Remove what batches of a killed process left on their way into the lake, and return how many."""
    try:
        return Lake.of(settings).sweep()
    except (OSError, WeisuError) as error:
        # Pages and alerts are served without a lake that can be written.
        _log.warning("staging was not swept", reason=str(error))
        return 0


def _mapping(settings: Settings, name: str) -> SourceMapping:
    watched = settings.home / settings.schedule.incoming
    own = watched / name / "mapping.toml"
    if own.is_file():
        return load_mapping(own)
    if name not in mapping_names():
        names = sorted({*mapping_names(), *(path.parent.name for path in watched.glob("*/mapping.toml"))})
        raise UnprocessableError("no_mapping", mapping=name, mappings=names)
    return load_mapping(name)
