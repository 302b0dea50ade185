"""Jobs and reports come out of their JSON form as they went in, whatever fields they have."""

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.model.job import CachedFeed, CrawlJob, CrawlLimits, KnownContent
from crawlers.model.json_form import from_json, to_json
from crawlers.model.report import CrawledFile, CrawlReport, HostStatistics
from crawlers.model.serialization import job_from_json, job_to_json, report_from_json, report_to_json
from crawlers.watchlist.source import Expectation, Source
from processors.digest import Digest
from processors.tables.layout import Layout

times = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside
paths = st.text("abc/ .é", min_size=1).map(Path)
counts = st.integers(0, 1 << 40)
seconds = st.floats(0, 1e6)
files = st.builds(
    CrawledFile, path=paths, sha256=st.binary(min_size=32, max_size=32).map(lambda value: Digest("sha256", value))
)
statistics = st.builds(
    HostStatistics, delay_s=seconds, shortest_gap_s=st.none() | seconds, waited_s=seconds, held_s=seconds
)
reports = st.builds(
    CrawlReport,
    started_at=times,
    ended_at=times,
    exchanges=counts,
    bytes=counts,
    outcomes=st.dictionaries(st.text(max_size=8), counts),
    files=st.lists(files, max_size=3).map(tuple),
    truncated=counts,
    refused=counts,
    pages=counts,
    problem=st.none() | st.text(),
    records=counts,
    failures=st.lists(st.text(), max_size=3).map(tuple),
    remarks=st.lists(st.text(), max_size=3).map(tuple),
    records_read=counts,
    filled=st.dictionaries(st.text(max_size=8), counts),
    pace=st.dictionaries(st.text(max_size=8), statistics, max_size=3),
    by_browser=counts,
    sealing_at=times,
)
feeds = st.builds(CachedFeed, content=st.binary(), captured_at=times)
layouts = st.builds(
    Layout, columns=st.dictionaries(st.text(max_size=8), st.lists(st.text()).map(tuple), max_size=3)
)
sources = st.builds(
    Source,
    channel=st.none() | st.text(),
    feeds=st.lists(st.text(), max_size=2).map(tuple),
    layout=st.none() | layouts,
    expect=st.builds(Expectation, fields=st.dictionaries(st.text(max_size=8), seconds, max_size=2)),
)
jobs = st.builds(
    CrawlJob,
    source=sources,
    seeds=st.lists(st.text(), max_size=3).map(tuple),
    limits=st.builds(CrawlLimits, exchange_seconds=st.none() | seconds),
    known=st.builds(
        KnownContent,
        newest_post_id=st.none() | counts,
        reread_since=st.none() | times,
        unseen_posts=st.lists(st.tuples(counts, counts), max_size=3).map(tuple),
        article_urls=st.frozensets(st.text(), max_size=3),
        listings=st.lists(feeds, max_size=2).map(tuple),
    ),
    upstream_ca=st.none() | paths,
    egress=st.none() | st.text(),
    commitments=st.dictionaries(st.text(), st.text(), max_size=2),
    follow_links=st.booleans(),
)


@given(reports)
def test_a_report_comes_out_of_its_json_text_as_it_went_in(report: CrawlReport) -> None:
    assert report_from_json(json.loads(json.dumps(report_to_json(report)))) == report


@given(jobs)
def test_a_job_comes_out_of_its_json_text_as_it_went_in(job: CrawlJob) -> None:
    assert job_from_json(json.loads(json.dumps(job_to_json(job)))) == job


@given(reports)
def test_the_json_of_a_report_has_a_key_for_each_of_its_fields(report: CrawlReport) -> None:
    lacking = {name for name in ("sealing_at", "linked") if getattr(report, name) is None}
    written = [each.name for each in fields(CrawlReport) if each.name not in lacking]
    assert [*report_to_json(report)] == ["kind", *written]


def test_a_report_is_written_with_the_keys_and_values_that_others_read() -> None:
    at = datetime(2026, 3, 5, 1, 2, 3, 45, tzinfo=UTC)
    pace = HostStatistics(requests=2, delay_s=1.0, shortest_gap_s=1.25, waited_s=0.5, held_s=0.0)
    report = CrawlReport(
        crawl_id="01K",
        source="vesnik",
        started_at=at,
        ended_at=at,
        exchanges=3,
        bytes=4096,
        outcomes={"content": 2},
        files=(CrawledFile(Path("/spool/01K/01K-0001.warc.gz"), Digest("sha256", bytes(32)), 9, 2048),),
        truncated=1,
        refused=0,
        pages=2,
        failures=("no title",),
        pace={"vesnik.example": pace},
    )
    assert report_to_json(report) == {
        "kind": "crawl",
        "crawl_id": "01K",
        "source": "vesnik",
        "started_at": "2026-03-05T01:02:03.000045Z",
        "ended_at": "2026-03-05T01:02:03.000045Z",
        "exchanges": 3,
        "bytes": 4096,
        "outcomes": {"content": 2},
        "files": [{"path": "/spool/01K/01K-0001.warc.gz", "sha256": "0" * 64, "records": 9, "bytes": 2048}],
        "truncated": 1,
        "refused": 0,
        "pages": 2,
        "problem": None,
        "records": 0,
        "failures": ["no title"],
        "remarks": [],
        "records_read": 0,
        "filled": {},
        "pace": {"vesnik.example": asdict(pace)},
        "videos": [],
        "steps": {},
        "engine_choices": {},
    }


def test_a_field_more_needs_no_second_edit() -> None:
    @dataclass(frozen=True)
    class Wider(CrawlReport):
        redirects: int = 0
        seen_at: datetime | None = None
        hosts: frozenset[str] = field(default_factory=frozenset)

    at = datetime(2026, 3, 5, tzinfo=UTC)
    wider = Wider("01K", "vesnik", at, at, redirects=7, seen_at=at, hosts=frozenset({"b", "a"}))
    row = to_json(wider)
    assert (row["redirects"], row["seen_at"], row["hosts"]) == (7, "2026-03-05T00:00:00.000000Z", ["a", "b"])
    assert from_json(Wider, row) == wider


def test_what_is_no_report_is_refused_and_nothing_is_filled_in() -> None:
    at = datetime(2026, 3, 5, tzinfo=UTC)
    row = report_to_json(CrawlReport("01K", "vesnik", at, at))
    with pytest.raises(KeyError, match="refused"):
        report_from_json({name: value for name, value in row.items() if name != "refused"})
    with pytest.raises(ValueError, match="isoformat"):
        report_from_json(row | {"ended_at": "yesterday"})
    with pytest.raises(TypeError, match="HostStatistics has no field steps"):
        report_from_json(row | {"pace": {"a": {"steps": 1}}})
