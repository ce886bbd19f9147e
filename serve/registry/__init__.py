"""Which model versions are in service, as the pipelines last said: the answer of `/v1/models/current`."""

from __future__ import annotations

from serve.registry.service import ModelInfo, current_models, model_in_service, record_model

__all__ = ["ModelInfo", "current_models", "model_in_service", "record_model"]
