"""Times are read whole or refused: no zone, no half of a day is ever dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from features.errors import MappingError, QuarantineError
from features.lake import Lake
from features.lake.duck import duck
from features.mappings import Mapping
from features.mappings.shipped import parse_mapping
from features.sources.suggest import suggest_mapping
from features.sources.times import time_of_day_sql, time_sql
from pipelines.ingest import ingest

MORNING, EVENING = datetime(2024, 3, 1, 8), datetime(2024, 3, 1, 20, 5)  # noqa: DTZ001 - wall-clock times
NEW_YORK = ZoneInfo("America/New_York")


def mapping(**changes) -> Mapping:
    said = {"source": "s", "timezone": "Asia/Shanghai", "known_at": "opened_at"}
    return Mapping(**(said | {"columns": {"ticket_id": "id", "opened_at": "opened"}} | changes))


def read(text: str, how: Mapping) -> datetime | None:
    with duck(threads=1) as connection:
        found = connection.execute(f"SELECT ({time_sql('x', how)})::VARCHAR FROM (SELECT $1 AS x)", [text]).fetchone()
    return datetime.fromisoformat(found[0]) if found[0] else None


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01 08:00:00", "2024/3/1 8:00", "2024.03.01 08:00", "2024-03-01T08:00:00", "2024-03-01 8:00 AM",
        "2024年3月1日 上午8时0分", "2024年03月01日08时00分00秒", "2024年3月1日 8点",
        "２０２４－０３－０１　０８：００：００",
        "2024年3月1日 星期五 早上8:00", "2024/3/1 上午 8:00:00", "2024-03-01 08:00:00.000",
    ],
)  # fmt: skip
def test_year_month_and_day_in_this_order_need_no_format(text):
    assert read(text, mapping()) == MORNING


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-01 8:05 PM",
        "2024-03-01 08:05:00 pm",
        "2024年3月1日 下午8时5分",
        "2024/3/1 晚上8:05",
        "2024-3-1 下午20:05",
    ],
)
def test_the_half_of_a_day_counts(text):
    assert read(text, mapping()) == EVENING


@pytest.mark.parametrize(
    ("hour", "text"),
    [(0, "上午12:30"), (12, "下午12:30"), (12, "中午12:30"), (13, "中午1:30"), (0, "12:30 AM"), (12, "12:30 PM")],
)
def test_twelve_is_midnight_in_the_morning_and_noon_after_it(hour, text):
    assert read(f"2024/3/1 {text}", mapping()) == datetime(2024, 3, 1, hour, 30)  # noqa: DTZ001


ZONES = ["UTC", " UTC", " GMT", "Z", "+08", "+08:00", " +0800", " EST", " CST", " America/New_York", " (UTC)", " UTC+8"]


@pytest.mark.parametrize("clock", ["local", "converted_twice"])
@pytest.mark.parametrize("formats", [(), ("%Y-%m-%d %H:%M:%S",)])
@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_under_a_clock_without_one_is_refused(clock, formats, zone):
    assert read("2024-03-01 08:00:00" + zone, mapping(clock=clock, time_formats=formats)) is None


@pytest.mark.parametrize(
    "text",
    ["2024-03-01 晚上12:30", "2024-03-01 上午13:00", "2024-02-30", "2024-03-01 25:00",
     "infinity", "epoch", "03/01/2024", "2024-03-01 08:00 北京时间", "20240301080000", "2024-03-01 08:00 x"],
)  # fmt: skip
def test_what_is_no_time_or_could_be_several_is_refused(text):
    assert read(text, mapping()) is None


HOURS = [
    ("UTC", 0),
    (" GMT", 0),
    ("Z", 0),
    ("+08:00", 8),
    (" +0800", 8),
    ("+08", 8),
    (" UTC+8", 8),
    (" GMT-05:30", -5.5),
    (" EST", -5),
    (" PDT", -7),
    (" CEST", 2),
    (" America/New_York", -5),
    (" Asia/Kathmandu", 5.75),
    (" (UTC)", 0),
]


@pytest.mark.parametrize(
    ("zone", "hours"),
    HOURS,
)
@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("", "2024-03-01 08:00:00"),
        ("%m/%d/%Y %I:%M %p", "03/01/2024 8:00 AM"),
        ("%Y-%m-%d %H:%M:%S %Z", "2024-03-01 08:00:00"),
    ],
)
def test_a_zone_is_honoured_where_the_clock_asks_for_one(zone, hours, form, text):
    found = read(text + zone, mapping(clock="offset", time_formats=[form] if form else []))
    assert found == MORNING.replace(tzinfo=UTC) - timedelta(hours=hours)


@pytest.mark.parametrize("zone", ["", " CST", " IST", " BST", " Asia/Nowhere", " XYZ", " +25:00", " AM"])
def test_a_zone_that_is_missing_or_could_be_several_is_refused(zone):
    assert read(f"2024-03-01 08:00:00{zone}", mapping(clock="offset")) is None


@pytest.mark.parametrize("zone", ["", " UTC", "Z", "+00:00", " GMT"])
def test_a_text_may_say_utc_under_a_clock_that_says_so(zone):
    assert read(f"2024-03-01 08:00:00{zone}", mapping(clock="utc")) == MORNING


def test_a_literal_zone_in_a_format_is_the_mapping_s_word():
    how = mapping(time_formats=["%Y-%m-%d %H:%M:%S CST"])
    assert read("2024-03-01 08:00:00 CST", how) == MORNING
    assert read("2024-03-01 08:00:00 EST", how) is None


@pytest.mark.parametrize("clock", ["local", "utc", "offset"])
@pytest.mark.parametrize(
    ("form", "text"), [("epoch", "1709251200"), ("epoch_ms", "1709251200000"), ("epoch", "1709251200.0")]
)
def test_seconds_since_1970_are_instants_under_any_clock(tmp_path, settings, clock, form, text):
    (tmp_path / "a.csv").write_text(f"id,opened\n1,{text}\n")
    ingest([tmp_path / "a.csv"], mapping(clock=clock, time_formats=[form]), settings, clock_of(2026))
    assert Lake.of(settings).tickets()["opened_at"].to_pylist() == [datetime(2024, 3, 1, tzinfo=UTC)]


def clock_of(year: int):
    from features.clock import FixedClock

    return FixedClock(datetime(year, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["45352.333333333336", "45352.3333", "45352.33333"])
def test_days_of_a_spreadsheet_are_wall_clock_times_to_the_second(text):
    found = read(text, mapping(time_formats=["excel"]))
    assert abs(found - MORNING) < timedelta(seconds=5)
    assert found.microsecond == 0


@given(st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)).map(lambda moment: moment.replace(microsecond=0)))  # noqa: DTZ001
@examples(max_examples=60, deadline=None)
def test_every_way_of_writing_a_moment_says_the_same(moment):
    half = "上午" if moment.hour < 12 else "下午"
    hour = moment.hour % 12 or 12
    written = [
        f"{moment.year}年{moment.month}月{moment.day}日 {half}{hour}时{moment.minute}分{moment.second}秒",
        f"{moment:%Y-%m-%d %I:%M:%S %p}",
        f"{moment:%Y/%m/%d %H:%M:%S}".translate(str.maketrans("0123456789/:", "０１２３４５６７８９／：")),
    ]
    assert {read(text, mapping()) for text in written} == {moment}
    serial = (moment - datetime(1899, 12, 30)).total_seconds() / 86400  # noqa: DTZ001
    assert read(repr(serial), mapping(time_formats=["excel"])) == moment


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time_formats": ["%Y-%m-%d %H:%M %z"]}, 'reads a zone, which needs clock = "offset"'),
        ({"time_formats": ["%Y-%m-%d %H:%M:%S UTC"]}, 'says UTC, so clock = "utc"'),
        ({"time_formats": ["%Y-%m-%dT%H:%M:%SZ"]}, 'says UTC, so clock = "utc"'),
        ({"time_formats": ["%m/%d/%Y %I:%M"]}, "without the half of the day"),
        ({"time_formats": ["%m/%d/%Y %H:%M %p"]}, "without an hour of twelve"),
        ({"time_formats": ["iso"]}, "is no format"),
        ({"time_formats": ["excel"], "clock": "offset"}, "excel has no offset"),
        ({"time_of_day": {"closed_at": "x"}}, "has no day for closed_at"),
        ({"time_of_day": {"opened_at": "x"}, "clock": "offset"}, "says no offset"),
    ],
)
def test_a_mapping_that_would_shift_times_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        mapping(**changes)


@pytest.mark.parametrize(
    "text", ["08:00", "8:00 AM", "上午8时0分", "08时00分00秒", "0800", "080000", "0.3333333", "８：００"]
)
def test_a_time_of_day_is_read_as_people_write_it(text):
    sql = time_of_day_sql("TIMESTAMP '2024-03-01'", "x")
    with duck(threads=1) as connection:
        assert connection.execute(f"SELECT {sql} FROM (SELECT $1 AS x)", [text]).fetchone() == (MORNING,)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_a_day_and_its_time_in_two_columns_are_one_time(tmp_path, settings, kind):
    path = tmp_path / f"a.{kind}"
    days, times = ["3/1/24", "3/14/24", "3/15/24"], ["8:00 AM", "20:05", ""]
    if kind == "csv":
        path.write_text(
            "id,day,time\n" + "".join(f"{i},{d},{t}\n" for i, (d, t) in enumerate(zip(days, times, strict=True)))
        )
    elif kind == "parquet":
        pq.write_table(pa.table({"id": [0, 1, 2], "day": days, "time": times}), path)
    else:
        with xlsxwriter.Workbook(str(path), {"default_date_format": "hh:mm"}) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["id", "day", "time"])
            for line, day in enumerate(days):
                sheet.write_row(line + 1, 0, [line, day])
            sheet.write_datetime(1, 2, MORNING.time())
            sheet.write_datetime(2, 2, EVENING.time())
    columns = {"ticket_id": "id", "opened_at": "day"}
    how = mapping(columns=columns, time_of_day={"opened_at": "time"}, time_formats=["%m/%d/%y"])
    summary = ingest([path], how, settings, clock_of(2026))
    assert (summary.kept, summary.quarantined) == (2, 1)
    assert Lake.of(settings).tickets()["opened_local"].to_pylist() == [MORNING, EVENING.replace(day=14)]
    assert Lake.of(settings).quarantine()["reason"].to_pylist() == ["time is unreadable"]


def test_the_reason_says_that_a_zone_is_in_the_way(tmp_path, settings, clock):
    (tmp_path / "a.csv").write_text("id,opened\n1,2024-03-01 08:00:00 UTC\n")
    with pytest.raises(QuarantineError, match="time carries a zone, but clock is local"):
        ingest([tmp_path / "a.csv"], mapping(), settings, clock)


def test_a_missing_column_of_times_of_day_is_named(tmp_path, settings, clock):
    (tmp_path / "a.csv").write_text("id,opened\n1,2024-03-01\n")
    with pytest.raises(MappingError, match="no column 'time' \\(time of day of opened_at\\)"):
        ingest([tmp_path / "a.csv"], mapping(time_of_day={"opened_at": "time"}), settings, clock)


WRITTEN = {
    "iso": "{:%Y-%m-%d %H:%M:%S}",
    "utc": "{:%Y-%m-%d %H:%M:%S} UTC",
    "new_york": "{:%Y-%m-%d %H:%M:%S} America/New_York",
    "est": "{:%m/%d/%Y %I:%M:%S %p} EST",
    "m/d/yy": "{0.month}/{0.day}/{0:%y} {0:%H:%M}",
    "dots": "{:%Y.%m.%d %H:%M}",
    "run": "{:%Y%m%d%H%M%S}",
    "month": "{:%d-%b-%Y %H:%M:%S}",
    "chinese": "{0.year}年{0.month}月{0.day}日 {half}{hour}时{0.minute}分",
    "seconds": "{:%Y年%m月%d日%H时%M分%S秒}",
    "epoch": "{epoch}",
    "epoch_ms": "{epoch}000",
    "excel": "{serial}",
}


@pytest.mark.parametrize("way", WRITTEN)
def test_a_proposal_reads_the_times_that_it_was_made_of(tmp_path, settings, way):
    moments = [datetime(2024, 3, i, (7 * i) % 24, i % 60) for i in range(1, 29)]  # noqa: DTZ001
    zone = NEW_YORK if way in {"new_york", "est"} else UTC
    lines = []
    for i, moment in enumerate(moments):
        text = WRITTEN[way].format(
            moment,
            half="上午" if moment.hour < 12 else "下午",
            hour=moment.hour % 12 or 12,
            epoch=int(moment.replace(tzinfo=UTC).timestamp()),
            serial=round((moment - datetime(1899, 12, 30)).total_seconds() / 86400, 8),  # noqa: DTZ001
        )
        lines.append(f"R{i},{text},噪声{i % 3}")
    (tmp_path / "a.csv").write_text("id,created,category\n" + "\n".join(lines) + "\n")
    proposed = suggest_mapping(tmp_path / "a.csv", timezone="UTC")
    ingest([tmp_path / "a.csv"], parse_mapping(proposed.toml, where="proposal"), settings, clock_of(2026))
    found = Lake.of(settings).tickets(columns=["ticket_id", "opened_at"]).to_pylist()
    offset = timedelta(hours=5) if way == "est" else timedelta(0)
    expected = [(m + offset).replace(tzinfo=UTC) if way == "est" else m.replace(tzinfo=zone) for m in moments]
    assert {row["ticket_id"]: row["opened_at"] for row in found} == {
        f"R{i}": moment for i, moment in enumerate(expected)
    }


def test_days_and_times_in_two_columns_are_proposed(tmp_path):
    rows = "\n".join(f"R{i},{i}/1/24,8:{i:02d} AM,{i}/2/24,{i}:30 PM,x{i % 3}" for i in range(1, 13))
    (tmp_path / "a.csv").write_text(f"id,Created Date,Created Time,Closed Date,Closed Time,category\n{rows}\n")
    found = parse_mapping(suggest_mapping(tmp_path / "a.csv").toml, where="proposal")
    assert found.time_of_day == {"opened_at": "Created Time", "closed_at": "Closed Time"}
    assert not found.date_only


def test_the_code_of_a_place_is_no_code_of_a_category(tmp_path):
    header = "id,created,Zip Code,School Code,School Phone Number,servicedate,Agency Phone,complaint_type,学校编码"
    rows = "\n".join(
        f"{i},2024-03-{i:02d},1000{i},K{i},555-{i},2024-04-{i:02d},311{i},x{i % 3},S{i}" for i in range(1, 29)
    )
    (tmp_path / "a.csv").write_text(f"{header}\n{rows}\n")
    found = {guess.field for guess in suggest_mapping(tmp_path / "a.csv").guesses}
    assert not found & {"category_code", "caller"}
