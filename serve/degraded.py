"""Why a run is degraded, in the reader's language: runs, logs and the API say it in English."""

from __future__ import annotations

import re
from typing import Final

_BETWEEN: Final = "; "
"""Joins the reasons of one run."""

_FALLBACK: Final = "same-week mean issued: "
_CHINESE: Final = (
    (r"stale feed: data through (.+), as of (.+)", r"数据停更：数据只到 \1，本次运行时点 \2"),
    (r"calendar falls back for (.+)", r"\1 年放假安排尚未收录，节假日为推算"),
    (r"(\S+) has no champion", r"尚无已启用的模型 \1"),
    (r"the files of (\S+) version (\S+) are not where the registry says", r"模型 \1 第 \2 版的文件不在登记的位置"),
    (r"the newer history has none of the cells that the model was fitted on", "新数据中没有模型训练时的任何事项与区县"),
    (r"the model's calendar ends before (.+)", r"模型所带日历不到 \1"),
    (r"(the forecast configuration has another schema|exported model of schema .+)", "模型文件的格式与本版本不符"),
    (r"the exported model has no .+", "模型文件不完整"),
    (r"the champion holds no weekly forecaster", "已启用的模型不含逐周预测"),
    (r"the champion holds no daily forecaster", "已启用的模型不含逐日预测"),
)


def say_degraded(reasons: str, language: str) -> str:
    """Return why a run is degraded; a reason without a translation stays as it is.

    Args:
        reasons: As the run keeps them, '' for none.
        language: `en`, or Chinese.

    >>> say_degraded("weisu-hotspot has no champion; calendar falls back for 2027, 2028", "zh-CN")
    '尚无已启用的模型 weisu-hotspot；2027、2028 年放假安排尚未收录，节假日为推算'
    """
    if language == "en" or not reasons:
        return reasons
    return "；".join(_chinese(reason) for reason in reasons.split(_BETWEEN))


def in_both(reasons: str) -> str:
    """Return why a run is degraded in Chinese with the English beside it, as reports say things."""
    chinese = say_degraded(reasons, "zh-CN")
    return chinese if chinese == reasons else f"{chinese}　{reasons}"


def _chinese(reason: str) -> str:
    if reason.startswith(_FALLBACK):
        return f"改用历年同周均值：{_chinese(reason.removeprefix(_FALLBACK))}"
    for pattern, said in _CHINESE:
        if match := re.fullmatch(pattern, reason):
            return match.expand(said).replace(", ", "、")
    return reason
