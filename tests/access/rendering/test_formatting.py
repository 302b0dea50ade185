"""How times are written on the archive's pages."""

import re
from datetime import UTC, datetime, timedelta, timezone

from fastapi.testclient import TestClient

from access.rendering.formatting import format_minute, format_minute_utc
from tests.access.conftest import ARTICLE

MINUTE = r"\d{4}-\d\d-\d\d \d\d:\d\d"


def test_a_time_to_the_minute_is_in_utc_and_never_rounded_up() -> None:
    late = datetime(2026, 11, 23, 20, 15, 59, 999_999, tzinfo=UTC)
    assert format_minute_utc(late) == "2026-11-23 20:15 UTC"
    assert format_minute(late.astimezone(timezone(timedelta(hours=3)))) == "2026-11-23 20:15"
    assert format_minute_utc("2026-11-23T20:15:07.000001Z") == "2026-11-23 20:15 UTC"


def test_seconds_are_shown_where_captures_are_listed_and_left_out_where_sources_and_records_are(
    analyst: TestClient,
) -> None:
    overview = analyst.get("/sources").text
    assert re.search(rf'last crawl <time datetime="\S+Z">{MINUTE} UTC</time>', overview)
    assert not re.search(rf"{MINUTE}:\d\d", overview)
    found = analyst.get("/", params={"q": "затрыманні"}).text
    assert 'dated <time datetime="2026-11-20T18:00:00Z">2026-11-20 18:00 UTC</time>' in found
    assert not re.search(rf"{MINUTE}:\d\d", found)
    assert ">2026-11-20 21:00:00 UTC</time></a>" in analyst.get("/captures", params={"url": ARTICLE}).text
