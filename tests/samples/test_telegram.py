"""The sample channels, read by the project's own parser, hold what `samples.expected` says."""

import json
import re
from base64 import urlsafe_b64decode
from collections import Counter

import pytest

from processors.pages.outcome import Outcome
from processors.pages.parse_result import Reading
from processors.parsing.parser_versions import read_page
from processors.record_keys import version_content
from processors.records.telegram_post import TelegramPost
from samples import expected
from tests.samples.conftest import Visitor

pytestmark = pytest.mark.slow

WITHHELD = re.compile(r"no address|too big|Please open Telegram")
CHANNELS = sorted(expected.POSTS_DAY_1)


def readings(visitor: Visitor, channel: str) -> list[Reading]:
    """Every preview page of the channel, newest first, as a spider would walk them."""
    url: str | None = f"https://t.me/s/{channel}"
    pages = []
    while url is not None:
        pages.append(read_page(visitor.get(url).page, "telegram"))
        url = pages[-1].links.older
    return pages


def posts(visitor: Visitor, channel: str, day: int) -> dict[int, TelegramPost]:
    visitor.sites.set_day(day)
    found = [record for reading in readings(visitor, channel) for record in reading.records]
    by_id = {record.post_id: record for record in found if isinstance(record, TelegramPost)}
    assert len(by_id) == len(found), "a post twice, or a record that is no post"
    return by_id


@pytest.mark.parametrize("day", [1, 2])
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_holds_exactly_its_posts(visitor: Visitor, channel: str, day: int) -> None:
    found = posts(visitor, channel, day)
    assert tuple(sorted(found)) == expected.posts(channel, day)
    assert {post.channel_id for post in found.values()} == {expected.CHANNEL_IDS[channel]}
    assert {post.channel for post in found.values()} == {channel}


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_has_its_number_of_pages(visitor: Visitor, channel: str) -> None:
    pages = readings(visitor, channel)
    assert len(pages) == expected.PAGES_DAY_1[channel]
    assert all(page.outcome is Outcome.CONTENT for page in pages)
    remarks = [remark for page in pages for remark in page.remarks]
    assert [remark for remark in remarks if not WITHHELD.search(remark)] == []


@pytest.mark.parametrize("channel", CHANNELS)
def test_texts_times_and_views_are_those_expected(visitor: Visitor, channel: str) -> None:
    first, second = posts(visitor, channel, 1), posts(visitor, channel, 2)
    for (where, number), text in expected.TEXTS_DAY_1.items():
        assert where != channel or first[number].text == text
    for (where, number), moment in expected.PUBLISHED.items():
        published = first[number].published_at if where == channel else None
        assert where != channel or (
            published is not None and published.isoformat() == moment.replace("Z", "+00:00")
        )
    for day, views in ((first, expected.VIEWS_DAY_1), (second, expected.VIEWS_DAY_2)):
        for (where, number), raw in views.items():
            assert where != channel or day[number].views_raw == raw


@pytest.mark.parametrize("channel", CHANNELS)
def test_posts_carry_the_kinds_of_media_expected(visitor: Visitor, channel: str) -> None:
    first, second = posts(visitor, channel, 1), posts(visitor, channel, 2)
    kinds = Counter(medium.kind for post in first.values() if not post.service for medium in post.media)
    assert dict(kinds) == expected.MEDIA_KINDS_DAY_1[channel]
    later = Counter(medium.kind for post in second.values() if not post.service for medium in post.media)
    assert later["photo"] == expected.PHOTOS_DAY_2[channel]


@pytest.mark.parametrize("channel", CHANNELS)
def test_marks_origins_answers_and_polls_are_those_expected(visitor: Visitor, channel: str) -> None:
    first, second = posts(visitor, channel, 1), posts(visitor, channel, 2)
    both = first | second
    assert (
        tuple(sorted(number for number, post in first.items() if post.service)) == expected.SERVICE_POSTS[channel]
    )
    edited = tuple(sorted(number for number, post in first.items() if post.edited))
    assert edited == expected.EDITED_MARKS_DAY_1[channel]
    albums = {number: len(post.media) for number, post in both.items() if len(post.media) > 1}
    assert albums == {number: len(ids) for number, ids in expected.ALBUMS[channel].items()}
    forwards = {
        (channel, number): (post.forwarded_from.name, post.forwarded_from.url)
        for number, post in both.items()
        if post.forwarded_from is not None
    }
    assert forwards == {key: value for key, value in expected.FORWARDS.items() if key[0] == channel}
    replies = {
        (channel, n): int(p.reply_to.url.rpartition("/")[2]) for n, p in both.items() if p.reply_to is not None
    }
    assert replies == {key: value for key, value in expected.REPLIES.items() if key[0] == channel}
    signatures = {(channel, number): post.signature for number, post in both.items() if post.signature is not None}
    assert signatures == {key: value for key, value in expected.SIGNATURES.items() if key[0] == channel}
    previews = {(channel, n): p.link_preview.url for n, p in both.items() if p.link_preview is not None}
    assert previews == {key: value for key, value in expected.LINK_PREVIEWS.items() if key[0] == channel}


@pytest.mark.parametrize(("day", "polls"), [(1, expected.POLLS_DAY_1), (2, expected.POLLS_DAY_2)])
def test_polls_show_the_results_of_the_day(
    visitor: Visitor, day: int, polls: dict[tuple[str, int], tuple[str, tuple[int, ...], str]]
) -> None:
    found = posts(visitor, expected.VESTKI, day)
    for (channel, number), (question, percents, voters) in polls.items():
        poll = found[number].poll
        assert channel == expected.VESTKI
        assert poll is not None
        assert poll.question == question
        assert tuple(option.percent for option in poll.options) == percents
        assert poll.total_raw is not None
        assert poll.total_raw.startswith(voters)


@pytest.mark.parametrize("channel", CHANNELS)
def test_day_two_changes_what_is_expected_and_nothing_else(visitor: Visitor, channel: str) -> None:
    first, second = posts(visitor, channel, 1), posts(visitor, channel, 2)
    stayed = sorted(first.keys() & second.keys())
    versions = [number for number in stayed if version_content(first[number]) != version_content(second[number])]
    assert versions == [number for where, number in [expected.EDITED_POST] if where == channel]
    reseen = [
        number
        for number in stayed
        if (first[number].views_raw, first[number].reactions, first[number].poll)
        != (second[number].views_raw, second[number].reactions, second[number].poll)
    ]
    assert tuple(reseen) == expected.RESEEN_POSTS[channel]
    if channel == expected.EDITED_POST[0]:
        before, after = first[expected.EDITED_POST[1]], second[expected.EDITED_POST[1]]
        assert (before.text, before.edited) == (expected.EDITED_TEXT_DAY_1, False)
        assert (after.text, after.edited) == (expected.EDITED_TEXT_DAY_2, True)


def test_day_three_renames_a_channel_and_changes_nothing_else(visitor: Visitor) -> None:
    old, new = expected.RENAMED
    second, third = posts(visitor, old, 2), posts(visitor, new, 3)
    assert tuple(sorted(third)) == expected.posts(old, 3)
    assert {post.channel_id for post in third.values()} == {expected.CHANNEL_IDS[old]}
    assert {post.channel for post in third.values()} == {new}
    assert [n for n in second if version_content(second[n]) != version_content(third[n])] == []
    nobody = visitor.get(f"https://t.me/s/{old}")
    assert (nobody.status, nobody.header("location")) == (302, f"https://t.me/{old}")


def test_posts_forwarded_from_the_renamed_channel_name_it_anew_without_an_edit(visitor: Visitor) -> None:
    second, third = posts(visitor, expected.VESTKI, 2), posts(visitor, expected.VESTKI, 3)
    named = {(expected.VESTKI, n): post.forwarded_from for n, post in third.items() if post.forwarded_from}
    for key, (name, url) in expected.FORWARDS_DAY_3.items():
        assert (named[key].name, named[key].url) == (name, url)
    assert second.keys() == third.keys()
    assert [n for n in second if version_content(second[n]) != version_content(third[n])] == []


def test_media_addresses_change_at_every_load_while_the_bytes_stay(visitor: Visitor) -> None:
    once, again = (readings(visitor, expected.MONITOR)[0].links.media for _ in range(2))
    assert len(once) == len(again)
    assert not set(once) & set(again)
    for one, other in zip(once, again, strict=True):
        assert visitor.get(one).body == visitor.get(other).body


def test_every_medium_a_page_shows_is_served(visitor: Visitor) -> None:
    media = [url for reading in readings(visitor, expected.VESTKI) for url in reading.links.media]
    visits = [visitor.get(url) for url in media]
    assert {visit.status for visit in visits} == {200}
    assert {visit.header("content-type") for visit in visits} >= {"image/jpeg", "video/mp4", "audio/ogg"}


def test_an_address_nobody_gave_out_is_not_found(visitor: Visitor) -> None:
    assert visitor.get("https://cdn4.telesco.pe/file/" + "A" * 342 + ".jpg").status == 404


def test_the_cursor_is_exclusive_and_the_walk_ends_empty(visitor: Visitor) -> None:
    ids = [post.post_id for post in read_posts(visitor, f"https://t.me/s/{expected.VESTKI}?before=74")]
    assert (len(ids), max(ids)) == (20, 73)
    end = read_page(visitor.get(f"https://t.me/s/{expected.VESTKI}?before=1").page, "telegram")
    assert (end.records, end.links.older) == ((), None)


def read_posts(visitor: Visitor, url: str) -> list[TelegramPost]:
    reading = read_page(visitor.get(url).page, "telegram")
    return [record for record in reading.records if isinstance(record, TelegramPost)]


def test_an_embedded_post_says_the_same_as_the_channel_page(visitor: Visitor) -> None:
    (embedded,) = read_posts(visitor, f"https://t.me/{expected.OBLSUD}/24?embed=1")
    listed = posts(visitor, expected.OBLSUD, 1)[24]
    assert version_content(embedded) == version_content(listed)


def test_a_deleted_post_is_gone_from_its_own_address_too(visitor: Visitor) -> None:
    channel, number = expected.DELETED_POST
    url = f"https://t.me/{channel}/{number}?embed=1"
    assert len(read_posts(visitor, url)) == 1
    visitor.sites.set_day(2)
    assert read_posts(visitor, url) == []


@pytest.mark.parametrize("handle", [expected.GROUP, expected.MISSING])
def test_what_has_no_preview_is_sent_to_its_card(visitor: Visitor, handle: str) -> None:
    answer = visitor.get(f"https://t.me/s/{handle}")
    assert (answer.status, answer.header("location")) == (302, f"https://t.me/{handle}")
    card = read_page(visitor.get(f"https://t.me/{handle}").page, "telegram")
    assert (card.outcome is Outcome.CONTENT, card.records) == (False, ())


def test_data_view_names_channel_post_and_album(visitor: Visitor) -> None:
    text = visitor.get(f"https://t.me/s/{expected.OBLSUD}").body.decode()
    raw = re.findall(r'data-post="[a-z_]+/(\d+)" data-view="([\w-]+)"', text)
    facts = {int(post): json.loads(urlsafe_b64decode(view + "=" * (-len(view) % 4))) for post, view in raw}
    assert len(facts) == 14
    assert facts[24]["p"] == 24
    assert facts[29]["p"] == "29g"
    assert {fact["c"] for fact in facts.values()} == {expected.CHANNEL_IDS[expected.OBLSUD]}
