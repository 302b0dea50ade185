"""What of a channel was seen and what was withheld, from invented preview pages through store and catalogue."""

import base64
import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from crawlers.watchlist.source import Source
from pipeline.collect.telegram_import import import_export
from pipeline.commands.telegram import bar, describe_coverage
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from processors.digest import sha256
from samples.media.files import media_file
from storage.archive import Archive
from storage.catalogue.records import sightings_of_record
from storage.catalogue.tables import readings, records, versions
from storage.crawl_state.known_urls import known_of
from storage.deposit.deposit import deposit_file
from storage.queries.changes import Change, changes
from storage.queries.channel_coverage import ChannelCoverage, ChannelPage, Gap, coverage_json, coverage_of_pages
from storage.queries.channel_coverage import coverage_of_source as coverage
from storage.queries.coverage import PostIdRange
from storage.queries.full_text import search_database
from storage.queries.unavailable_posts import withheld_posts
from storage.search_index.question import SearchQuery
from storage.similarity.media import occurrences_of
from tests.storage.crawled_files import HTML, crawl_one, exchange, response

NUMBER = -1700000001
SOURCE = Source(id="rechka", kind="telegram", channel="rechka")
NIGHT = datetime(2026, 11, 20, 21, tzinfo=UTC)
TOO_BIG = (
    '<a class="tgme_widget_message_video_player not_supported js-message_video_player" href="#">'
    '<div class="message_media_not_supported">'
    '<div class="message_media_not_supported_label">Media is too big</div></div></a>'
)


def post(number: int, text: str = "Пост", *, handle: str = "rechka", more: str = "") -> str:
    seen = base64.urlsafe_b64encode(json.dumps({"c": NUMBER, "p": number}).encode()).decode().rstrip("=")
    return (
        f'<div class="tgme_widget_message_wrap"><div class="tgme_widget_message" data-post="{handle}/{number}" '
        f'data-view="{seen}"><div class="tgme_widget_message_bubble">{more}'
        f'<div class="tgme_widget_message_text js-message_text">{text} {number}</div>'
        f'<a class="tgme_widget_message_date" href="https://t.me/{handle}/{number}">'
        '<time datetime="2026-11-01T10:00:00+00:00" class="time">10:00</time></a></div></div></div>'
    )


def page(*posts: str, older: int | None = None) -> bytes:
    """A page of the channel; without ``older`` it has no cursor, as at the beginning of a channel."""
    cursor = f'<a class="tme_messages_more" data-before="{older}" href="/s/rechka?before={older}"></a>'
    shown = "".join([cursor if older else "", *posts])
    history = f'<section class="tgme_channel_history js-message_history">{shown}</section>'
    return f"<html><body><main class=tgme_main>{history}</main></body></html>".encode()


class Nights:
    """Deposits one crawl per night: pages of the channel, and whatever else it fetched."""

    def __init__(self, archive: Archive, folder: Path) -> None:
        self.archive = archive
        self.folder = folder

    def crawl(self, night: int, pages: dict[str, bytes], *, media_type: str = HTML) -> None:
        items = [
            exchange(url, response(body, media_type if body[:1] == b"<" else "image/jpeg"), at=NIGHT + night * DAY)
            for url, body in pages.items()
        ]
        deposit_file(self.archive, crawl_one(self.folder, items, source=SOURCE))
        process_pending(self.archive)

    def found(self) -> ChannelCoverage:
        with self.archive.reader.connect() as connection:
            (channel,) = coverage(connection, "rechka")
        return channel

    def changes(self) -> tuple[Change, ...]:
        with self.archive.reader.connect() as connection:
            return changes(connection, "rechka")

    def owed(self) -> list[tuple[str, str]]:
        with self.archive.reader.connect() as connection:
            return [(each.url, each.reason) for each in withheld_posts(connection, "rechka")]


DAY = timedelta(days=1)
NEWEST = "https://t.me/s/rechka"


def ranges(found: ChannelCoverage) -> list[tuple[int, int, int]]:
    return [(each.first, each.last, (each.last_seen_at - NIGHT).days) for each in found.ranges]


def test_coverage_says_which_ids_were_seen_when_and_what_lies_between(archive: Archive, tmp_path: Path) -> None:
    nights = Nights(archive, tmp_path)
    pages = {NEWEST: page(post(20), post(22), older=20), f"{NEWEST}?before=10": page(post(5), post(8), older=5)}
    nights.crawl(0, pages)
    nights.crawl(1, {NEWEST: page(post(22), post(25), older=22)})
    found = nights.found()
    assert ranges(found) == [(5, 9, 0), (20, 21, 0), (22, 25, 1)]
    assert found.gaps == (
        Gap(1, 4, visited=False),
        Gap(6, 7, visited=True),
        Gap(9, 9, visited=True),
        Gap(10, 19, visited=False),
        Gap(21, 21, visited=True),
        Gap(23, 24, visited=True),
    )
    assert (found.posts, found.newest_id) == (5, 25)
    with archive.reader.connect() as connection:
        assert known_of(connection, SOURCE).unseen_posts == ((10, 19), (1, 4))


def test_a_page_without_a_cursor_is_the_beginning_and_leaves_nothing_to_ask_for(
    archive: Archive, tmp_path: Path
) -> None:
    nights = Nights(archive, tmp_path)
    nights.crawl(0, {NEWEST: page(post(3), post(4))})
    assert (ranges(nights.found()), nights.found().gaps) == ([(1, 4, 0)], (Gap(1, 2, visited=True),))
    with archive.reader.connect() as connection:
        assert known_of(connection, SOURCE).unseen_posts == ()


def test_the_items_of_an_album_are_no_gaps(archive: Archive, tmp_path: Path) -> None:
    items = "".join(
        f'<a class="tgme_widget_message_photo_wrap grouped_media_wrap" href="https://t.me/rechka/{number}?single" '
        f"style=\"background-image:url('https://cdn.test/{number}.jpg')\"></a>"
        for number in (7, 8, 9)
    )
    nights = Nights(archive, tmp_path)
    nights.crawl(0, {NEWEST: page(post(6), post(7, more=items), post(10), older=6)})
    assert [gap for gap in nights.found().gaps if gap.visited] == []


def test_coverage_is_shown_as_one_line_of_the_ids(archive: Archive, tmp_path: Path) -> None:
    nights = Nights(archive, tmp_path)
    nights.crawl(0, {NEWEST: page(post(8), post(10), older=8), f"{NEWEST}?before=4": page(post(2), older=2)})
    row = coverage_json("rechka", nights.found())
    assert bar(row) == "  1 [.##....###] 10"
    assert "  4-7: never requested" in describe_coverage(row).splitlines()


def test_many_nights_are_put_together_as_few_ranges() -> None:
    pages = [
        ChannelPage(
            PostIdRange("c", first + 1, math.inf), (first + 1, first + 900), NIGHT + night * DAY, str(night)
        )
        for night in range(300)
        for first in (1000 * night,)
    ]
    found = coverage_of_pages("c", pages)
    assert len(found.ranges) == 300
    assert (found.ranges[0].capture_ids, found.ranges[0].pages) == (("0",), 1)
    assert found.ranges[-1].last == found.newest_id == 299_900


def test_a_renamed_channel_keeps_its_posts_and_nothing_is_called_an_edit(archive: Archive, tmp_path: Path) -> None:
    nights = Nights(archive, tmp_path)
    nights.crawl(0, {NEWEST: page(post(1), post(2))})
    renamed = page(post(1, handle="rechka_new"), post(2, handle="rechka_new"), post(3, handle="rechka_new"))
    nights.crawl(1, {"https://t.me/s/rechka_new": renamed})
    with archive.reader.connect() as connection:
        keys = sorted(connection.scalars(select(records.c.natural_key)))
        assert len(list(connection.scalars(select(versions.c.id)))) == 3
    assert keys == [f"{NUMBER}/{number}" for number in (1, 2, 3)]
    assert [(change.kind, change.natural_key) for change in nights.changes()] == [("added", f"{NUMBER}/3")]


def test_an_edit_and_a_disappearance_are_seen_across_the_day_on_which_the_layout_changes(
    archive: Archive, tmp_path: Path
) -> None:
    nights = Nights(archive, tmp_path)
    eve = (datetime(2023, 11, 9, 21, tzinfo=UTC) - NIGHT).days
    nights.crawl(eve, {NEWEST: page(post(1), post(2), post(3, more=TOO_BIG))})
    nights.crawl(eve + 1, {NEWEST: page(post(1, "Іншы пост"), post(3), post(4))})
    with archive.reader.connect() as connection:
        read_by = list(connection.scalars(select(readings.c.parser_version).order_by(readings.c.captured_at)))
    assert read_by == ["telegram-2023-3", "telegram-2026-3"]
    assert sorted((change.kind, change.natural_key) for change in nights.changes()) == [
        ("added", f"{NUMBER}/4"),
        ("edited", f"{NUMBER}/1"),
        ("edited", f"{NUMBER}/3"),
        ("missing", f"{NUMBER}/2"),
    ]
    assert nights.owed() == []


def test_new_names_of_this_channel_and_of_others_are_no_edits_and_are_found_by_search(
    archive: Archive, tmp_path: Path
) -> None:
    def shown(handle: str, origin: str, title: str, quote: str) -> bytes:
        forward = (
            '<div class="tgme_widget_message_forwarded_from">Forwarded from <a href="https://t.me/'
            f'{origin}/7" class="tgme_widget_message_forwarded_from_name">{title}</a></div>'
        )
        reply = (
            f'<a class="tgme_widget_message_reply" href="https://t.me/{handle}/1">'
            f'<div class="tgme_widget_message_text js-message_reply_text">{quote}</div></a>'
        )
        return page(
            post(1, handle=handle), post(2, handle=handle, more=forward), post(3, handle=handle, more=reply)
        )

    nights = Nights(archive, tmp_path)
    nights.crawl(0, {NEWEST: shown("rechka", "krynica", "Крыніца", "Пост")})
    nights.crawl(1, {"https://t.me/s/rechka_new": shown("rechka_new", "krynica_2", "Новая назва", "Пост зменены")})
    assert nights.changes() == ()
    with archive.reader.connect() as connection:
        assert len(list(connection.scalars(select(versions.c.id)))) == 3
        (found,) = search_database(connection, SearchQuery(text="Крыніца")).hits
        assert found.sighting is not None
        newest = list(sightings_of_record(connection, found.sighting.record_id))[-1].content
    assert newest["forwarded_from"] == {"name": "Новая назва", "url": "https://t.me/krynica_2/7"}


def test_a_post_is_missing_only_where_a_later_page_covered_its_place_and_both_captures_say_so(
    archive: Archive, tmp_path: Path
) -> None:
    nights = Nights(archive, tmp_path)
    nights.crawl(0, {NEWEST: page(post(1), post(2), post(3))})
    nights.crawl(1, {NEWEST: page(post(3), post(4))})  # begins after 1 and 2: proves nothing of them
    nights.crawl(2, {NEWEST: page(post(1), post(3), post(4))})
    gone = [change for change in nights.changes() if change.kind == "missing"]
    assert [change.natural_key for change in gone] == [f"{NUMBER}/2"]
    assert len(gone[0].capture_ids) == 2
    assert gone[0].since is not None and (gone[0].since, gone[0].at) == (NIGHT, NIGHT + 2 * DAY)


def test_the_same_photo_under_a_new_signed_address_is_the_same_bytes_and_no_new_version(
    archive: Archive, tmp_path: Path
) -> None:
    photo = media_file("tram/w800/q82").content
    nights = Nights(archive, tmp_path)
    for night in (0, 1):
        url = f"https://cdn4.cdn-telegram.test/file/{'A' * 40}{night}.jpg"
        wrap = f'<a class="tgme_widget_message_photo_wrap" style="background-image:url(\'{url}\')"></a>'
        nights.crawl(night, {NEWEST: page(post(1, more=wrap)), url: photo})
    with archive.reader.connect() as connection:
        assert len(list(occurrences_of(connection, sha256(photo)))) == 2
        assert len(list(connection.scalars(select(versions.c.id)))) == 1
    assert nights.changes() == ()


def test_what_the_preview_withholds_stays_on_the_list_until_another_path_brings_it(
    archive: Archive, tmp_path: Path
) -> None:
    nights = Nights(archive, tmp_path / "spool")
    nights.crawl(0, {NEWEST: page(post(1), post(2, more=TOO_BIG), post(3, more=TOO_BIG))})
    nights.crawl(1, {NEWEST: page(post(1), post(2, more=TOO_BIG), post(3, more=TOO_BIG))})
    both = [(f"https://t.me/rechka/{number}", "video: Media is too big") for number in (2, 3)]
    assert nights.owed() == both
    rebuild(archive)
    assert nights.owed() == both
    message = {"id": 3, "type": "message", "date_unixtime": "1793527200", "text": "Пост", "file": "v.mp4"}
    chat = {"id": -NUMBER, "type": "public_channel", "name": "Рэчка", "messages": [message]}
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps(chat), "utf-8")
    (folder / "v.mp4").write_bytes(b"bytes of a video")
    import_export(archive, folder, tmp_path / "spool", source_id="rechka", actor="tester")
    process_pending(archive)
    assert nights.owed() == both[:1]
    assert nights.changes() == ()  # an export is read beside the preview, and never compared with it


def test_a_channel_without_a_preview_is_on_the_list_until_it_has_one(archive: Archive, tmp_path: Path) -> None:
    card = (
        b'<html><body><div class="tgme_page"><div class="tgme_page_title"><span>Rechka</span></div>'
        b'<div class="tgme_page_extra">120 subscribers</div></div></body></html>'
    )
    nights = Nights(archive, tmp_path)
    nights.crawl(0, {"https://t.me/rechka": card})
    ((url, reason),) = nights.owed()
    assert (url, "no public preview" in reason) == ("https://t.me/rechka", True)
    nights.crawl(1, {"https://t.me/rechka": page(post(1))})
    assert nights.owed() == []


def test_a_source_never_seen_has_no_coverage(archive: Archive) -> None:
    with archive.reader.connect() as connection:
        assert coverage(connection, "nobody") == ()
        assert withheld_posts(connection) == ()
