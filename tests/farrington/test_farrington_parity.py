"""The parity mode against R's surveillance: a golden answer everywhere, R itself where it is installed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.errors import PanelContractError

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "hotspots"))

from farrington import FarringtonConfig, farrington_flexible

GOLDEN = json.loads((Path(__file__).parent / "golden_farrington.json").read_text(encoding="utf-8"))
WEEKS = pd.date_range("2004-01-05", periods=624, freq="7D")
FIRST = 575
CONFIG = FarringtonConfig(alpha=0.01)


def long(counts) -> pd.DataFrame:
    rows = [pd.DataFrame({"unique_id": f"s{i:04d}", "ds": WEEKS, "y": row}) for i, row in enumerate(counts)]
    return pd.concat(rows, ignore_index=True)


def test_alarms_thresholds_and_p_values_are_those_of_r():
    rows = farrington_flexible(long(GOLDEN["counts"]), start=WEEKS[FIRST], config=CONFIG)
    np.testing.assert_array_equal(rows["alarm"], np.array(GOLDEN["alarm"], dtype=bool))
    np.testing.assert_array_equal(rows["upper"], np.array(GOLDEN["upper"], dtype=float))
    np.testing.assert_allclose(rows["p_value"], GOLDEN["p_value"], atol=1e-4)


def test_later_weeks_never_change_an_earlier_verdict():
    counts = np.array(GOLDEN["counts"])[:2]
    altered = counts.copy()
    altered[:, 600:] += 50
    before, after = (
        farrington_flexible(long(c), start=WEEKS[FIRST], config=CONFIG).query("ds < '2015-07-06'")
        for c in (counts, altered)
    )
    pd.testing.assert_frame_equal(before, after)


def test_too_little_history_is_refused():
    with pytest.raises(PanelContractError, match="Farrington needs 263"):
        farrington_flexible(long(GOLDEN["counts"][:1]), start=WEEKS[200])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_the_oracle_itself_agrees_in_999_weeks_of_1000():
    folder = Path(__file__).parents[2] / "benchmarks" / "hotspots"
    command = [sys.executable, str(folder / "weekly.py"), "--repetitions", "1", "--peer-series", "42", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    parity = json.loads(done.stdout)["parity"]
    assert parity["weeks"] == 42 * 49
    assert parity["agreement"] >= 0.999
