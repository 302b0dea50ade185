"""Feeds are asked for on condition of what was deposited; that nothing has changed is recorded, too."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crawlers.watchlist.source import Source
from pipeline.collect.harvest import harvest_source
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.process.run import process_pending
from processors.http.message import parse_response
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_of
from storage.crawl_state.cached_feeds import listings_of
from storage.deposit.deposit import deposit_file
from storage.deposit.record_reader import read_record
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response

FEED = "https://vesnik.pryklad.example/rss.xml"
ONLY_THE_FEED = f"""
sources:
  - id: vesnik
    kind: news
    publisher: Веснік Прыклада
    feeds: [{FEED}]
    scope: [vesnik.pryklad.example]
    delay_s: 0.01
    limits: {{pages: 20, seconds: 60}}
    expect: {{min: 10, max: 10}}
"""


@pytest.fixture
def opened(stored_settings: Settings, sample_sites: SampleSites) -> Iterator[tuple[Settings, Archive]]:
    watchlist = stored_settings.data.parent / "watchlist.yaml"
    watchlist.write_text(ONLY_THE_FEED, "utf-8")
    settings = replace(
        stored_settings,
        watchlist=watchlist,
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
        yield settings, archive


def feeds(archive: Archive) -> list[Capture]:
    with archive.reader.connect() as connection:
        return list(captures_of(connection, FEED))


def test_a_feed_that_has_not_changed_is_recorded_as_such_and_counts_as_read(
    opened: tuple[Settings, Archive],
) -> None:
    settings, archive = opened
    first = harvest_source(settings, "vesnik")
    process_pending(archive)
    second = harvest_source(settings, "vesnik")
    third = harvest_source(settings, "vesnik")
    assert [result.problem for result in (first, second, third)] == [None, None, None]
    assert [capture.status for capture in feeds(archive)] == [200, 304, 304]
    told = parse_response(read_record(archive, feeds(archive)[1]).block)
    assert {name.lower(): value for name, value in told.headers}["etag"]
    assert second.report.pages < first.report.pages  # what is known and old is not asked for again


NEWS = Source(id="n", kind="news", feeds=("https://n.test/rss.xml",))
TAG = b'ETag: W/"1"\r\n'


@pytest.mark.parametrize(
    ("answers", "conditional"),
    [
        ([response(b"<rss/>", "text/xml", headers=TAG)], True),
        ([response(b"<rss/>", "text/xml")], False),
        ([response(b"<rss/>", "text/xml", headers=TAG), response(b"", status="304 Not Modified")], True),
        ([response(b"<rss/>", "text/xml", headers=TAG), response(b"no", status="403 Forbidden")], False),
        ([response(b"<rss/>", "text/xml", headers=TAG), response(b"<rss> </rss>", "text/xml")], False),
    ],
)
def test_only_the_newest_whole_answer_with_a_validator_makes_a_condition(
    archive: Archive, tmp_path: Path, answers: list[bytes], conditional: bool
) -> None:
    items = [
        exchange(NEWS.feeds[0], block, at=NIGHT + timedelta(hours=hour)) for hour, block in enumerate(answers)
    ]
    deposit_file(archive, crawl_one(tmp_path, items, source=NEWS))
    found = listings_of(archive, NEWS)
    assert [(listing.etag, listing.content) for listing in found] == (
        [('W/"1"', b"<rss/>")] if conditional else []
    )
