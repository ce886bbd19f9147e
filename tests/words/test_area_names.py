"""What the area of a hotline and its parts are called: by the country, or as the installation says."""

from __future__ import annotations

import pytest

from features.errors import BadInputError
from features.settings import Settings, load_settings
from features.vocabulary import EVERYWHERE
from features.words import AreaNames, UnknownWordsError, catalogue, in_both

PROVINCE = AreaNames("全省", "市县", "Whole province", "City or county")


@pytest.mark.parametrize(
    ("country", "chinese", "english"),
    [
        ("CN", {"whole": "全市", "part": "区县"}, {"whole": "Whole city", "part": "District"}),
        ("US", {"whole": "全市", "part": "区域"}, {"whole": "Citywide", "part": "District"}),
        ("DE-BW", {"whole": "全市", "part": "城区"}, {"whole": "Whole city", "part": "District"}),
        ("NZ", {"whole": "全域", "part": "区域"}, {"whole": "Whole area", "part": "District"}),
    ],
)
def test_a_country_has_its_usual_names(country, chinese, english):
    names = AreaNames.of(Settings(country=country))
    assert (names.blanks("zh-CN"), names.blanks("en")) == (chinese, english)


def test_the_configuration_overrides_each_name_by_itself(tmp_path):
    (tmp_path / "weisu.toml").write_text(
        '[names]\nwhole = "全省"\npart = "市县"\npart_en = "City or county"\n', "utf-8"
    )
    names = AreaNames.of(load_settings(config=tmp_path / "weisu.toml", environ={}))
    assert names == AreaNames("全省", "市县", "Whole city", "City or county")


def test_an_unknown_name_is_refused(tmp_path):
    (tmp_path / "weisu.toml").write_text('[names]\nwhol = "全省"\n', "utf-8")
    with pytest.raises(BadInputError, match="whol"):
        load_settings(config=tmp_path / "weisu.toml", environ={})


def test_texts_say_the_names():
    assert catalogue("zh-CN", PROVINCE)("series_level.total") == "全省"
    assert catalogue("en", PROVINCE)("series_level.cell") == "Leaf × City or county"
    assert in_both("series_level.district", names=PROVINCE) == "市县 City or county"


def test_a_text_that_needs_a_name_is_not_said_without_one():
    with pytest.raises(UnknownWordsError, match=r"'series_level\.total' needs the value 'whole'"):
        catalogue("zh-CN")("series_level.total")


def test_an_alert_about_no_district_in_particular_is_about_the_whole():
    assert [PROVINCE.place(area, "zh-CN") for area in (EVERYWHERE, "", "海口市")] == ["全省", "全省", "海口市"]
    assert PROVINCE.place(EVERYWHERE, "en") == "Whole province"


def test_no_text_of_the_catalogues_names_the_area_by_itself():
    words = ("全市", "全省", "全域", "区县", "市县")
    for key in catalogue("zh-CN"):
        text = catalogue("zh-CN").texts[key]
        assert not any(word in form for word in words for form in ([text] if isinstance(text, str) else text)), key
