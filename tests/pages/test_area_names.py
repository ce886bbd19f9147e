"""Pages call the area of a hotline and its parts as the installation does."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from features.configuration import NamesConfig
from serve.api import create_app


@pytest.fixture
def province(city):
    """A browser of a planner in a province."""
    names = NamesConfig(whole="全省", part="市县", whole_en="Whole province", part_en="City or county")
    settings = city.settings.model_copy(update={"names": names})
    with TestClient(
        create_app(settings, clock=city.clock, store=city.store), base_url="http://weisu.example"
    ) as client:
        csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/login").text)[1]
        client.post("/login", data={"key": city.keys["planner"], "csrf": csrf, "next": "/"})
        yield client


@pytest.mark.parametrize("path", ["/", "/board", "/routing", "/quiet"])
def test_a_province_is_no_city_and_its_parts_are_no_districts(province, path):
    page = province.get(path)
    assert page.status_code == 200
    assert not re.search("全市|全域|区县", page.text)
    province.cookies.set("weisu_language", "en")
    assert not re.search("Whole (city|area)|District", province.get(path).text)


def test_the_forecast_says_both_names(province):
    assert {"全省", "市县"} <= set(re.findall("全省|市县", province.get("/").text))
