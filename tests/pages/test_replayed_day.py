"""Five hours of the simulated city at 120x, through the real processes, with people who answer in a browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOW = ROOT / "benchmarks" / "show" / "run.py"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.skipif(not os.environ.get("WEISU_SHOW"), reason="set WEISU_SHOW=1: real clocks, about ten minutes")
@pytest.mark.skipif(not Path("/usr/bin/chromium").exists(), reason="no Chromium at /usr/bin/chromium")
def test_five_replayed_hours_tell_the_whole_story(tmp_path):
    pytest.importorskip("playwright")
    arguments = [
        "--speed",
        "120",
        "--begin",
        "8",
        "--hours",
        "5",
        "--patience",
        "900",
        "--shots",
        str(tmp_path / "shots"),
    ]
    ran = subprocess.run(
        [sys.executable, str(SHOW), *arguments],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=3000, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-4000:]
    told = json.loads(ran.stdout)
    assert told["simulated"] is True
    assert all(told["messages"][program] for program in ("wecom", "dingtalk", "feishu"))
    assert told["escalated"] == ["再次提醒承办单位", "提醒值班台", "报督办"]
    assert told["dead_letters"] == 0
    assert {path.stem for path in (tmp_path / "shots").iterdir()} >= {"phone-alert", "phone-dismiss", "supervision"}
