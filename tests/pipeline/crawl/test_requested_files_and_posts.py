"""Posts of Telegram and files by their own address, as a crawl of requested pages takes them."""

from pathlib import Path

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from crawlers.model.report import CrawlReport
from crawlers.watchlist.source import source_for_urls
from pipeline.config.settings import Settings
from pipeline.crawl import job_for, run_crawl
from processors.telegram.post_address import post_in
from samples.expected import COURT_DOCUMENTS
from samples.sites import SampleSites
from samples.telegram.files import photo_url, stream_url


def crawled(sites: SampleSites, spool: Path, url: str) -> tuple[CrawlReport, dict[str, str]]:
    """The report, and the types of what was answered, by address."""
    job = job_for(
        source_for_urls((url,)),
        user_agent=Settings().user_agent,
        collector="collector-1",
        connect_to=(sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sites.authority,
    )
    report = run_crawl(job, spool)
    found: dict[str, str] = {}
    for file in report.files:
        with Path(file.path).open("rb") as stream:
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                assert record.http_headers is not None
                found[record.headers["WARC-Target-URI"]] = record.http_headers.get("Content-Type") or ""
    return report, found


@pytest.mark.parametrize("address", ["90", "91?single"])
def test_a_post_of_telegram_is_taken_with_its_album_and_the_posts_around_it(
    sample_sites: SampleSites, tmp_path: Path, address: str
) -> None:
    url = f"https://t.me/pryklad_vestki/{address}"
    post = post_in(url)
    assert post is not None
    report, found = crawled(sample_sites, tmp_path, url)

    assert report.failures == ()
    assert {url, post.frame_url, post.context_url} <= set(found)
    album = {stream_url("video:school/320x240/4", ".mp4").partition("?")[0]}
    assert album <= {each.partition("?")[0] for each in found}
    assert sum(kind == "image/jpeg" for kind in found.values()) >= 2
    assert report.records_read > 1, "the post, and those around it"


def test_a_post_that_is_not_there_is_a_failure_in_words_and_is_kept_as_what_it_was(
    sample_sites: SampleSites, tmp_path: Path
) -> None:
    url = "https://t.me/pryklad_vestki/99999"
    report, found = crawled(sample_sites, tmp_path, url)
    assert url in found
    (failure,) = report.failures
    assert failure.startswith(f"{url}: ")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (COURT_DOCUMENTS[0], "application/pdf"),
        (photo_url("school/w800/q80"), "image/jpeg"),
        (stream_url("video:school/320x240/4", ".mp4"), "video/mp4"),
    ],
    ids=["pdf", "picture", "video"],
)
def test_a_file_by_its_own_address_is_a_page_that_was_captured(
    sample_sites: SampleSites, tmp_path: Path, url: str, kind: str
) -> None:
    report, found = crawled(sample_sites, tmp_path, url)
    assert (report.failures, report.outcomes) == ((), {"content": 1})
    assert found == {url: kind}
