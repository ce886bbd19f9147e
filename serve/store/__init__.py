"""The operational store: engine, tables by area, and the migrations that travel inside the package."""

from __future__ import annotations

from serve.store.engine import Store

__all__ = ["Store"]
