"""How times and fields are written on the archive's pages, also those of redacted copies."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from fastapi.testclient import TestClient

from access.rendering.formatting import format_minute, format_minute_utc, heading, visible_fields
from processors.redaction.words import WordCover
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


HEARING = {
    "kind": "hearing",
    "starts_at": "2026-11-20T18:00:00Z",
    "officials": [{"name_raw": "A. Sample", "role_raw": "judge", "body_raw": None}],
    "address": None,
}
POST = {"kind": "telegram_post", "post_id": 7, "text": None, "media": [{"kind": "photo"}]}


@pytest.mark.parametrize(
    ("cover", "shown"),
    [
        (WordCover([], ["starts_at"]), [("starts_at", "▮"), ("officials", "A. Sample (judge)")]),
        (WordCover(["2026"]), [("starts_at", "▮-11-20T18:00:00Z"), ("officials", "A. Sample (judge)")]),
        (WordCover([], ["officials"]), [("starts_at", "2026-11-20 18:00:00 UTC"), ("officials", "▮")]),
        (
            WordCover(["name"]),
            [("starts_at", "2026-11-20 18:00:00 UTC"), ("officials", "▮: A. Sample, role_raw: judge")],
        ),
    ],
)
def test_what_a_redacted_copy_has_in_place_of_a_value_is_shown_as_it_is(
    cover: WordCover, shown: list[tuple[str, str]]
) -> None:
    assert visible_fields(cover.record(HEARING)) == shown


@pytest.mark.parametrize("cover", [WordCover([], ["media"]), WordCover(["kind"])])
def test_a_post_whose_media_are_covered_is_headed_by_its_number(cover: WordCover) -> None:
    assert heading("telegram_post", POST) == "Post 7 (photo)"
    assert heading("telegram_post", cover.record(POST)) == "Post 7"
