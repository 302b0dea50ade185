"""Crawls of several sources at one host, harvested for real: they share its pace, and what it asks for."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.collect.harvest import harvest_source
from pipeline.commands.sources import last_crawls_of
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from samples.messages import Response
from samples.sites import SampleSites
from storage.ledger.custody import entries

HOST = "zanyaty.pryklad.example"
WATCHLIST = f"""
defaults: {{delay_s: 0.1, robots: ignore, limits: {{pages: 5, seconds: 60}}}}
sources:
  - {{id: first, kind: page, follow: nothing, pages: ["https://{HOST}/"]}}
  - {{id: second, kind: page, follow: nothing, pages: ["https://{HOST}/other"]}}
"""


@pytest.fixture
def busy(stored_settings: Settings, tmp_path: Path) -> Iterator[tuple[Settings, SampleSites]]:
    """A host that asks for an hour of rest at its first page."""
    wait = Response(status=429, body=b"<h1>429</h1>", headers=(("Retry-After", "3600"),))
    page = Response(body=b"<h1>A page</h1><p>Some words of a page that is there.</p>")
    extra = {(HOST, "/"): wait, (HOST, "/other"): page}
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text(WATCHLIST, "utf-8")
    with SampleSites(folder=tmp_path / "sites", extra=extra) as sites:
        settings = replace(
            stored_settings,
            watchlist=watchlist,
            connect_to=(sites.connect_to,),
            allow_addresses=("127.0.0.0/8",),
            upstream_ca=sites.authority,
        )
        with opened_archive(settings) as archive:
            archive.objects.ensure_bucket()
        yield settings, sites


def test_a_host_that_asks_one_crawl_for_an_hour_is_given_up_by_the_next_with_a_sentence(
    busy: tuple[Settings, SampleSites],
) -> None:
    settings, sites = busy
    first = harvest_source(settings, "first")
    asked = [request.url for request in sites.requests_log]
    second = harvest_source(settings, "second")

    assert "429" in (first.problem or "")
    assert f"{HOST} asked to be left alone for 3" in (second.problem or "")
    assert asked == [f"https://{HOST}/"]
    assert [request.url for request in sites.requests_log] == asked, "the second crawl asked nothing"
    assert first.captures >= 1
    with opened_archive(settings) as archive, archive.reader.connect() as connection:
        ended = [entry.details for entry in entries(connection) if entry.event == "collection_ended"]
    assert [details["pace"][HOST]["requests"] for details in ended] == [1, 0]
    assert ended[0]["pace"][HOST]["held_s"] >= 3600
    states = {source: last["state"] for source, last in last_crawls_of(settings).items()}
    assert states == {"first": "failed", "second": "failed"}
    assert ended[1]["pace"][HOST]["given_up"] == ended[1]["failures"][-1]
