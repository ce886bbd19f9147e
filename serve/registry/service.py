"""Keep one row per registered model and alias. MLflow is the registry; this is what the API can say without it."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.store import Store
from serve.store.tables import ModelVersion


class ModelInfo(BaseModel):
    """One model version in service under an alias."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    name: str
    alias: str = "champion"
    version: str
    run_id: str = ""
    as_of: AwareDatetime | None = None
    trained_at: AwareDatetime
    promoted_at: AwareDatetime
    snapshot: int | None = None
    taxonomy_version: str = ""
    calendar_version: str = ""
    metrics: dict[str, Any] = {}
    reason: str = ""


def record_model(store: Store, model: ModelInfo) -> None:
    """Say that this version now holds its alias; whatever held it before no longer does."""
    with store.session() as session:
        session.merge(ModelVersion(**model.model_dump()))


def model_in_service(session: Session, name: str) -> ModelInfo | None:
    """Return the champion of one registered model, None without one."""
    return next((model for model in current_models(session) if model.name == name), None)


def current_models(session: Session, *, alias: str = "champion") -> list[ModelInfo]:
    """Return the versions that hold an alias, by model name."""
    rows = session.scalars(select(ModelVersion).where(ModelVersion.alias == alias).order_by(ModelVersion.name))
    return [ModelInfo.model_validate(row) for row in rows]
