import json
from time import process_time

import numpy as np
import pytest
import shapely

from features.areas import AreaError, check_areas, check_report, load_areas, locate, read_areas
from features.lake import Lake
from pipelines.ingest import ingest


def square(x, y, size=1.0):
    return shapely.box(x, y, x + size, y + size)


def geojson(path, rows):
    features = [
        {
            "type": "Feature",
            "properties": dict(zip(("code", "name", "parent", "level"), row, strict=True)),
            "geometry": json.loads(shapely.to_geojson(outline)) if outline is not None else None,
        }
        for *row, outline in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


CITY = [
    ("P", "海南省", "", "province", None),
    ("A", "龙华区", "P", "district", square(110, 20)),
    ("B", "美兰区", "P", "district", square(111, 20)),
]


def test_points_find_their_district(tmp_path):
    areas = read_areas(geojson(tmp_path / "a.geojson", CITY))
    lat = [20.5, 20.5, 25.0, np.nan, 20.5]
    lon = [110.5, 111.5, 110.5, 110.5, 111.0]
    assert locate(lat, lon, areas).tolist() == ["A", "B", "", "", "A"]
    assert locate(lat, lon, areas, level="province").tolist() == [""] * 5


def test_districts_climb_to_their_parents(tmp_path):
    areas = read_areas(geojson(tmp_path / "a.geojson", CITY))
    assert areas.parents_of(["A", "B", "P", "?"], "province").tolist() == ["P", "P", "P", ""]
    assert areas.parents_of(["A"], "district").tolist() == ["A"]


def test_table_without_outlines_is_enough(tmp_path):
    path = tmp_path / "areas.csv"
    path.write_text("code,name,parent,level\nP,海南省,,province\nA,龙华区,P,district\n", encoding="utf-8-sig")
    report = check_report(read_areas(path))
    assert report["ok"]
    assert report["levels"] == {"province": 1, "district": 1}
    assert locate([20.5], [110.5], read_areas(path)).tolist() == [""]


@pytest.mark.parametrize(
    ("row", "kind", "message"),
    [
        (("A", "again", "P", "district", None), "code", "code 'A' is given twice"),
        (("", "nameless", "P", "district", None), "code", "feature 4 has no code"),
        (("C", "lost", "Q", "district", None), "parent", "parent 'Q' of 'C' does not exist"),
        (("C", "itself", "C", "district", None), "cycle", "areas contain each other: C -> C"),
        (
            ("C", "bow", "P", "district", shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])),
            "outline",
            "Self-intersection",
        ),
        (("C", "metres", "P", "district", square(400000, 20)), "globe", "longitude first"),
        (("C", "above", "P", "district", square(110.5, 20)), "overlap", "'A' and 'C' overlap by 50%"),
    ],
)
def test_problems_are_named(tmp_path, row, kind, message):
    problems = check_areas(load_areas(geojson(tmp_path / "a.geojson", [*CITY, row])))
    assert any(problem.kind == kind and message in problem.message for problem in problems)


def test_wrong_file_is_refused_with_its_problems(tmp_path):
    with pytest.raises(AreaError, match="code 'A' is given twice"):
        read_areas(geojson(tmp_path / "a.geojson", [*CITY, ("A", "again", "P", "district", None)]))
    with pytest.raises(AreaError, match=r"none\.csv cannot be read"):
        read_areas(tmp_path / "none.csv")
    (tmp_path / "point.geojson").write_text('{"type": "Point"}', encoding="utf-8")
    with pytest.raises(AreaError, match="a FeatureCollection is needed, not 'Point'"):
        read_areas(tmp_path / "point.geojson")


def test_a_million_points_take_seconds(tmp_path):
    grid = [(f"{x}-{y}", f"{x}-{y}", "", "district", square(100 + x, 10 + y)) for x in range(10) for y in range(10)]
    areas = read_areas(geojson(tmp_path / "grid.geojson", grid))
    rng = np.random.default_rng(0)
    lat, lon = rng.uniform(10, 20, 1_000_000), rng.uniform(100, 110, 1_000_000)
    begin = process_time()
    found = locate(lat, lon, areas)
    assert process_time() - begin < 15
    expected = [f"{int(x - 100)}-{int(y - 10)}" for x, y in zip(lon[:1000], lat[:1000], strict=True)]
    assert found[:1000].tolist() == expected


def test_tickets_without_a_district_get_that_of_their_coordinates(tmp_path, settings, clock):
    geojson(tmp_path / "areas.geojson", CITY)
    (tmp_path / "own.toml").write_text(
        """
        source = "city"
        timezone = "Asia/Shanghai"
        known_at = "opened_at"
        areas = "areas.geojson"
        [columns]
        ticket_id = "id"
        opened_at = "opened"
        district = "district"
        lat = "lat"
        lon = "lon"
        """
    )
    rows = ["1,2026-03-02 09:00:00,,20.5,110.5", "2,2026-03-02 09:00:00,东区,20.5,111.5"]
    rows += ["3,2026-03-02 09:00:00,,20.5,111.5", "4,2026-03-02 09:00:00,,9,9", "5,2026-03-02 09:00:00,,,"]
    (tmp_path / "a.csv").write_text("\n".join(["id,opened,district,lat,lon", *rows]) + "\n")
    ingest([tmp_path / "a.csv"], tmp_path / "own.toml", settings, clock)
    found = Lake.of(settings).tickets().sort_by("ticket_id")
    assert found["district"].to_pylist() == ["龙华区", "东区", "美兰区", "未分类", "未分类"]
    assert found["flags"].to_pylist()[2:4] == ["no_category", "no_category,no_district"]
