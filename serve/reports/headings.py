"""The words of a report: Chinese first, English beside it."""

from __future__ import annotations

from typing import Final

from features.vocabulary import AlertLevel
from serve.alerts.levels import LEVEL_WORDS

LEVEL: Final = {
    "total": "全市 Total",
    "district": "区县 District",
    "department": "承办单位 Department",
    "category1": "一级事项 Class",
    "category2": "二级事项 Item",
    "category": "三级事项 Leaf",
    "category1_district": "一级事项×区县",
    "cell": "三级事项×区县 Cell",
}
ALERT_LEVEL: Final = {level: f"{LEVEL_WORDS['zh-CN'][level]} {LEVEL_WORDS['en'][level]}" for level in AlertLevel}
WHY: Final = {
    "unanswered": "逾期未签收 not acknowledged",
    "late": "逾期未办结 not handled",
    "dismissed": "多次判误报 dismissed again",
}
BASE: Final = {
    "weisu": "模型 Model",
    "same_week_mean": "历年同周均值 Same-week mean",
    "seasonal_naive": "去年同周 Same week last year",
}
"""Base forecast of a row -> how a planner calls it."""

COLUMN: Final = {
    "level": "层级 Level",
    "unique_id": "序列号 unique_id",
    "category1": "一级事项",
    "category2": "二级事项",
    "category": "三级事项",
    "district": "区县 District",
    "department": "承办单位 Department",
    "ds": "周一 Week of",
    "periods": "合计周数 Weeks",
    "p10": "低值 p10",
    "p50": "中位 p50",
    "p90": "高值 p90",
    "mean": "均值 Mean",
    "last_year": "去年同周 Last year",
    "change_on_last_year": "较去年 Change",
    "last_week": "上周实际 Last week",
    "base_model": "预测依据 Base",
    "override": "人工修正 Override",
    "reason": "修正理由 Reason",
}
"""Column of the forecast table -> its heading, the same in XLSX and CSV."""
