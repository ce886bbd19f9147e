"""Work orders as a 12345 platform exports them: the Arrow columns of a chunk of tickets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.simulator.catalogue import CityCatalogue
from features.simulator.dirt.default_points import coordinates
from features.simulator.draws import NEVER, Draws
from features.simulator.plan import Plan

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_WORD: Final = pa.dictionary(pa.int32(), pa.string())
_MOMENT: Final = pa.timestamp("s")

SCHEMA: Final = pa.schema(
    [
        ("工单编号", pa.string()),
        ("受理时间", _MOMENT),
        ("更新时间", _MOMENT),
        ("来源渠道", _WORD),
        ("诉求类型", _WORD),
        ("一级事项编码", _WORD),
        ("一级事项", _WORD),
        ("二级事项编码", _WORD),
        ("二级事项", _WORD),
        ("三级事项编码", _WORD),
        ("三级事项", _WORD),
        ("区县", _WORD),
        ("街道", _WORD),
        ("诉求地址", pa.string()),
        ("经度", pa.float64()),
        ("纬度", pa.float64()),
        ("承办单位", _WORD),
        ("状态", _WORD),
        ("签收时间", _MOMENT),
        ("办结时间", _MOMENT),
        ("是否重复", _WORD),
        ("满意度", _WORD),
        ("诉求标题", pa.string()),
        ("诉求内容", pa.string()),
        ("来电人", pa.string()),
    ]
)
"""Columns of the export; moments are naive local civil time, 更新时间 is since when this version was known."""

STATUSES: Final = ("待签收", "处理中", "已办结")
_SATISFACTION: Final = ("满意", "基本满意", "不满意")
_YES_NO: Final = ("否", "是")
_NO_LEAF_DEPARTMENT: Final = "政务服务中心"
_METRE: Final = 1 / 111_000
_SCATTER_METRES: Final = 120.0


@dataclass(frozen=True)
class Versions:
    """Which rows are written: of which ticket, known since when, and showing what had happened until when."""

    ticket: Ints
    known_at: Ints
    seen_until: Ints


def corrected_versions(drawn: Draws) -> Versions:
    """One row per ticket, and one more where its category was corrected; the first shows nothing later than that."""
    corrected = np.flatnonzero(drawn.corrected_at != NEVER)
    return Versions(
        ticket=np.concatenate([np.arange(len(drawn)), corrected]),
        known_at=np.concatenate([drawn.arrived, drawn.corrected_at[corrected]]),
        seen_until=np.concatenate([drawn.corrected_at - 1, np.full(len(corrected), NEVER - 1)]),
    )


def all_versions(drawn: Draws) -> Versions:
    """A row at every change, in order of the changes: arrived, signed, closed, corrected."""
    moments = [drawn.arrived, drawn.signed, drawn.closed, drawn.corrected_at]
    happened = [np.flatnonzero(moment != NEVER) for moment in moments]
    ticket = np.concatenate(happened)
    known_at = np.concatenate([moment[at] for moment, at in zip(moments, happened, strict=True)])
    order = np.lexsort((ticket, known_at))
    return Versions(ticket[order], known_at[order], known_at[order])


def work_orders(
    plan: Plan, drawn: Draws, words: dict[str, Any], versions: Versions, rng: np.random.Generator
) -> pa.RecordBatch:
    """Return the rows of `versions` with all columns of `SCHEMA`."""
    at, seen = versions.ticket, versions.seen_until
    as_is = len(at) == len(drawn) and bool((at == np.arange(len(drawn))).all())

    def repeated(column: Any) -> Any:
        return column if as_is else column.take(pa.array(at))

    shown = drawn if as_is else drawn.keep(at)
    label = np.where(shown.corrected_at <= seen, shown.leaf, shown.first_label)
    signed, closed = shown.signed <= seen, shown.closed <= seen
    lat, lon = _points(plan, drawn, rng)
    columns: dict[str, Any] = {
        "工单编号": repeated(_ticket_ids(drawn)),
        "受理时间": _moments(shown.opened),
        "更新时间": _moments(versions.known_at),
        "来源渠道": _words(shown.channel, plan.shown.channels["names"]),
        "诉求类型": _words(shown.request_type, plan.shown.request_types),
        **_labels(plan.shown, label),
        "区县": _words(shown.district, [d.name for d in plan.shown.districts], shown.district_known),
        "街道": _words(plan.places.street[shown.place], plan.places.street_names, shown.district_known),
        "诉求地址": repeated(words["address"]),
        "经度": repeated(lon),
        "纬度": repeated(lat),
        "承办单位": _departments(plan.shown, label, shown.district),
        "状态": _words(signed.astype(np.int64) + closed, STATUSES),
        "签收时间": _moments(shown.signed, signed),
        "办结时间": _moments(shown.closed, closed),
        "是否重复": _words(shown.repeated.astype(np.int64), _YES_NO),
        "满意度": _words(shown.satisfaction, _SATISFACTION, closed & (shown.satisfaction >= 0)),
        "诉求标题": repeated(words["title"]),
        "诉求内容": repeated(words["text"]),
        "来电人": repeated(words["phone"]),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def ticket_ids(opened: Ints, serial: Ints) -> Any:
    """Return the ids, `SIM`, the day and the number within the day."""
    days = opened.astype("datetime64[s]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    month_number = months.astype(np.int64)
    number = (1970 + month_number // 12) * 10_000 + (month_number % 12 + 1) * 100 + (days - months).astype(np.int64) + 1
    return pc.binary_join_element_wise("SIM", pc.cast(pa.array(number * 10_000_000 + serial), pa.string()), "")


def _ticket_ids(drawn: Draws) -> Any:
    return ticket_ids(drawn.opened, drawn.serial)


def _words(index: Ints, names: Sequence[str], valid: Bools | None = None) -> Any:
    """Return a dictionary column; entries that are not valid are null."""
    mask = None if valid is None else ~valid
    safe = index if valid is None else np.where(valid, index, 0)
    codes = pa.array(safe.astype(np.int32), mask=mask)
    return pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string()))


def _moments(seconds: Ints, valid: Bools | None = None) -> Any:
    if valid is None:
        return pa.array(seconds.astype("datetime64[s]"))
    return pa.array(np.where(valid, seconds, 0).astype("datetime64[s]"), mask=~valid)


def _labels(city: CityCatalogue, label: Ints) -> dict[str, Any]:
    """Return codes and names of the three levels; null where the operator chose none."""
    fields: dict[str, Callable[[Any], str]] = {
        "一级事项编码": lambda leaf: leaf.class_code,
        "一级事项": lambda leaf: leaf.class_name,
        "二级事项编码": lambda leaf: leaf.item_code,
        "二级事项": lambda leaf: leaf.item_name,
        "三级事项编码": lambda leaf: leaf.code,
        "三级事项": lambda leaf: leaf.name,
    }
    columns = {}
    for name, field in fields.items():
        distinct = list(dict.fromkeys(map(field, city.leaves)))
        position = np.array([distinct.index(field(leaf)) for leaf in city.leaves])
        columns[name] = _words(position[label], distinct, label >= 0)
    return columns


def _departments(city: CityCatalogue, label: Ints, district: Ints) -> Any:
    bureaus = list(dict.fromkeys([_NO_LEAF_DEPARTMENT, *(leaf.department for leaf in city.leaves)]))
    bureau = np.array([bureaus.index(leaf.department) for leaf in city.leaves])
    index = district * len(bureaus) + np.where(label >= 0, bureau[label], 0)
    return _words(index, [d.name + name for d in city.districts for name in bureaus])


def _points(plan: Plan, drawn: Draws, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return latitude and longitude, scattered around the place by about a hundred metres; null where not located.

    Default points are exact.
    """
    missing = ~(drawn.located & drawn.district_known) & (drawn.point < 0)
    scatter = rng.normal(0, _SCATTER_METRES * _METRE, (2, len(drawn)))
    default = coordinates(plan.city)[drawn.point]
    lat = np.where(drawn.point < 0, np.round(plan.places.lat[drawn.place] + scatter[0], 6), default[:, 0])
    lon = np.where(drawn.point < 0, np.round(plan.places.lon[drawn.place] + scatter[1], 6), default[:, 1])
    return pa.array(lat, mask=missing), pa.array(lon, mask=missing)
