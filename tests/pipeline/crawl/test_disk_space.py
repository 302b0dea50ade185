"""A disk that is nearly full: no crawl begins, one at work ends with its files closed, all is deposited."""

import json
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from crawlers.watchlist.loader import read_watchlist
from pipeline.collect.deposit_spool import deposit_crawl
from pipeline.collect.harvest import harvest_batch, harvest_source, room_of
from pipeline.collect.harvest_summary import summary_of
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import ROOT, Settings, SettingsError, load_settings
from pipeline.crawl import job_for, run_crawl
from pipeline.crawl.disk_space import NoRoomError, Room
from samples.sites import SampleSites
from storage.archive import Archive
from storage.ledger.custody import entries
from tests.storage.sample_exchanges import records_in
from tests.typed_commands import typed

MARGIN_MB = 1000
"""Others use the disk while these tests run."""

EVERYTHING = 10**18
"""More than any disk has."""


@pytest.fixture
def collecting(stored_settings: Settings, archive: Archive, sample_sites: SampleSites) -> Settings:
    return replace(
        stored_settings,
        watchlist=ROOT / "samples" / "watchlist.yaml",
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )


def test_no_crawl_begins_where_there_is_less_room_than_is_kept(
    collecting: Settings, archive: Archive, sample_sites: SampleSites
) -> None:
    sample_sites.forget_requests()
    full = replace(collecting, keep_free_mb=EVERYTHING // 10**6)

    with pytest.raises(NoRoomError, match=r"Nothing was fetched: the disk of .* is nearly full: .* GB free, and "):
        harvest_source(full, "oblsud")
    batch = harvest_batch(full, ("oblsud", "tg-vestki"), on_progress=lambda _: None)

    assert batch.worth_trying_again
    summary = summary_of([["oblsud"], ["tg-vestki"]], [batch.rows()])
    assert summary.sentence().count("is nearly full") == 1, "said once, not for each source"
    assert "oblsud, tg-vestki: NoRoomError: Nothing was fetched" in summary.sentence()
    assert sample_sites.requests_log == ()
    with archive.reader.connect() as connection:
        assert entries(connection) == ()


def test_a_crawl_at_work_ends_with_the_reason_and_everything_written_is_deposited(
    collecting: Settings, archive: Archive, sample_sites: SampleSites
) -> None:
    """The room goes while the crawl is at work: what is to stay free is as much as there is when it begins."""
    settings = replace(
        collecting, keep_free_mb=shutil.disk_usage(collecting.data.parent).free // 10**6 - MARGIN_MB
    )
    source = replace(read_watchlist(settings.watchlist).source("tg-vestki"), delay_s=0.5)
    ballast = settings.data.parent / "ballast"
    job = job_for(
        source,
        user_agent=settings.user_agent,
        collector="collector-1",
        connect_to=settings.connect_to,
        allow_addresses=settings.allow_addresses,
        upstream_ca=settings.upstream_ca,
    )
    fills = threading.Event()

    def fill(_: str) -> None:
        if not fills.is_set():
            fills.set()
            subprocess.run(["fallocate", "-l", "2G", str(ballast)], check=True)

    settings.spool_dir.mkdir(parents=True)
    try:
        report = run_crawl(job, settings.spool_dir, room=room_of(settings), on_progress=fill)
    finally:
        ballast.unlink(missing_ok=True)

    assert fills.is_set()
    assert report.problem is not None
    assert "is nearly full" in report.problem
    assert "What was captured is whole and is deposited; make room, then harvest again" in report.problem
    (file,) = report.files
    assert len(records_in(file.path)) == file.records > 1
    assert list((settings.spool_dir / report.crawl_id).glob("*.open")) == []
    with opened_archive(settings) as opened:
        deposited = deposit_crawl(opened, settings.spool_dir / report.crawl_id, actor="test", closed=report.files)
    assert [each.captures > 0 for each in deposited] == [True]


def test_with_the_store_on_the_same_disk_the_spool_needs_its_room_once_more(tmp_path: Path) -> None:
    kept = shutil.disk_usage(tmp_path).free - (2 << 30)
    assert Room(kept, store_beside=True).shortfall(tmp_path) is None
    (tmp_path / "01JD").mkdir()
    growing = tmp_path / "01JD" / "a.warc.gz.open"
    subprocess.run(["fallocate", "-l", "1536M", str(growing)], check=True)
    try:
        assert Room(kept, store_beside=False).shortfall(tmp_path) is None
        assert "the deposit of what is in the spool" in str(Room(kept, store_beside=True).shortfall(tmp_path))
    finally:
        growing.unlink()


def test_letapis_crawl_alone_leaves_the_room_too(tmp_path: Path, sample_sites: SampleSites) -> None:
    asked = ["crawl", "--json", "--spool", str(tmp_path / "spool")]
    asked += ["--url", "https://vesnik.pryklad.example/", "--connect-to", sample_sites.connect_to]
    asked += ["--allow-address", "127.0.0.0/8", "--upstream-ca", str(sample_sites.authority)]
    ran = typed(*asked, env={"LETAPIS_KEEP_FREE_MB": str(10**12)})
    (row,) = map(json.loads, ran.stdout.splitlines())
    assert ran.returncode == 1
    assert "is nearly full" in row["problem"]


def test_what_is_kept_free_is_a_number_of_megabytes() -> None:
    assert load_settings({"LETAPIS_KEEP_FREE_MB": "250"}).keep_free_mb == 250
    with pytest.raises(SettingsError, match="LETAPIS_KEEP_FREE_MB: expected a whole number of megabytes"):
        load_settings({"LETAPIS_KEEP_FREE_MB": "1 GB"})
