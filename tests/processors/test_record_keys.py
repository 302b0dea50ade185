"""Keys, ids and versions of records."""

from dataclasses import replace
from datetime import UTC, datetime

from processors.record_keys import (
    record_id,
    record_json,
    record_key,
    record_keys,
    sighting_content,
    version_content,
    version_id,
)
from processors.records.article import Article, ArticleImage
from processors.records.hearing import Hearing
from processors.records.struck import Struck
from processors.records.telegram_post import Medium, Poll, PollOption, Reaction, TelegramPost

POST = TelegramPost(
    url="https://t.me/rechka_news/12",
    channel="rechka_news",
    channel_id=-1001234567890,
    post_id=12,
    published_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    text="Суд перенёс\u00a0заседание",
    views=2730,
    views_raw="2.73K",
    media=(Medium(kind="photo", url="https://cdn4.telesco.pe/file/aaa.jpg"),),
)
ARTICLE = Article(
    url="https://rechka.example/2026/03/sud.html?utm_source=tg",
    canonical_url="https://rechka.example/2026/03/sud.html",
    title="Суд",
    text="Тэкст",
    images=(ArticleImage(url="https://m1.rechka.example/p/1.jpg?sig=1"),),
)
HEARING = Hearing(
    url="https://sud.example/list", court="Суд Заречного района", case_number="1-12/2026", judge="Ковалёва А. А."
)


def test_json_has_utc_times_with_z_and_lists() -> None:
    made = record_json(POST)
    assert made["kind"] == "telegram_post"
    assert made["published_at"] == "2026-03-01T09:30:00Z"
    assert made["officials"] == made["struck"] == made["remarks"] == made["names"] == []
    assert made["media"] == [
        {
            "kind": "photo",
            "url": "https://cdn4.telesco.pe/file/aaa.jpg",
            "thumb_url": None,
            "duration_s": None,
            "title": None,
            "extra": None,
        }
    ]


def test_a_post_is_known_by_channel_number_and_id_even_when_the_channel_is_renamed() -> None:
    renamed = replace(POST, channel="other", url="https://t.me/other/12")
    assert record_key(POST, "s") == "-1001234567890/12" == record_key(renamed, "s")
    assert version_content(POST) == version_content(renamed)


def test_counts_signed_addresses_and_invisible_spaces_make_no_version() -> None:
    again = replace(
        POST,
        views=3000,
        views_raw="3K",
        edited=True,
        text="Суд перенёс заседание",
        reactions=(Reaction(emoji="👍", count_raw="3"),),
        media=(Medium(kind="photo", url="https://cdn1.telesco.pe/file/bbb.jpg"),),
    )
    assert version_content(again) == version_content(POST)
    assert record_json(again) != record_json(POST)


def test_what_a_parser_remarks_makes_no_version_and_belongs_to_the_sighting() -> None:
    remarked = replace(HEARING, remarks=("the row is one cell short",))
    assert version_content(remarked) == version_content(HEARING)
    assert sighting_content(remarked) == {
        "url": HEARING.url,
        "remarks": ["the row is one cell short"],
        "names": [],
    }


def test_a_word_that_was_crossed_out_makes_another_version() -> None:
    struck = replace(HEARING, struck=(Struck(field="judge", text="Узор Б. Б."),))
    assert version_content(struck)["struck"] == [{"field": "judge", "text": "Узор Б. Б."}]
    assert "struck" not in version_content(HEARING)


def test_another_word_makes_another_version() -> None:
    edited = replace(POST, text="Суд отменил заседание")
    assert version_content(edited) != version_content(POST)


def test_votes_make_no_version_but_another_answer_does() -> None:
    poll = replace(
        POST, poll=Poll(question="?", options=(PollOption(text="да", percent=10),), total_raw="10 voters")
    )
    voted = replace(
        POST, poll=Poll(question="?", options=(PollOption(text="да", percent=90),), total_raw="99 voters")
    )
    changed = replace(POST, poll=Poll(question="?", options=(PollOption(text="нет", percent=10),)))
    assert version_content(poll) == version_content(voted)
    assert version_content(poll) != version_content(changed)


def test_mirrors_of_a_publisher_share_key_and_version() -> None:
    mirror = replace(
        ARTICLE,
        url="https://mirror7.example/2026/03/sud.html",
        canonical_url="https://mirror7.example/2026/03/sud.html",
        images=(ArticleImage(url="https://mirror7.example/p/1.jpg?sig=2"),),
    )
    assert record_key(ARTICLE, "s", "rechka") == "rechka/2026/03/sud.html" == record_key(mirror, "s", "rechka")
    assert version_content(mirror) == version_content(ARTICLE)


def test_without_publisher_an_article_is_known_by_host_and_a_foreign_canonical_is_not_believed() -> None:
    copied = replace(ARTICLE, canonical_url="https://elsewhere.example/x")
    assert record_key(ARTICLE, "s") == "rechka.example/2026/03/sud.html"
    assert record_key(copied, "s") == "rechka.example/2026/03/sud.html?utm_source=tg"


def test_a_moved_hearing_keeps_its_key() -> None:
    moved = replace(HEARING, room="7", starts_raw="02.03.2026 10:00", judge="Іваноў І. І.")
    assert record_key(moved, "src") == record_key(HEARING, "src") == "src|суд заречного района|1-12/2026"
    assert version_content(moved) != version_content(HEARING)


def test_rows_without_number_are_known_by_who_and_what_and_repeats_are_counted() -> None:
    hidden = replace(HEARING, case_number=None, parties_raw="Инф. скрыта", charges_raw="ст. 342")
    keys = record_keys([hidden, replace(hidden, room="2")], "src")
    assert keys[1] == f"{keys[0]}#2"


def test_ids_are_hex_sha256_and_depend_on_kind_key_and_content() -> None:
    content = version_content(POST)
    assert len(record_id("telegram_post", "a")) == 64
    assert record_id("telegram_post", "a") != record_id("article", "a")
    assert version_id("telegram_post", "a", content) != version_id("telegram_post", "b", content)
