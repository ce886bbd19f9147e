"""An environment of its own for the libraries that a backtest sets beside ours: another Python, spoken to in files.

The present versions of statsforecast and mlforecast need pandas < 3 and weisu needs pandas 3, so that they cannot share
an environment. A fit is then a process of that other Python: arrays in, means out.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

import models.forecast.peers
from models.forecast.peers import Floats, fit_peer, installed_peers
from pipelines import peer_worker
from pipelines.errors import PeerError

HINT: Final = (
    "pip install statsforecast mlforecast here, or, for their present versions, an environment of their own: "
    "python3 -m venv peers; peers/bin/pip install statsforecast mlforecast lightgbm; "
    "weisu backtest --peers --peers-python peers/bin/python"
)
_LINES_OF_ERROR: Final = 3


@dataclass(frozen=True)
class PeerEnvironment:
    """Fits the libraries of another Python; called as `models.forecast.peers.fit_peer` is.

    Attributes:
        python: Its interpreter.
    """

    python: Path

    def __call__(self, name: str, **arrays: Any) -> Floats:
        """Fit one library to the cells.

        Raises:
            PeerError: The process failed; the message is the end of what it said.
        """
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "task.npz"), Path(folder, "mean.npy")
            np.savez(source, **arrays)
            self._run(name, str(source), str(target))
            return np.asarray(np.load(target))

    def installed(self) -> dict[str, str]:
        """Return the rivals whose library is there, with its name and version.

        Raises:
            PeerError: It is no Python with NumPy and pandas.
        """
        found: dict[str, str] = json.loads(self._run())
        return found

    def _run(self, *task: str) -> str:
        command = [str(self.python), "-I", peer_worker.__file__, models.forecast.peers.__file__, *task]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        except OSError as error:
            raise PeerError(f"{self.python} does not start: {error.strerror}", hint=HINT) from error
        if done.returncode:
            said = " / ".join(done.stderr.strip().splitlines()[-_LINES_OF_ERROR:])
            doing = f"fitting {task[0]}" if task else "asking for its libraries"
            hint = "leave it out by naming the others: --models weisu --models ..." if task else HINT
            raise PeerError(f"{self.python}, {doing}: {said or f'exit code {done.returncode}'}", hint=hint)
        return done.stdout


def peers_of(python: Path | None) -> tuple[Any, dict[str, str]]:
    """Return who fits the libraries, here or in another Python, and what is installed there.

    Raises:
        PeerError: The other Python does not start or lacks NumPy or pandas.
    """
    if python is None:
        return fit_peer, installed_peers()
    environment = PeerEnvironment(python)
    return environment, environment.installed()
