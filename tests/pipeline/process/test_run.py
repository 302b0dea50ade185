"""From sealed files to records, media, groups and changes, over the sample sites of two days."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from crawlers.watchlist.loader import read_watchlist
from crawlers.watchlist.source import Source
from pipeline.process.capture import read_capture
from pipeline.process.result import CaptureResult
from pipeline.process.run import READ_WITH, ProcessError, process_files, process_pending
from processors.digest import sha256
from processors.kinds import PageKind
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.parsing.limits import PageLimits
from processors.parsing.parser_versions import read_page
from processors.parsing.parsers import PageNotRead
from processors.parsing.sandboxed_parsers import ConfinedParsers
from processors.records.telegram_post import TelegramPost
from samples import expected
from samples.media.files import media_file
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import captures_of
from storage.catalogue.records import reading_problem, records_of_capture, sightings_of_record
from storage.catalogue.tables import media, outcomes, readings, records, sightings, versions, warcs
from storage.catalogue.unread import claim_unprocessed
from storage.deposit.deposit import deposit_file
from storage.queries.changes import Change, changes
from storage.queries.full_text import search_database
from storage.search_index.question import SearchQuery
from storage.similarity.media import group_of, links_of, medium, occurrences_of
from tests.pipeline.process.collector import SAMPLES, Collector
from tests.pipeline.process.unread_files import count_unread
from tests.storage.crawled_files import KANAL, crawl_one, exchange, no_answer, response


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    return {source.id: source for source in read_watchlist(SAMPLES).sources}


@pytest.fixture(scope="module")
def sites() -> Iterator[SampleSites]:
    with SampleSites() as running:
        yield running


@pytest.fixture
def collector(sites: SampleSites, archive: Archive, tmp_path: Path) -> Collector:
    return Collector(sites, archive, tmp_path)


def changes_of(archive: Archive, source_id: str) -> list[tuple[str, str]]:
    """Changes of a source as (kind, natural key)."""
    with archive.reader.connect() as connection:
        return [(change.kind, change.natural_key) for change in changes(connection, source_id)]


def count(connection: Connection, table: object) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)  # type: ignore[arg-type]  # any table


def post_key(channel: str, post_id: int) -> str:
    return f"{expected.CHANNEL_IDS[channel]}/{post_id}"


def text_of(connection: Connection, capture_id: str, record_id: str) -> str:
    shown = {each.record_id: each.content for each in records_of_capture(connection, capture_id)}
    return str(shown[record_id]["text"])


def test_a_channel_becomes_its_posts(collector: Collector, sources: dict[str, Source], archive: Archive) -> None:
    collector.collect(sources["tg-vestki"], 1)
    report = process_pending(archive)
    wanted = {post_key(expected.VESTKI, number) for number in expected.posts(expected.VESTKI, 1)}
    with archive.reader.connect() as connection:
        assert set(connection.scalars(select(records.c.natural_key))) == wanted
    assert (report.files, report.pages, report.unreadable) == (1, expected.PAGES_DAY_1[expected.VESTKI], 0)


def test_the_second_day_of_a_channel_shows_its_changes_and_no_others(
    collector: Collector, sources: dict[str, Source], archive: Archive
) -> None:
    for day in (1, 2):
        collector.collect(sources["tg-vestki"], day)
        process_pending(archive)
    new = [("added", post_key(expected.VESTKI, number)) for number in expected.NEW_POSTS[expected.VESTKI]]
    assert sorted(changes_of(archive, "tg-vestki")) == sorted(
        [*new, ("edited", post_key(*expected.EDITED_POST)), ("missing", post_key(*expected.DELETED_POST))]
    )


def test_other_numbers_of_views_make_a_sighting_and_no_version(
    collector: Collector, sources: dict[str, Source], archive: Archive
) -> None:
    for day in (1, 2):
        collector.collect(sources["tg-oblsud"], day)
    process_pending(archive)
    key = post_key(expected.OBLSUD, 5)
    with archive.reader.connect() as connection:
        record = connection.scalar(select(records.c.id).where(records.c.natural_key == key))
        first, second = sightings_of_record(connection, str(record))
    assert (first.content["views_raw"], second.content["views_raw"]) == ("980", "991")
    assert first.version_id == second.version_id


def test_the_second_day_of_the_courts_shows_their_changes_and_no_others(
    collector: Collector, sources: dict[str, Source], archive: Archive
) -> None:
    for day in (1, 2):
        for source in (expected.REGIONAL_SOURCE, expected.CITY_SOURCE):
            collector.collect(sources[source], day)
    process_pending(archive)
    regional, city = changes_of(archive, expected.REGIONAL_SOURCE), changes_of(archive, expected.CITY_SOURCE)
    assert [kind for kind, _ in sorted(regional)] == ["added", "moved"]
    assert expected.NEW_HEARING[1].case_number in sorted(regional)[0][1]
    assert expected.MOVED_HEARING[1].case_number in sorted(regional)[1][1]
    assert [kind for kind, _ in city] == ["missing"]
    assert expected.GONE_HEARING[1] in city[0][1]


def test_the_second_day_of_the_news_shows_its_changes_and_no_others(
    collector: Collector, sources: dict[str, Source], archive: Archive
) -> None:
    for day in (1, 2):
        collector.collect(sources["vesnik"], day)
    process_pending(archive)
    found = changes_of(archive, "vesnik")
    assert sorted(kind for kind, _ in found) == ["added", "edited"]
    by_kind = dict(found)
    assert expected.NEW_ARTICLE.rstrip("/") in by_kind["added"]
    assert expected.MODIFIED_ARTICLE.rstrip("/") in by_kind["edited"]


def test_a_change_names_the_captures_that_prove_it(
    collector: Collector, sources: dict[str, Source], archive: Archive
) -> None:
    for day in (1, 2):
        collector.collect(sources["tg-vestki"], day)
    process_pending(archive)
    with archive.reader.connect() as connection:
        found: Sequence[Change] = changes(connection, "tg-vestki")
        (gone,) = [change for change in found if change.kind == "missing"]
        (edited,) = [change for change in found if change.kind == "edited"]
        before, after = edited.capture_ids
        texts = [
            next(
                each.content["text"]
                for each in records_of_capture(connection, capture)
                if each.record_id == edited.record_id
            )
            for capture in (before, after)
        ]
    assert len(gone.capture_ids) == 2 and gone.since is not None and gone.since < gone.at
    assert texts == [expected.EDITED_TEXT_DAY_1, expected.EDITED_TEXT_DAY_2]
    assert "text" in edited.fields


def test_a_list_whose_next_page_was_not_fetched_claims_nothing_missing(
    collector: Collector, sources: dict[str, Source], archive: Archive, sites: SampleSites
) -> None:
    source = sources[expected.CITY_SOURCE]
    collector.collect(source, 1)
    sites.set_day(2)
    first_page = [collector._exchange(source.seeds[0], 2, 0)]
    deposit_file(archive, crawl_one(collector.spool, first_page, source=source))
    process_pending(archive)
    assert changes_of(archive, expected.CITY_SOURCE) == []


def test_processing_again_changes_nothing_and_says_so(
    collector: Collector, sources: dict[str, Source], archive: Archive
) -> None:
    key = collector.collect(sources["tg-monitor"], 1)
    assert count_unread(archive, READ_WITH) == 1
    process_pending(archive)
    again = process_pending(archive)
    assert (again.files, again.captures, again.records) == (0, 0, 0)
    assert process_files(archive, [key]).files == 0


def test_a_claimed_file_is_left_to_whoever_reads_it(
    collector: Collector, sources: dict[str, Source], archive: Archive
) -> None:
    collector.collect(sources["tg-monitor"], 1)
    with claim_unprocessed(archive, READ_WITH) as claimed:
        assert claimed is not None
        assert process_pending(archive).files == 0


def test_a_claim_that_ends_in_an_error_leaves_the_file_unread(
    collector: Collector, sources: dict[str, Source], archive: Archive
) -> None:
    collector.collect(sources["tg-monitor"], 1)
    with pytest.raises(RuntimeError), claim_unprocessed(archive, READ_WITH):
        raise RuntimeError
    assert count_unread(archive, READ_WITH) == 1


def test_an_interrupted_reading_goes_on_where_it_stopped(
    collector: Collector, sources: dict[str, Source], archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.collect(sources["tg-vestki"], 1)
    left = [2]

    def read_two(*args: Any) -> CaptureResult:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return read_capture(*args)

    with monkeypatch.context() as patched:
        patched.setattr("pipeline.process.run.read_capture", read_two)
        with pytest.raises(KeyboardInterrupt):
            process_pending(archive)
    report = process_pending(archive)
    assert (report.files, report.captures) == (1, expected.PAGES_DAY_1[expected.VESTKI] - 2)
    with archive.reader.connect() as connection:
        assert count(connection, records) == len(expected.posts(expected.VESTKI, 1))


def test_pictures_that_recur_are_one_group_with_the_links_that_made_it(archive: Archive, tmp_path: Path) -> None:
    names = [*expected.RECURRING_PICTURES["tram"], *expected.RECURRING_PICTURES["snow"]]
    contents = {name: media_file(name).content for name in names}
    items = [
        exchange(f"https://cdn.test/{number}.jpg", response(content, "image/jpeg"))
        for number, content in enumerate(contents.values())
    ]
    for item in items:  # each file by itself: groups must not depend on what comes together
        deposit_file(archive, crawl_one(tmp_path, [item]))
        process_pending(archive)
    with archive.reader.connect() as connection:
        for scene in ("tram", "snow"):
            members = {sha256(contents[name]) for name in expected.RECURRING_PICTURES[scene]}
            group = group_of(connection, min(members))
            assert group is not None and set(group.members) == members
            assert {link.a for link in group.links} | {link.b for link in group.links} == members


def test_a_picture_seen_twice_is_one_medium_with_two_occurrences(archive: Archive, tmp_path: Path) -> None:
    content = media_file("tram/w800/q82").content
    items = [exchange(f"https://{host}.test/a.jpg", response(content, "image/jpeg")) for host in ("one", "two")]
    deposit_file(archive, crawl_one(tmp_path, items))
    report = process_pending(archive)
    with archive.reader.connect() as connection:
        found = medium(connection, sha256(content))
        seen = [capture.url for capture in occurrences_of(connection, sha256(content))]
    assert found is not None and (found.media_type, found.width) == ("image/jpeg", 800)
    assert sorted(seen) == ["https://one.test/a.jpg", "https://two.test/a.jpg"]
    assert (report.media, report.compared) == (2, 1)
    with archive.reader.connect() as connection:
        assert links_of(connection, sha256(content)) == ()


def test_a_damaged_picture_is_refused_with_a_reason_and_counted(archive: Archive, tmp_path: Path) -> None:
    content = media_file("tram/w800/q82").content[:120]
    deposit_file(archive, crawl_one(tmp_path, [exchange("https://a.test/", response(content, "image/jpeg"))]))
    report = process_pending(archive)
    with archive.reader.connect() as connection:
        found = medium(connection, sha256(content))
    assert found is not None and found.refused is not None
    assert (report.media, report.refused) == (1, 1)


def test_pages_that_are_no_content_are_outcomes_and_no_records(
    collector: Collector, sources: dict[str, Source], archive: Archive
) -> None:
    collector.collect(sources["vesnik"], 1)
    process_pending(archive)
    with archive.reader.connect() as connection:
        for path, outcome in expected.NOT_ARTICLES.items():
            if outcome == "consent":
                continue  # a redirect, and what it leads to was not fetched here
            (capture,) = captures_of(connection, f"{expected.NEWS_ADDRESS}{path}")
            assert capture.outcome == outcome
            assert list(records_of_capture(connection, capture.id)) == []


def test_a_parser_that_trips_leaves_a_reason_and_the_others_are_read(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trips_over_one(_: ConfinedParsers, page: Page, kind: PageKind, **more: Any) -> Reading:
        if page.url.endswith("before=2"):
            raise PageNotRead("RecursionError: too deep", limit=False)
        return read_page(page, kind, **more)

    pages = ["https://t.me/s/kanal", "https://t.me/s/kanal?before=2"]
    deposit_file(archive, crawl_one(tmp_path, [exchange(url, response(b"<html>")) for url in pages]))
    monkeypatch.setattr(ConfinedParsers, "read_page", trips_over_one)
    report = process_pending(archive)
    with archive.reader.connect() as connection:
        problems = dict(connection.execute(select(readings.c.url, readings.c.problem)).tuples().all())
    assert problems == {pages[0]: None, pages[1]: "RecursionError: too deep"}
    assert (report.pages, report.unreadable) == (2, 1)


def test_a_page_beyond_the_limits_is_an_outcome_and_is_not_tried_again(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile, after = (f"https://zlo.example/2026/03/01/{name}.html" for name in ("one-two-three", "two-three"))
    slow = b"<html><body>" + b"<p>xyz word, and more." * 300_000
    pages = [exchange(hostile, response(slow)), exchange(after, response(b"<html>"))]
    source = Source(id="zlo", kind="news", start_pages=("https://zlo.example/",))
    deposit_file(archive, crawl_one(tmp_path, pages, source=source))
    limits = PageLimits(seconds=1, seconds_per_mb=0)
    monkeypatch.setattr("pipeline.process.readers.ConfinedParsers", partial(ConfinedParsers, limits))
    report = process_pending(archive)
    assert (report.pages, report.unreadable) == (2, 1)
    assert process_pending(archive).pages == 0
    with archive.reader.connect() as connection:
        (capture,) = captures_of(connection, hostile)
        assert (capture.outcome, capture.outcome_reason) == (
            "unreadable",
            "reading the page takes more than 1 s of processor time",
        )
        assert reading_problem(connection, capture.id) == capture.outcome_reason
        (capture,) = captures_of(connection, after)
        assert capture.outcome != "unreadable"


def test_a_new_parser_replaces_readings_and_adds_no_versions(
    collector: Collector, sources: dict[str, Source], archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.collect(sources["tg-monitor"], 1)
    process_pending(archive)

    def reads_shouting(_: ConfinedParsers, page: Page, kind: PageKind, **more: Any) -> Reading:
        reading = read_page(page, kind, **more)
        posts = [record for record in reading.records if isinstance(record, TelegramPost)]
        louder = tuple(replace(post, text=(post.text or "").upper()) for post in posts)
        return replace(reading, parser_version="telegram-louder", records=louder)

    monkeypatch.setattr(ConfinedParsers, "read_page", reads_shouting)
    monkeypatch.setattr("pipeline.process.run.READ_WITH", "louder")
    monkeypatch.setattr("pipeline.process.run.VERSIONS", ("outcome-2", "telegram-louder"))
    process_pending(archive)
    posts = len(expected.posts(expected.MONITOR, 1))
    with archive.reader.connect() as connection:
        assert set(connection.scalars(select(readings.c.parser_version))) == {"telegram-louder"}
        assert (count(connection, records), count(connection, versions), count(connection, sightings)) == (
            posts,
        ) * 3
    assert changes_of(archive, "tg-monitor") == []


def test_a_file_that_cannot_be_read_is_named_and_the_others_are(
    collector: Collector, sources: dict[str, Source], archive: Archive
) -> None:
    broken = collector.collect(sources["tg-oblsud"], 1)
    collector.collect(sources["tg-monitor"], 1)
    with archive.writer.begin() as connection:
        connection.execute(warcs.update().where(warcs.c.key == broken).values(object_version="none"))
    with pytest.raises(ProcessError, match=broken) as failed:
        process_pending(archive)
    assert failed.value.report.files == 1
    assert count_unread(archive, READ_WITH) == 1


def test_a_request_without_an_answer_is_no_page(archive: Archive, tmp_path: Path) -> None:
    deposit_file(archive, crawl_one(tmp_path, [no_answer("https://gone.test/")], source=KANAL))
    assert process_pending(archive).pages == 0
    with archive.reader.connect() as connection:
        assert (count(connection, outcomes), count(connection, media)) == (0, 0)


@pytest.mark.parametrize("asked", ["апеляцыйнае пасяджэнне", "апеляцыйнага", '"Новая дата"', "перанёс -трамвай"])
def test_a_record_is_found_by_its_words(
    collector: Collector, sources: dict[str, Source], archive: Archive, asked: str
) -> None:
    collector.collect(sources["tg-vestki"], 2)
    process_pending(archive)
    with archive.reader.connect() as connection:
        hits = search_database(connection, SearchQuery(text=asked)).hits
        found = [each.sighting.natural_key for each in hits if each.sighting is not None]
    assert post_key(*expected.EDITED_POST) in found


def test_a_word_nobody_wrote_is_not_found(
    collector: Collector, sources: dict[str, Source], archive: Archive
) -> None:
    collector.collect(sources["tg-monitor"], 1)
    process_pending(archive)
    with archive.reader.connect() as connection:
        assert search_database(connection, SearchQuery(text="кракадзіл")).total == 0
