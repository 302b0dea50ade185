"""Whole crawls of the sample sites: real processes, the real recorder, WARC files read back with warcio."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawlers.model.job import KnownContent
from crawlers.model.report import CrawlReport
from crawlers.watchlist.loader import read_watchlist
from crawlers.watchlist.source import Source, SourceLimits, source_for_urls
from pipeline.config.settings import ROOT, Settings
from pipeline.crawl import job_for, run_crawl
from samples.sites import SampleSites

SAMPLES = read_watchlist(ROOT / "samples" / "watchlist.yaml")


@dataclass(frozen=True)
class Kept:
    """One record of a crawl's WARC files."""

    path: Path
    kind: str
    url: str
    status: str | None
    content: bytes


@dataclass(frozen=True)
class Crawled:
    """A crawl with what it kept and what the sites were asked meanwhile."""

    report: CrawlReport
    kept: tuple[Kept, ...]
    asked: tuple[str, ...]
    progress: tuple[str, ...]

    def urls(self, kind: str) -> list[str]:
        return [record.url for record in self.kept if record.kind == kind]


def read_back(report: CrawlReport) -> Iterator[Kept]:
    for file in report.files:
        with file.path.open("rb") as stream:
            for record in ArchiveIterator(stream):
                headers, head = record.rec_headers, record.http_headers
                has_status = record.rec_type == "response" and head is not None
                yield Kept(
                    file.path,
                    record.rec_type,
                    (headers.get_header("WARC-Target-URI") or "").removeprefix("urn:note:"),
                    head.get_statuscode() if has_status else None,
                    record.content_stream().read(),
                )


Crawl = Callable[..., Crawled]


@pytest.fixture
def crawl(sample_sites: SampleSites, tmp_path: Path) -> Crawl:
    def run(source: Source, **settings: Any) -> Crawled:
        sample_sites.forget_requests()
        progress: list[str] = []
        given: dict[str, Any] = {"allow_addresses": ("127.0.0.0/8",), "connect_to": (sample_sites.connect_to,)}
        job = job_for(
            replace(source, delay_s=0.0),
            user_agent=Settings().user_agent,
            collector="collector-1",
            upstream_ca=sample_sites.authority,
            **(given | settings),
        )
        report = run_crawl(job, tmp_path, on_progress=progress.append)
        asked = tuple(request.url for request in sample_sites.requests_log)
        return Crawled(report, tuple(read_back(report)), asked, tuple(progress))

    return run


def test_a_channel_is_read_to_its_beginning_with_all_its_media(crawl: Crawl) -> None:
    crawled = crawl(SAMPLES.source("tg-vestki"))
    report = crawled.report
    assert (report.problem, report.failures) == (None, ())
    assert (report.pages, report.records, dict(report.outcomes)) == (4, 69, {"content": 4})
    media = [url for url in crawled.urls("response") if "telesco.pe/file/" in url]
    assert len(media) == len(set(media)) > 30
    assert all(
        record.status == "200" for record in crawled.kept if "telesco.pe/file/" in record.url and record.status
    )
    assert crawled.progress[-1].startswith("tg-vestki: 4 pages, 69 records")


def test_what_the_sites_were_asked_is_what_was_kept_and_nothing_else(crawl: Crawl) -> None:
    crawled = crawl(SAMPLES.source("vesnik"))
    assert sorted(crawled.urls("response")) == sorted(crawled.asked)
    assert sorted(crawled.urls("request")) == sorted(crawled.asked)
    assert crawled.report.exchanges == len(crawled.asked)
    assert len(set(crawled.asked)) == len(crawled.asked)


def test_known_posts_are_where_a_channel_stops(crawl: Crawl) -> None:
    crawled = crawl(SAMPLES.source("tg-vestki"), known=KnownContent(newest_post_id=112))
    assert crawled.report.pages == 1


def test_known_posts_are_read_again_as_far_as_asked(crawl: Crawl) -> None:
    everything = KnownContent(newest_post_id=112, reread_since=datetime(2020, 1, 1, tzinfo=UTC))
    assert crawl(SAMPLES.source("tg-vestki"), known=everything).report.pages == 4


def test_articles_that_are_known_are_not_asked_for_again_and_count_as_seen(crawl: Crawl) -> None:
    known = "https://vesnik-2.pryklad.example/naviny/tramvaj-3/"  # under the name of the mirror
    crawled = crawl(SAMPLES.source("vesnik"), known=KnownContent(article_urls=frozenset({known})))
    assert "https://vesnik.pryklad.example/naviny/tramvaj-3/" not in crawled.asked
    assert crawled.report.records == 14


def test_robots_txt_is_obeyed_and_its_decision_kept(crawl: Crawl) -> None:
    crawled = crawl(SAMPLES.source("vesnik"))
    refused = "https://vesnik.pryklad.example/redakcyja/2026/11/cernavik-vypusku/"
    assert refused not in crawled.asked
    notes = [
        record.content.decode() for record in crawled.kept if record.kind == "metadata" and record.url == refused
    ]
    assert len(notes) == 1
    assert "robots.txt disallows it" in notes[0]
    assert crawled.report.outcomes["refused_by_policy"] == 1
    assert crawled.report.refused == 1


def test_robots_txt_is_not_asked_where_the_source_ignores_it(crawl: Crawl) -> None:
    crawled = crawl(replace(SAMPLES.source("oblsud"), robots="ignore"))
    assert not [url for url in crawled.asked if url.endswith("/robots.txt")]


def test_a_list_over_several_pages_counts_each_hearing_once_and_fetches_its_papers(crawl: Crawl) -> None:
    crawled = crawl(SAMPLES.source("sud-zavadski"))
    assert (crawled.report.records, crawled.report.failures) == (23, ())
    assert "https://sud.pryklad.example/dakumenty/prysud-3-401.pdf" in crawled.urls("response")


def test_sources_that_fail_are_marked_and_the_others_go_on(crawl: Crawl, sample_sites: SampleSites) -> None:
    seeds = {
        "https://forbidden.pryklad.example/": "blocked",
        "https://challenge.pryklad.example/": "challenge",
        "https://restricted.pryklad.example/": "restricted",
        "https://reset.pryklad.example/": "unreachable",
        "https://garbage.pryklad.example/": "unreachable",
        "https://untrusted.pryklad.example/": "unreachable",
        "https://empty.pryklad.example/": "empty",
        "http://nowhere.invalid:1/": "unreachable",
    }
    good = "https://vesnik.pryklad.example/naviny/biudzet/"
    # The one name that is not led to the sample sites; no resolver knows .invalid (RFC 6761).
    rules = ("nowhere.invalid:1:nowhere.invalid:1", sample_sites.connect_to)
    crawled = crawl(source_for_urls((*seeds, good), follow="nothing"), connect_to=rules)
    outcomes = {failure.split(": ")[0]: failure.split(": ")[1] for failure in crawled.report.failures}
    assert outcomes == seeds
    assert crawled.report.outcomes["content"] == 1
    assert crawled.report.problem is None
    for url in seeds:
        assert [record for record in crawled.kept if record.url == url], url


def test_addresses_that_are_not_public_are_refused_and_the_refusal_is_kept(crawl: Crawl) -> None:
    seeds = (
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "http://0x7f000001/",
    )
    crawled = crawl(source_for_urls(seeds), allow_addresses=(), connect_to=())
    assert crawled.asked == ()
    assert dict(crawled.report.outcomes) == {"refused_by_policy": 4}
    assert crawled.report.refused == 4
    assert len([record for record in crawled.kept if record.kind == "metadata"]) == 4


def test_a_redirect_into_an_inner_network_is_refused_and_both_are_kept(
    crawl: Crawl, sample_sites: SampleSites
) -> None:
    seeds = ("https://elsewhere.pryklad.example/", "https://elsewhere.pryklad.example/private")
    rule = f"elsewhere.pryklad.example:443:127.0.0.1:{sample_sites.port}"
    crawled = crawl(source_for_urls(seeds, follow="nothing"), connect_to=(rule,))
    assert dict(crawled.report.outcomes) == {"refused_by_policy": 2}
    assert [record.status for record in crawled.kept if record.kind == "response"] == ["302", "302"]
    refusals = [
        record.url for record in crawled.kept if record.kind == "metadata" and b"no_response" in record.content
    ]
    assert sorted(refusals) == ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/"]
    assert set(crawled.asked) == set(seeds)


def test_a_page_named_by_a_person_is_fetched_alone_and_nothing_else(crawl: Crawl) -> None:
    url = "https://vesnik.pryklad.example/naviny/biudzet/"
    crawled = crawl(source_for_urls((url,), follow="nothing"), follow_links=False)
    assert crawled.asked == (url,)
    assert dict(crawled.report.outcomes) == {"content": 1}


def test_a_page_is_fetched_with_what_it_takes_to_show_it(crawl: Crawl) -> None:
    url = "https://vesnik.pryklad.example/naviny/tramvaj-3/"
    crawled = crawl(source_for_urls((url,)), follow_links=False)
    assert crawled.asked[0] == url
    assert [asked for asked in crawled.asked if "/uploads/" in asked]
    assert crawled.report.pages == 1


def test_one_warc_per_page_that_was_asked_for(crawl: Crawl) -> None:
    urls = ("https://vesnik.pryklad.example/naviny/tramvaj-3/", "https://vesnik.pryklad.example/naviny/snieh/")
    crawled = crawl(source_for_urls(urls), one_warc_per_url=True)
    assert len(crawled.report.files) == 2
    for file in crawled.report.files:
        seen = {record.url for record in crawled.kept if record.path == file.path and record.kind == "response"}
        assert len(seen & set(urls)) == 1
        assert len(seen) > 1


def test_the_limit_of_pages_is_kept_and_told(crawl: Crawl) -> None:
    source = replace(
        SAMPLES.source("tg-vestki"), limits=SourceLimits(pages=2), expect=SAMPLES.source("oblsud").expect
    )
    crawled = crawl(source)
    assert crawled.report.pages == 2
    assert any("limit of 2 pages" in remark for remark in crawled.report.remarks)


def test_a_site_that_never_answers_ends_with_the_limit_of_seconds(crawl: Crawl) -> None:
    seeds = ("https://silent.pryklad.example/",)
    crawled = crawl(replace(source_for_urls(seeds), limits=SourceLimits(seconds=2.0)))
    assert dict(crawled.report.outcomes) == {"unreachable": 1}
    assert crawled.report.failures != ()
    assert crawled.report.problem is None
    assert (crawled.report.ended_at - crawled.report.started_at).total_seconds() < 30


def test_a_page_without_end_is_cut_at_the_limit_of_bytes_and_kept_as_cut(crawl: Crawl) -> None:
    seeds = ("https://endless.pryklad.example/",)
    crawled = crawl(replace(source_for_urls(seeds), limits=SourceLimits(bytes=1_000_000)))
    assert crawled.report.truncated >= 1
    assert any("cut short (length)" in remark for remark in crawled.report.remarks)
    assert max(len(record.content) for record in crawled.kept) <= 1_000_000


def test_fewer_or_more_records_than_expected_are_told(crawl: Crawl) -> None:
    source = SAMPLES.source("tg-monitor")
    short = crawl(replace(source, expect=replace(source.expect, min=8, max=None)))
    assert short.report.failures == ("expected at least 8 records, found 7",)
    long = crawl(replace(source, expect=replace(source.expect, min=None, max=6)))
    assert long.report.failures == ("expected at most 6 records, found 7",)


def test_a_crawl_id_is_used_once(crawl: Crawl) -> None:
    source = SAMPLES.source("tg-monitor")
    crawl_id = crawl(source).report.crawl_id
    with pytest.raises(FileExistsError):
        crawl(source, crawl_id=crawl_id)


def test_no_fact_of_where_we_are_stands_in_a_warc(crawl: Crawl, tmp_path: Path) -> None:
    import platform

    crawled = crawl(SAMPLES.source("tg-monitor"))
    content = b"".join(record.content for record in crawled.kept if record.kind != "response")
    for secret in (platform.node(), str(tmp_path), str(ROOT)):
        assert secret.encode() not in content
