from __future__ import annotations

import io
import re
from datetime import datetime

import pytest
import xlsxwriter
from sqlalchemy import select

from serve.reports.headings import column
from serve.reports.weekly_xlsx import FORECAST_SHEET
from serve.store.tables import ForecastOverride

MONDAY = datetime(2026, 11, 23)  # noqa: DTZ001 - local civil time
HEADS = ("unique_id", "ds", "override", "reason")


def workbook(*rows) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet(FORECAST_SHEET)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, [column(name) for name in HEADS])
        for number, (series, value, reason) in enumerate(rows, start=1):
            sheet.write(number, 0, series)
            sheet.write_datetime(number, 1, MONDAY, day)
            sheet.write(number, 2, value)
            sheet.write(number, 3, reason)
    return buffer.getvalue()


def log_in(browser, key: str) -> str:
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get("/login").text)[1]
    browser.post("/login", data={"key": key, "csrf": token, "next": "/overrides"})
    return re.search(r'name="csrf" value="([^"]+)"', browser.get("/overrides").text)[1]


def upload(browser, content: bytes, **fields):
    return browser.post("/overrides", data=fields, files={"workbook": ("week.xlsx", content)})


def stored(city) -> list[ForecastOverride]:
    with city.store.reading() as session:
        return list(session.scalars(select(ForecastOverride)))


def test_an_edited_workbook_becomes_overrides_beside_the_models_numbers(browser, city):
    csrf = log_in(browser, city.keys["planner"])
    content = workbook(("total", 5100, "展会"), ("total", "", ""), ("district=海口市", 1300, ""))
    page = upload(browser, content, csrf=csrf, reason="本周统一理由", expires="2026-12-06")
    assert page.status_code == 200
    assert "已保存 2 处修正" in page.text
    assert "5,100.0" in page.text
    found = {row.unique_id: row for row in stored(city)}
    assert {row.reason for row in found.values()} == {"展会", "本周统一理由"}
    assert found["total"].author == "测试规划员"
    assert found["total"].model_mean > 0
    assert found["total"].expires_at.isoformat() == "2026-12-06T16:00:00+00:00"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("total", "many", "x"), f"工作表“{FORECAST_SHEET}”第 3 行，“{column('override')}”列：many 不是件数"),
        (("total", 5, ""), f"工作表“{FORECAST_SHEET}”第 3 行，“{column('reason')}”列：修正须写明理由"),
        (("nowhere", 5, "x"), "当前预测没有序列 nowhere"),
    ],
)
def test_one_bad_row_is_named_and_nothing_is_stored(row, says, browser, city):
    csrf = log_in(browser, city.keys["planner"])
    page = upload(browser, workbook(("total", 5100, "展会"), row), csrf=csrf)
    assert page.status_code == 422
    assert says in page.text
    assert not stored(city)


def test_a_file_that_is_no_workbook_is_refused(browser, city):
    page = upload(browser, b"not a workbook", csrf=log_in(browser, city.keys["planner"]), reason="x")
    assert page.status_code == 422
    assert "不是周报工作簿" in page.text


@pytest.mark.parametrize(("role", "csrf"), [("planner", "forged"), ("supervisor", "")])
def test_forged_forms_and_other_roles_store_nothing(role, csrf, browser, city):
    own = log_in(browser, city.keys[role])
    page = upload(browser, workbook(("total", 5100, "展会")), csrf=csrf or own)
    assert page.status_code == 403
    assert not stored(city)
