from __future__ import annotations

import io
import re
from datetime import datetime

import pytest
import xlsxwriter
from sqlalchemy import select

from serve.overrides.workbook import read_overrides
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


def test_a_planners_number_stands_on_page_chart_and_in_every_report_with_the_models_beside_it(browser, city, tmp_path):
    csrf = log_in(browser, city.keys["planner"])
    before = browser.get("/").text
    upload(browser, workbook(("district=海口市", 1999, "展会")), csrf=csrf)
    for address in ("/", "/?series=district%3D海口市", "/?level=cell&district=海口市"):
        page = browser.get(address).text
        assert "人工修正" in page, address
        assert "模型 " in page, address
    assert ">1,999<" in browser.get("/?series=district%3D海口市").text
    assert ": 1,999" in browser.get("/?series=district%3D海口市").text, "the chart says it at its dot"
    assert browser.get("/").text != before, "the whole follows its part"
    html = browser.get("/reports/weekly/2026-W47.html").text
    assert "含 1 处人工修正" in html
    csv = browser.get("/reports/weekly/2026-W47.csv").content.decode("utf-8-sig")
    assert "1999.0" in csv
    (tmp_path / "w.xlsx").write_bytes(browser.get("/reports/weekly/2026-W47.xlsx").content)
    [own] = read_overrides(tmp_path / "w.xlsx")
    assert (own.unique_id, own.value, own.reason) == ("district=海口市", 1999.0, "展会")
    again = upload(browser, (tmp_path / "w.xlsx").read_bytes(), csrf=csrf)
    assert "已保存 0 处修正" in again.text, "what stands already is no new override"
    assert len(stored(city)) == 1


def test_a_new_number_replaces_the_earlier_one_and_a_button_takes_it_back(browser, city):
    csrf = log_in(browser, city.keys["planner"])
    for value in (4500, 5000):
        page = upload(browser, workbook(("total", value, "展会")), csrf=csrf)
    assert "5,000.0" in page.text
    assert "4,500.0" not in page.text
    assert "全市" in page.text
    [open_one] = [row for row in stored(city) if row.withdrawn_at is None]
    assert browser.post(f"/overrides/{open_one.id}/withdraw", data={"csrf": "forged"}).status_code == 403
    gone = browser.post(f"/overrides/{open_one.id}/withdraw", data={"csrf": csrf})
    assert "已撤回" in gone.text
    assert "5,000.0" not in gone.text
    assert all(row.withdrawn_at for row in stored(city))
    assert "人工修正 " not in browser.get("/").text


def test_numbers_that_cannot_hold_together_are_named(browser, city):
    csrf = log_in(browser, city.keys["planner"])
    upload(browser, workbook(("district=海口市", 3000, "展会")), csrf=csrf)
    page = upload(browser, workbook(("total", 1000, "停办")), csrf=csrf)
    assert "不能同时成立" in page.text


def test_a_number_beyond_every_measure_is_a_slip_and_the_planners_file_is_named(browser, city):
    csrf = log_in(browser, city.keys["planner"])
    page = upload(browser, workbook(("total", 999999999, "展会")), csrf=csrf)
    assert page.status_code == 422
    assert "超出上限" in page.text
    assert not stored(city)
    other = upload(browser, b"not a workbook", csrf=csrf, reason="x")
    assert "week.xlsx" in other.text
