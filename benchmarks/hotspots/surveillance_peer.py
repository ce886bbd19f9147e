"""R's surveillance as the peer: runs `farringtonFlexible` with the improved settings and reads its answer."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SCRIPT: Final = """
suppressMessages(library(surveillance))
arguments <- commandArgs(trailingOnly = TRUE)
counts <- t(as.matrix(read.csv(arguments[1], header = FALSE)))
first <- as.integer(arguments[2]); alpha <- as.numeric(arguments[3])
panel <- sts(observed = counts, frequency = 52, start = c(2000, 1))
control <- list(range = first:nrow(counts), b = 5, w = 3, noPeriods = 10, reweight = TRUE, weightsThreshold = 2.58,
  pThresholdTrend = 1, pastWeeksNotIncluded = 26, thresholdMethod = "nbPlugin", alpha = alpha, limit54 = c(5, 4),
  glmWarnings = FALSE)
seconds <- system.time(result <- suppressWarnings(farringtonFlexible(panel, control)))[["elapsed"]]
write.csv(data.frame(series = rep(seq_len(ncol(counts)), each = nrow(result)), alarm = as.vector(alarms(result)),
  upper = as.vector(upperbound(result)), p_value = as.vector(result@control$pvalue)), arguments[4], row.names = FALSE)
cat(seconds)
"""


def available() -> bool:
    """Whether Rscript with the package surveillance is installed."""
    if shutil.which("Rscript") is None:
        return False
    check = ["Rscript", "-e", "quit(status = !requireNamespace('surveillance', quietly = TRUE))"]
    return subprocess.run(check, capture_output=True, check=False).returncode == 0


def farrington_r(counts: Floats, first: int, alpha: float = 0.05) -> tuple[pd.DataFrame, float]:
    """Run farringtonFlexible on `counts` (S x T weeks) from column `first` on.

    Returns:
        One row per series and judged week, series by series: series, alarm, upper, p_value; and R's seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        script, table, answer = (Path(folder) / name for name in ("peer.R", "counts.csv", "answer.csv"))
        script.write_text(_SCRIPT, encoding="utf-8")
        np.savetxt(table, counts, fmt="%d", delimiter=",")
        command = ["Rscript", str(script), str(table), str(first + 1), str(alpha), str(answer)]
        begin = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds = float(done.stdout.split()[-1]) if done.stdout.split() else time.perf_counter() - begin
        return pd.read_csv(answer), seconds
