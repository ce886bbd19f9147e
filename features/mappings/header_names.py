"""What hotlines and reporters call their columns, and how much a column is called like a field.

Of several columns that fit a field, the one whose name stands earlier in the list comes first.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

HEADER_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "ticket_id": (
        "工单编号",
        "工单号",
        "流水号",
        "编号",
        "单号",
        "id",
        "ticket_id",
        "unique_key",
        "service_request_id",
        "case_enquiry_id",
        "case_number",
        "reference",
        "request_number",
        "request_no",
        "ticket_number",
        "nummer",
        "number",
    ),
    "opened_at": (
        "受理时间",
        "来电时间",
        "创建时间",
        "登记时间",
        "留言时间",
        "提交时间",
        "受理日期",
        "created",
        "created_date",
        "requested_datetime",
        "open_dt",
        "opened",
        "created_at",
        "submitted",
        "received",
        "reported",
        "eingang",
        "erstellt",
    ),
    "updated_at": (
        "更新时间",
        "修改时间",
        "updated",
        "updated_datetime",
        "resolution_action_updated_date",
        "modified",
        "geändert",
    ),
    "closed_at": (
        "办结时间",
        "结案时间",
        "完成时间",
        "办结日期",
        "closed",
        "closed_date",
        "closed_dt",
        "resolved",
        "completed",
        "erledigt",
    ),
    "category1": ("一级事项", "一级分类", "一级标签", "subject"),
    "category2": ("二级事项", "二级分类", "二级标签", "reason"),
    "category": (
        "三级事项",
        "category",
        "三级分类",
        "三级标签",
        "事项",
        "分类",
        "类别",
        "complaint_type",
        "service_name",
        "issue_type",
        "problem",
        "kategorie",
        "type",
    ),
    "category_code": ("三级事项编码", "事项编码", "service_code", "code"),
    "district": (
        "区县",
        "市县",
        "行政区",
        "区域",
        "辖区",
        "district",
        "neighborhood",
        "borough",
        "ward",
        "office",
        "bezirk",
        "stadtteil",
    ),
    "street": ("街道", "乡镇", "street", "community_area", "community_board"),
    "department": (
        "承办单位",
        "责任单位",
        "主办单位",
        "处置部门",
        "部门",
        "department",
        "agency",
        "agency_responsible",
        "zuständig",
    ),
    "channel": ("来源渠道", "渠道", "来源", "channel", "source", "open_data_channel_type"),
    "request_type": ("诉求类型", "工单类型", "request_type"),
    "status": ("状态", "工单状态", "status", "case_status"),
    "caller": (
        "来电人",
        "来电号码",
        "联系电话",
        "电话",
        "手机",
        "caller",
        "phone",
        "留言用户",
        "anrufer",
        "telefon",
    ),
    "title": ("诉求标题", "标题", "留言主题", "主题", "title", "subcategory", "descriptor", "betreff"),
    "text": ("诉求内容", "内容", "留言详情", "描述", "description", "text", "notes", "beschreibung"),
    "address": ("诉求地址", "地址", "address", "incident_address", "adresse"),
    "lat": ("纬度", "lat", "latitude"),
    "lon": ("经度", "lon", "lng", "long", "longitude"),
    "is_repeat": ("是否重复", "is_repeat", "duplicate"),
    "satisfaction": ("满意度", "satisfaction"),
}

_OF_OTHER_THINGS: Final = {
    "category_code": {
        "zip", "zipcode", "postal", "postcode", "post", "plz", "school", "area", "country", "county", "phone", "state",
        "city", "region", "district", "borough", "street", "agency", "department", "dept", "status", "ward", "source",
        "location", "building", "facility", "channel", "priority", "resolution", "zips",
    },
    "caller": {"school", "agency", "office", "department", "dept", "handler", "staff", "fax", "facility", "park"},
}  # fmt: skip
"""Words that make a column the code or the telephone of something else."""
_OF_OTHER_CHINESE: Final = {
    "category_code": ("邮政", "邮编", "区划", "学校", "区号", "单位", "街道", "部门"),
    "caller": ("学校", "单位", "部门", "承办", "经办", "办理", "处理", "坐席", "话务"),
}
_LONG: Final = 5
_WORD: Final = re.compile(r"[A-Z]?[a-zäöüß]+|[A-Z]+(?![a-z])|\d+|[一-鿿]+")


def likeness_to(field: str, column: str) -> float:
    """Return how much a column is called like a field, 0 to 1; nothing where it is the code of a place, say."""
    words = {word.lower() for word in _WORD.findall(column)}
    if words & _OF_OTHER_THINGS.get(field, set()) or any(word in column for word in _OF_OTHER_CHINESE.get(field, ())):
        return 0.0
    return max(_likeness(column, name) - 0.01 * place for place, name in enumerate(HEADER_NAMES[field]))


def _likeness(column: str, name: str) -> float:
    words = [word.lower() for word in _WORD.findall(column)]
    plain, wanted = "".join(words), name.replace("_", "")
    if plain == wanted:
        return 1.0
    # A short English name must be a word of its own: "id" is no part of "incident".
    inside = wanted in plain if len(wanted) >= _LONG or not wanted.isascii() else wanted in words
    if inside or set(name.split("_")) <= set(words):
        return 0.8
    return 0.7 * SequenceMatcher(None, plain, wanted).ratio()
