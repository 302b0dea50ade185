"""Exports of Telegram Desktop: what every form becomes, and that no export can break the reader."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.parsing.parser_versions import read_page
from processors.record_keys import record_json, record_key, version_content, version_id
from processors.records.struck import Struck
from processors.records.telegram_post import InlineButton
from processors.telegram.desktop_export import EXPORT_ADDRESS
from processors.telegram.exported_post import ExportedPost

AT = datetime(2026, 11, 20, tzinfo=UTC)
URL = f"{EXPORT_ADDRESS}1700000001/result.json"


def read(whole: Any) -> Reading:
    body = json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return read_page(Page(URL, body, AT), "telegram_export")


def one(**message: Any) -> ExportedPost:
    chat = {"id": 1700000001, "type": "public_channel", "name": "Рэчка"}
    (post,) = read(chat | {"messages": [{"id": 7, "type": "message", **message}]}).records
    assert isinstance(post, ExportedPost)
    return post


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"photo": "photos/a.jpg"}, "photo"),
        ({"file": "v/a.mp4", "media_type": "video_file"}, "video"),
        ({"file": "v/a.mp4", "media_type": "animation"}, "video"),
        ({"file": "v/a.mp4", "media_type": "video_message"}, "round_video"),
        ({"file": "v/a.ogg", "media_type": "voice_message"}, "voice"),
        ({"file": "v/a.mp3", "media_type": "audio_file"}, "audio"),
        ({"file": "v/a.webp", "media_type": "sticker"}, "sticker"),
        ({"file": "v/a.pdf"}, "document"),
    ],
)
def test_media_have_the_kinds_of_the_preview_and_the_addresses_of_the_files(
    message: dict[str, str], kind: str
) -> None:
    (medium,) = one(**message).media
    path = message.get("photo") or message.get("file")
    assert (medium.kind, medium.url) == (kind, f"{EXPORT_ADDRESS}1700000001/{path}")


@pytest.mark.parametrize("said", ["(File not included. Change ...)", "(File unavailable, please try again later)"])
def test_a_file_that_was_not_exported_has_no_address_and_says_why(said: str) -> None:
    post = one(photo=said)
    assert (post.media[0].url, post.media[0].extra, post.export.missing_files) == (None, said, (said,))


def test_a_local_time_without_its_unix_time_is_not_guessed() -> None:
    assert one(date="2026-10-01T10:00:00").published_at is None
    assert one(date_unixtime="1790838000").published_at == datetime(2026, 10, 1, 7, tzinfo=UTC)


def test_a_hidden_origin_is_a_forward_without_a_name() -> None:
    forwarded = one(forwarded_from=None).forwarded_from
    assert forwarded is not None and (forwarded.name, forwarded.url) == ("", None)
    assert one().forwarded_from is None


def test_the_key_is_that_of_the_preview_and_a_person_is_no_channel() -> None:
    person = read({"id": 55, "type": "personal_chat", "messages": [{"id": 1}]}).records[0]
    assert record_key(one(), "s") == "-1700000001/7"
    assert record_key(person, "s") == "55/1"


def test_a_message_that_the_program_did_not_understand_is_kept_as_such() -> None:
    assert one(type="unsupported").text is None


def test_all_chats_of_an_account_are_read() -> None:
    chats = [{"id": number, "type": "public_channel", "messages": [{"id": 1}]} for number in (1, 2)]
    assert len(read({"chats": {"list": chats}}).records) == 2


@pytest.mark.realdata
def test_a_real_export_is_read_whole(realdata: Path) -> None:
    for path in sorted((realdata / "telegram" / "desktop-export").glob("*.json")):
        reading = read_page(Page(URL, path.read_bytes(), AT), "telegram_export")
        assert [record.post_id for record in reading.records if isinstance(record, ExportedPost)] == [
            message["id"] for message in json.loads(path.read_bytes())["messages"]
        ]
        assert all(record.published_at for record in reading.records if isinstance(record, ExportedPost))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "id",
        "type",
        "date_unixtime",
        "edited_unixtime",
        "from",
        "author",
        "text",
        "text_entities",
        "photo",
        "file",
        "thumbnail",
        "media_type",
        "title",
        "performer",
        "duration_seconds",
        "location_information",
        "contact_information",
        "poll",
        "reactions",
        "action",
        "members",
        "forwarded_from",
        "reply_to_message_id",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=6), max_size=3))
def test_no_message_breaks_the_reader_or_the_store(messages: list[dict[str, Any]]) -> None:
    for record in read({"id": 1, "type": "public_channel", "messages": messages}).records:
        json.dumps(record_json(record), ensure_ascii=False).encode("utf-8")
        version_id(record.kind, record_key(record, "s"), version_content(record))


def test_crossed_out_words_stand_between_marks_and_buttons_keep_their_links() -> None:
    post = one(
        text_entities=[
            {"type": "plain", "text": "Суд "},
            {"type": "strikethrough", "text": "3 сакавіка\nраніцай"},
            {"type": "plain", "text": " 10 сакавіка"},
        ],
        inline_bot_buttons=[
            [{"type": "url", "text": "Сайт", "data": "https://rechka.example/a"}],
            [{"type": "callback", "text": "Голас", "data": "v1"}, "not a button"],
        ],
    )
    assert post.text == "Суд ~~3 сакавіка~~\n~~раніцай~~ 10 сакавіка"
    assert post.struck == (Struck(field="text", text="3 сакавіка раніцай"),)
    assert post.buttons == (
        InlineButton(text="Сайт", url="https://rechka.example/a"),
        InlineButton(text="Голас"),
    )
    assert post.links == ("https://rechka.example/a",)


def test_a_post_without_buttons_keeps_the_version_that_it_had_before_there_were_any() -> None:
    assert "buttons" not in version_content(one(text="Суд"))
