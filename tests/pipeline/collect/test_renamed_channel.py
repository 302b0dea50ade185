"""A channel takes another name: three nights of the sample sites through crawl, store, catalogue and questions."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.collect.harvest import HarvestResult, harvest_source
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.process.run import process_pending
from samples import expected
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.catalogue.tables import records
from storage.queries.changes import changes
from storage.queries.channel_coverage import coverage_of_source

SOURCES = """
defaults: {{delay_s: 0.01, limits: {{pages: 60, seconds: 120}}}}
sources:
  - {{id: court, kind: telegram, channel: {handle}}}
  - {{id: news, kind: telegram, channel: pryklad_vestki, reread_days: 3650}}
"""
OLD, NEW = expected.RENAMED
CHANNEL = expected.CHANNEL_IDS[OLD]


class Nights:
    """Harvests, before each of which the sample clock and the owner's watch-list may have been changed."""

    def __init__(self, settings: Settings, sites: SampleSites, archive: Archive) -> None:
        self.settings = settings
        self.sites = sites
        self.archive = archive

    def harvest(self, source_id: str, day: int, handle: str = OLD) -> HarvestResult:
        self.sites.set_day(day)
        self.settings.watchlist.write_text(SOURCES.format(handle=handle), "utf-8")
        result = harvest_source(self.settings, source_id)
        process_pending(self.archive)
        return result

    def changes_of(self, source_id: str, crawl: HarvestResult) -> list[tuple[str, str]]:
        """What has changed by what that crawl has shown."""
        with self.archive.reader.connect() as connection:
            its_own = {capture.id for capture in captures_of_crawl(connection, crawl.report.crawl_id)}
            found = changes(connection, source_id)
        return sorted((each.kind, each.natural_key) for each in found if each.capture_ids[-1] in its_own)


@pytest.fixture
def nights(stored_settings: Settings, sample_sites: SampleSites, tmp_path: Path) -> Iterator[Nights]:
    settings = replace(
        stored_settings,
        watchlist=tmp_path / "watchlist.yaml",
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
        yield Nights(settings, sample_sites, archive)
    sample_sites.set_day(1)


def test_a_renamed_channel_goes_on_under_its_identity_once_the_watch_list_has_its_new_name(nights: Nights) -> None:
    assert nights.harvest("court", 1).problem is None
    assert nights.harvest("court", 2).problem is None

    lost = nights.harvest("court", 3)
    assert "no channel, group or person of this name" in (lost.problem or "")
    assert nights.changes_of("court", lost) == []

    found = nights.harvest("court", 3, NEW)
    assert found.problem is None
    assert nights.changes_of("court", found) == [
        ("added", f"{CHANNEL}/{number}") for number in expected.NEW_POSTS_DAY_3
    ]
    with nights.archive.reader.connect() as connection:
        (covered,) = coverage_of_source(connection, "court")
        keys = set(connection.scalars(select(records.c.natural_key)))
    assert (covered.channel, covered.newest_id) == (str(CHANNEL), expected.NEW_POSTS_DAY_3[-1])
    assert [gap for gap in covered.gaps if not gap.visited] == []
    assert [handle.name for handle in covered.handles] == [OLD, NEW]
    assert keys == {f"{CHANNEL}/{number}" for number in expected.posts(OLD, 3)}


def test_a_channel_that_forwards_from_the_renamed_one_has_no_edit(nights: Nights) -> None:
    nights.harvest("news", 2)
    assert nights.changes_of("news", nights.harvest("news", 3)) == []
