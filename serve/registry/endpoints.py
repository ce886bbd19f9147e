"""`/v1/models/current`: which versions speak at the moment."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from serve.access import CallerDep
from serve.problems import problems
from serve.registry.service import ModelInfo, current_models
from serve.wiring import StoreDep

router = APIRouter(prefix="/v1/models", tags=["models"], responses=problems(401))

EXAMPLE: dict[str, Any] = {
    "schema_version": 1,
    "items": [
        {
            "name": "weisu-demand",
            "alias": "champion",
            "version": "7",
            "run_id": "3f6e0c",
            "as_of": "2026-11-23T00:00:00Z",
            "trained_at": "2026-11-23T00:12:00Z",
            "promoted_at": "2026-11-23T00:14:00Z",
            "snapshot": 412,
            "taxonomy_version": "sha256:9c1e",
            "calendar_version": "CN-2026.1",
            "metrics": {"wape/total": 0.041, "wape/cell": 0.38},
            "reason": "better than the champion on the same 8 folds",
        }
    ],
}


class CurrentModels(BaseModel):
    """The model versions in service."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    schema_version: int = 1
    items: list[ModelInfo]


@router.get("/current", summary="The model versions in service")
def read_current_models(store: StoreDep, _caller: CallerDep) -> CurrentModels:
    """Return the champion of every registered model, with its training cut-off and metrics."""
    with store.reading() as session:
        return CurrentModels(items=current_models(session))
