"""A page that does not look like the layout of its day is said to, and none of its posts is lost."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.telegram_post import TelegramPost
from processors.telegram.layouts import LAYOUTS, LINE, line_of, unknown_parts
from tests.processors.pages.page_cases import FIXTURES

PAGES = {
    "2020": "telegram-channel-2020-album-poll-and-cursor",
    "2023": "telegram-channel-2023-signed-and-edited",
    "2026": "telegram-channel-2026-all-forms",
}
DAYS = {"2020": "2020-05-04", "2023": "2023-02-24", "2026": "2026-08-22"}


def captured(layout: str, day: str) -> Page:
    body = (FIXTURES / PAGES[layout] / "page.html").read_bytes()
    at = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    return Page("https://t.me/s/rechka_news", body, at, 200, "text/html; charset=utf-8")


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS)
@pytest.mark.parametrize("layout", PAGES)
def test_whatever_day_a_page_is_read_as_its_posts_and_cursor_are_the_same(layout: str, day: str) -> None:
    own = read_page(captured(layout, DAYS[layout]), "telegram")
    other = read_page(captured(layout, day), "telegram")
    assert (other.records, other.coverage, other.links) == (own.records, own.coverage, own.links)
    assert own.records


def about_the_layout(layout: str, day: str) -> list[str]:
    return [said for said in read_page(captured(layout, day), "telegram").remarks if "layout" in said]


@pytest.mark.parametrize("layout", PAGES)
def test_a_page_of_its_days_layout_is_not_remarked_upon(layout: str) -> None:
    assert about_the_layout(layout, DAYS[layout]) == []


@pytest.mark.parametrize(
    ("layout", "day"),
    [("2020", "2023-02-24"), ("2020", "2026-08-22"), ("2026", "2020-05-04"), ("2026", "2023-02-24")],
)
def test_a_page_of_another_layout_than_its_days_is_said_to_be(layout: str, day: str) -> None:
    (reading_json,) = about_the_layout(layout, day)
    assert f"layout of {layout}" in reading_json
    assert day in reading_json


@pytest.mark.parametrize(("layout", "day"), [("2020", "2022-06-01"), ("2023", "2024-06-01")])
def test_in_the_time_of_which_nothing_is_known_either_layout_is_expected(layout: str, day: str) -> None:
    assert about_the_layout(layout, day) == []


def test_layouts_follow_one_another_day_by_day() -> None:
    for older, newer in pairwise(LAYOUTS):
        assert older.valid_until is not None
        assert newer.valid_from is not None
        assert (newer.valid_from - older.valid_until).days == 1
        assert newer.seen_from >= newer.valid_from
    assert (LAYOUTS[0].valid_from, LAYOUTS[-1].valid_until) == (None, None)


def test_versions_for_telegrams_layouts_are_one_line_and_all_others_lines_of_their_own() -> None:
    assert {line_of(layout.parser_version) for layout in LAYOUTS} == {LINE}
    assert line_of("news-2+declared") == "news-2+declared"
    assert line_of("telegram-2020-1") == "telegram-2020-1"


def test_only_the_outermost_of_unknown_parts_is_named_and_known_ones_are_not() -> None:
    names = ["tgme_widget_message_story", "tgme_widget_message_story_title", "tgme_widget_message_reply_thumb"]
    assert unknown_parts([*names, "link_preview_title"]) == ("tgme_widget_message_story",)


def test_a_channel_page_whose_posts_cannot_be_read_is_not_an_empty_channel() -> None:
    page = captured("2026", DAYS["2026"])
    for renamed in (
        page.body.replace(b"tgme_widget_message", b"tgme_post"),
        page.body.replace(b"data-post", b"data-entry").replace(b"tgme_widget_message_date", b"post_date"),
    ):
        reading = read_page(replace(page, body=renamed), "telegram")
        assert reading.outcome == "soft_404"
        assert "not understood" in (reading.outcome_reason or "")


def test_a_time_with_an_offset_is_the_same_moment_in_utc() -> None:
    post = (
        '<div class="tgme_widget_message" data-post="kanal/7"><div class="tgme_widget_message_text">слова</div>'
        '<a class="tgme_widget_message_date" href="https://t.me/kanal/7">'
        '<time datetime="2026-03-01T01:30:00+03:00" class="time"></time></a></div>'
    )
    at = datetime(2026, 3, 2, tzinfo=UTC)
    reading = read_page(
        Page("https://t.me/s/kanal", post.encode(), at, 200, "text/html; charset=utf-8"), "telegram"
    )
    (record,) = reading.records
    assert isinstance(record, TelegramPost)
    assert record.published_at == datetime(2026, 2, 28, 22, 30, tzinfo=UTC)
