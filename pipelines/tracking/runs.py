"""Training runs in MLflow: what went in, what came out, and the bundle itself."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from features.settings import Settings
from pipelines.tracking.mlflow_setup import experiment_id, mlflow_for
from pipelines.tracking.registry import CHECKSUMS, checksums

_SCRIPTS: Final = Path(__file__).parent
_PROCESS: Final = "weisu.process"
_REQUIRED: Final = ("lightgbm", "numpy", "pandas", "prophet", "scikit-learn", "scipy")


@dataclass(frozen=True)
class Tracker:
    """Writes runs to the MLflow store of one installation."""

    settings: Settings
    mlflow: ModuleType

    @classmethod
    def open(cls, settings: Settings) -> Tracker:
        """Connect to the tracking store, creating a local one on first use."""
        return cls(settings, mlflow_for(settings))

    @contextmanager
    def run(self, experiment: str, name: str, *, params: Mapping[str, Any], tags: Mapping[str, str]) -> Iterator[str]:
        """Open a run and yield its id; an exception marks it FAILED, a killed process is marked by the next run."""
        experiment_key = experiment_id(self.mlflow, self.settings, experiment)
        self._close_orphans(experiment_key)
        with self.mlflow.start_run(experiment_id=experiment_key, run_name=name) as active:
            own = {_PROCESS: f"{socket.gethostname()}:{os.getpid()}", "weisu.git_revision": git_revision()}
            self.mlflow.set_tags({**own, "weisu.version": version("weisu"), **tags})
            self.mlflow.log_params({key: _param(value) for key, value in params.items()})
            yield str(active.info.run_id)

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Log all metrics of the open run in one batch."""
        self.mlflow.log_metrics({key: float(value) for key, value in metrics.items()})

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags of the open run."""
        self.mlflow.set_tags(dict(tags))

    def log_text(self, text: str, name: str) -> None:
        """Attach a text artefact (model card, table, HTML) to the open run."""
        self.mlflow.log_text(text, name)

    def log_bundle(
        self, registered_name: str, script: str, files: Mapping[str, bytes], *, input_example: Any, output_example: Any
    ) -> str:
        """Log a bundle as an MLflow model-from-code and register it; return the version number.

        Args:
            registered_name: `weisu-demand` or `weisu-hotspot`.
            script: The model-from-code file beside this module; it restores the bundle from its artefacts.
            files: The bundle: relative path -> bytes, native third-party formats and JSON only.
            input_example: A small frame that the model accepts.
            output_example: What it returns for it; both make the signature.
        """
        from mlflow.models import infer_signature

        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder, "bundle")
            for name, content in {**files, CHECKSUMS: checksums(files)}.items():
                path = bundle / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            # MLflow prints what it registered; what matters is said by the command, and failures raise.
            with redirect_stderr(io.StringIO()):
                logged = self.mlflow.pyfunc.log_model(
                    name=registered_name,
                    python_model=str(_SCRIPTS / script),
                    artifacts={"bundle": str(bundle)},
                    signature=infer_signature(input_example, output_example),
                    input_example=input_example,
                    pip_requirements=[f"{name}=={version(name)}" for name in _REQUIRED],
                    registered_model_name=registered_name,
                )
        return str(logged.registered_model_version)

    def _close_orphans(self, experiment_key: str) -> None:
        client = self.mlflow.MlflowClient()
        for orphan in client.search_runs([experiment_key], "attributes.status = 'RUNNING'"):
            if not _alive(orphan.data.tags.get(_PROCESS, "")):
                client.set_terminated(orphan.info.run_id, "KILLED")


def git_revision() -> str:
    """Return the commit of the installed sources, `unknown` outside a checkout."""
    command = ["git", "-C", str(_SCRIPTS), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _param(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)[:6000]


def _alive(process: str) -> bool:
    """Say whether `host:pid` still runs; a process of another host is left alone."""
    host, _, pid = process.rpartition(":")
    if host != socket.gethostname():
        return bool(host)
    return Path("/proc", pid).exists()
