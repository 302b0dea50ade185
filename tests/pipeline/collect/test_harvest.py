from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator

from crawlers.watchlist.loader import InvalidWatchlist
from pipeline.collect.harvest import (
    UnknownSourceError,
    harvest_batch,
    harvest_source,
    in_batches,
    plan_interleaved,
    planned_sources,
)
from pipeline.collect.harvest_summary import summary_of
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import ROOT, Settings
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.process.run import process_pending
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.catalogue.revisits import payload_capture
from storage.ledger.custody import entries
from storage.objects.errors import StoreUnreachableError
from storage.similarity.media import medium_of_capture

SAMPLES = ROOT / "samples" / "watchlist.yaml"

TROUBLED = """
defaults: {delay_s: 0.01, limits: {pages: 5, seconds: 30}}
sources:
  - {id: forbidden, kind: court_list, pages: ["https://forbidden.pryklad.example/"]}
  - {id: nowhere, kind: court_list, pages: ["https://nowhere.pryklad.example:1/"]}
  - {id: inward, kind: court_list, pages: ["http://169.254.169.254/latest/meta-data/"]}
"""


ONE_MORE = """
  - {id: oblsud, kind: page, pages: ["https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1"]}
"""


@pytest.fixture
def collecting(stored_settings: Settings, sample_sites: SampleSites) -> Iterator[Settings]:
    """Settings that lead every host to the sample sites."""
    settings = replace(
        stored_settings,
        watchlist=SAMPLES,
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
    yield settings


@pytest.fixture
def opened(collecting: Settings) -> Iterator[Archive]:
    with opened_archive(collecting) as archive:
        yield archive


def test_a_source_is_crawled_deposited_and_accounted_for(collecting: Settings, opened: Archive) -> None:
    result = harvest_source(collecting, "oblsud")

    assert result.problem is None
    assert result.report.pages >= 1
    assert len(result.keys) == 1
    with opened.reader.connect() as connection:
        captures = tuple(captures_of_crawl(connection, result.report.crawl_id))
        custody = [entry.event for entry in entries(connection)]
    assert len(captures) == result.captures
    assert custody == ["collection_started", "deposited", "collection_ended"]
    assert list(collecting.spool_dir.iterdir()) == []


def test_the_next_night_keeps_unchanged_photos_as_revisits_and_every_page_in_full(
    collecting: Settings, opened: Archive
) -> None:
    first, second = (harvest_source(collecting, "tg-oblsud") for _ in range(2))
    process_pending(opened)

    with opened.reader.connect() as connection:
        by_night = [tuple(captures_of_crawl(connection, night.report.crawl_id)) for night in (first, second)]
        photos, again = (
            [capture for capture in night if capture.media_type == "image/jpeg"] for night in by_night
        )
        resolved = [payload_capture(connection, capture) for capture in again]
        media = [medium_of_capture(connection, capture.id) for capture in again]
    payloads = {capture.payload_digest for capture in photos}
    assert len(again) > 2
    assert {capture.record_type for capture in again} == {"revisit"}
    assert {capture.record_type for capture in by_night[1] if capture.media_type == "text/html"} == {"response"}
    assert all(
        each and each.record_type == "response" and each.crawl_id == first.report.crawl_id for each in resolved
    )
    assert {each and each.payload_digest for each in resolved} <= payloads
    assert None not in media
    assert list(collecting.spool_dir.iterdir()) == []


def test_two_harvests_at_once_and_a_cancelled_one_leave_no_revisit_without_its_payload(
    collecting: Settings, opened: Archive
) -> None:
    def cancel_after_the_first_page(said: str) -> None:
        if "1 pages" in said:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(2) as both:
        at_once = list(both.map(lambda _: harvest_source(collecting, "tg-oblsud"), range(2)))
    with pytest.raises(KeyboardInterrupt):
        harvest_source(collecting, "tg-oblsud", on_progress=cancel_after_the_first_page)
    (left,) = collecting.spool_dir.iterdir()
    third = harvest_source(collecting, "tg-oblsud")

    assert third.recovered == 1
    assert list(collecting.spool_dir.iterdir()) == []
    with opened.reader.connect() as connection:
        by_crawl = {
            crawl_id: [each for each in captures_of_crawl(connection, crawl_id) if each.record_type == "revisit"]
            for crawl_id in (*(each.report.crawl_id for each in at_once), left.name, third.report.crawl_id)
        }
        targets = {
            each.id: payload_capture(connection, each) for revisits in by_crawl.values() for each in revisits
        }
    assert len(by_crawl[third.report.crawl_id]) > 2
    for revisit in (each for revisits in by_crawl.values() for each in revisits):
        target = targets[revisit.id]
        assert target is not None
        assert (target.id, target.record_type) == (revisit.refers_to_id, "response")


def test_facts_of_collection_stand_in_custody_and_only_their_commitments_in_the_warc(
    collecting: Settings, opened: Archive, tmp_path: Path
) -> None:
    result = harvest_source(replace(collecting, collector="pseudonym-9"), "oblsud")

    with opened.reader.connect() as connection:
        (started,) = [entry for entry in entries(connection) if entry.event == "collection_started"]
        (capture, *_) = captures_of_crawl(connection, result.report.crawl_id)
    assert started.details["facts"]["collector"]["value"] == "pseudonym-9"
    machine = started.details["facts"]["machine"]["value"]
    stream = opened.objects.open(result.keys[0], capture.object_version)
    blocks = [record.reader.read() for record in ArchiveIterator(stream, parse_http=False)]
    info = blocks[0].decode()
    for name, commitment in started.details["commitments"].items():
        assert f"{name}: {commitment}" in info
    assert all(machine.encode() not in block for block in blocks)


def test_trouble_with_a_source_is_a_result_and_its_warc_holds_what_was_seen(
    collecting: Settings, opened: Archive, tmp_path: Path
) -> None:
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text(TROUBLED, "utf-8")
    troubled = replace(collecting, watchlist=watchlist)

    results = [
        *harvest_batch(troubled, ("forbidden",), on_progress=lambda _: None).results,
        *harvest_batch(
            replace(troubled, connect_to=()), ("nowhere", "inward"), on_progress=lambda _: None
        ).results,
    ]

    assert all(result.problem for result in results)
    with opened.reader.connect() as connection:
        seen = {
            result.report.source: {
                (capture.status, capture.transport_outcome)
                for capture in captures_of_crawl(connection, result.report.crawl_id)
                if capture.url.startswith("http") and "robots.txt" not in capture.url
            }
            for result in results
        }
    assert seen == {
        "forbidden": {(403, None)},
        "nowhere": {(None, "unreachable")},
        "inward": {(None, "refused_by_policy")},
    }


def test_an_entry_with_mistakes_costs_its_own_source_and_names_them(
    collecting: Settings, opened: Archive, tmp_path: Path
) -> None:
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text(TROUBLED.replace("kind: court_list", "kind: court", 1) + ONE_MORE, "utf-8")
    broken = replace(collecting, watchlist=watchlist)

    planned = plan_interleaved(broken)
    batch = harvest_batch(broken, ("forbidden", "oblsud"), on_progress=lambda _: None)

    assert planned == ("nowhere", "inward", "oblsud", "forbidden")
    assert [(row["source_id"], row["crawl_id"] is None, len(row["keys"])) for row in batch.rows()] == [
        ("oblsud", False, 1),
        ("forbidden", True, 0),
    ]
    assert not batch.worth_trying_again
    assert batch.describe_failures().startswith(
        "forbidden: Its entry in the watch-list has mistakes. Nothing of it was fetch"
    )
    assert f"{watchlist}:4: sources[0].kind: unknown kind 'court'" in batch.describe_failures()
    with pytest.raises(InvalidWatchlist):
        planned_sources(broken)
    watchlist.write_text(TROUBLED.replace("delay_s: 0.01", "delay_s: soon"), "utf-8")
    with pytest.raises(InvalidWatchlist, match="defaults"):
        plan_interleaved(broken)


def test_an_unknown_source_is_named_with_those_there_are(collecting: Settings) -> None:
    with pytest.raises(UnknownSourceError, match=r"no source tg-nothing\. It has: tg-vestki, .*Nothing was"):
        planned_sources(collecting, ("sud-zavadski", "tg-nothing"))


def test_sources_are_planned_in_the_order_of_the_watch_list(collecting: Settings) -> None:
    assert planned_sources(collecting, ("vesnik", "tg-vestki")) == ("tg-vestki", "vesnik")


@pytest.mark.parametrize(("sources", "batches", "largest"), [(0, 0, 0), (1, 1, 1), (256, 256, 1), (600, 200, 3)])
def test_there_are_never_more_tasks_than_airflow_takes_easily(sources: int, batches: int, largest: int) -> None:
    made = in_batches([f"source-{number}" for number in range(sources)])
    assert len(made) == batches
    assert max((len(batch) for batch in made), default=0) == largest
    assert [source for batch in made for source in batch] == [f"source-{number}" for number in range(sources)]


def result_row(source_id: str, problem: str | None = None) -> dict[str, object]:
    counts = dict.fromkeys(("pages", "exchanges", "captures", "bytes", "truncated", "refused"), 1)
    return {
        "source_id": source_id,
        "crawl_id": source_id,
        "problem": problem,
        "keys": [f"warc/{source_id}"],
        **counts,
    }


def test_a_source_whose_task_left_nothing_is_a_failure_as_is_one_with_a_problem() -> None:
    summary = summary_of([["a"], ["b"], ["c"]], [[result_row("a")], [result_row("c", "1 seed answered 403")]])

    assert dict(summary.failures) == {
        "b": "Its task ended without a result. What was seen is in the spool, and kept.",
        "c": "1 seed answered 403",
    }
    assert summary.sentence().startswith("2 of 3 sources did not come through:\nb: Its task ended")
    assert summary.totals()["warc_files"] == 2


def test_with_the_store_gone_nothing_is_fetched(collecting: Settings, sample_sites: SampleSites) -> None:
    sample_sites.forget_requests()
    with pytest.raises(StoreUnreachableError):
        harvest_source(replace(collecting, s3_endpoint="http://127.0.0.1:9"), "oblsud")
    assert sample_sites.requests_log == ()
    assert list(collecting.spool_dir.iterdir()) == []


def test_a_store_that_goes_away_during_the_crawl_costs_nothing(
    collecting: Settings, opened: Archive, tmp_path: Path
) -> None:
    with ObjectStoreServer(tmp_path / "store") as server:
        settings = replace(
            collecting,
            s3_endpoint=server.endpoint,
            s3_access_key=server.access_key,
            s3_secret_key=server.secret_key,
        )
        with opened_archive(settings) as archive:
            archive.objects.ensure_bucket()

        def pull_the_plug(said: str) -> None:
            if "begins" in said:
                server.stop()

        with pytest.raises(StoreUnreachableError):
            harvest_source(settings, "oblsud", on_progress=pull_the_plug)
        (left,) = collecting.spool_dir.glob("*/*.warc.gz")
        with opened.reader.connect() as connection:
            assert list(captures_of_crawl(connection, left.parent.name)) == []

        server.start()
        back = replace(settings, s3_endpoint=server.endpoint)
        result = harvest_source(back, "sud-zavadski")

    assert result.recovered == 1
    with opened.reader.connect() as connection:
        assert len(list(captures_of_crawl(connection, left.parent.name))) > 0
    assert list(collecting.spool_dir.iterdir()) == []
