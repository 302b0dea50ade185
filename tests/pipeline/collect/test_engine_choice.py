"""A source with ``engine: auto`` is remembered out of custody: what its last judged crawl found, for a week."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawlers.watchlist.source import Source
from pipeline.chromium import find_chromium
from pipeline.collect.engine_choice import REMEMBERED, engine_tonight
from pipeline.collect.harvest import chromium_for, harvest_source
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from samples.messages import Response
from samples.sites import SampleSites
from storage.catalogue.captures import captures_of_crawl
from storage.ledger.custody import entries
from storage.ledger.last_crawls import LastCrawl, crawls_since

NOW = datetime(2026, 11, 30, 1, tzinfo=UTC)
HOST = "skrypty.pryklad.example"
APP = """<!doctype html><title>Навіны</title><div id="root"></div>
<script>document.querySelector('#root').innerHTML = '<p>' + 'Слова. '.repeat(80) + '</p>'</script>"""
WATCHLIST = f"""
sources:
  - {{id: scripts, kind: page, pages: ["https://{HOST}/a", "https://{HOST}/b"], engine: auto, delay_s: 0.01,
      robots: ignore, renderings: []}}
"""


def ended(days_ago: float, choices: Mapping[str, int] | None) -> LastCrawl:
    details: dict[str, Any] = {"problem": None} | ({} if choices is None else {"engine_choices": choices})
    return LastCrawl("scripts", "01K", NOW - timedelta(days=days_ago), details)


RUNNING = LastCrawl("scripts", "01K", NOW, None)


@pytest.mark.parametrize(
    ("crawls", "engine"),
    [
        ([], "auto"),
        ([RUNNING], "auto"),
        ([ended(1, None)], "auto"),
        ([ended(1, {"http": 3})], "auto"),
        ([ended(1, {"http": 3, "browser": 2})], "auto"),
        ([ended(1, {"http": 2, "browser": 2})], "browser"),
        ([ended(6, {"browser": 1}), ended(1, None), RUNNING], "browser"),
        ([ended(6, {"browser": 9}), ended(5, {"http": 9})], "auto"),
        ([ended(6, {"http": 9}), ended(5, {"browser": 9})], "browser"),
    ],
)
def test_the_last_crawl_that_judged_pages_decides(crawls: list[LastCrawl], engine: str) -> None:
    found, sentence = engine_tonight(crawls)
    assert found == engine
    assert (sentence is None) == (engine == "auto")


def test_the_sentence_says_since_when_of_how_many_pages_and_until_when() -> None:
    assert engine_tonight([ended(2, {"http": 1, "browser": 5})])[1] == (
        "all pages were loaded by the browser: on 2026-11-28 5 of 6 pages showed nothing without it; plain HTTP "
        "is tried again from 2026-12-05"
    )


def test_without_a_browser_a_source_that_may_do_without_is_crawled(settings: Settings) -> None:
    source = Source(id="a", kind="page", pages=("https://a.example/",), engine="auto")
    assert chromium_for(replace(settings, chromium=Path("/no/such/browser")), source) is None


@pytest.mark.browser
def test_the_night_after_goes_to_the_browser_at_once(stored_settings: Settings, tmp_path: Path) -> None:
    if find_chromium(stored_settings.chromium) is None:
        pytest.skip("no Chromium on this machine")
    (tmp_path / "watchlist.yaml").write_text(WATCHLIST)
    pages = {(HOST, path): Response(body=APP.encode()) for path in ("/a", "/b")}
    with SampleSites(extra=pages) as sites:
        collecting = replace(
            stored_settings,
            watchlist=tmp_path / "watchlist.yaml",
            connect_to=(sites.connect_to,),
            allow_addresses=("127.0.0.0/8",),
            upstream_ca=sites.authority,
        )
        with opened_archive(collecting) as archive:
            archive.objects.ensure_bucket()
            first, second = (harvest_source(collecting, "scripts") for _ in range(2))
            with archive.reader.connect() as connection:
                kept = [
                    sorted(
                        each.url.removeprefix(f"https://{HOST}")
                        for each in captures_of_crawl(connection, night.report.crawl_id)
                        if each.record_type in ("response", "revisit") and "favicon" not in each.url
                    )
                    for night in (first, second)
                ]
                known = crawls_since(connection, datetime.now(UTC) - REMEMBERED, source_id="scripts")
                custody = [entry.details for entry in entries(connection) if entry.event == "collection_ended"]
    assert (first.problem, second.problem) == (None, None)
    assert (first.report.engine_choices, second.report.engine_choices) == ({"browser": 2}, {})
    assert kept == [["/a", "/a", "/b", "/b"], ["/a", "/b"]]
    assert second.report.remarks[0].startswith("all pages were loaded by the browser: on ")
    assert [each.get("engine_choices") for each in custody] == [{"browser": 2}, None]
    assert engine_tonight(known)[0] == "browser"


def test_a_source_that_went_to_a_browser_is_fetched_where_there_is_none_now(
    stored_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered = ("browser", "all pages were loaded by the browser")
    monkeypatch.setattr("pipeline.collect.harvest.engine_tonight", lambda crawls: remembered)
    (tmp_path / "watchlist.yaml").write_text(WATCHLIST)
    pages = {(HOST, path): Response(body=APP.encode()) for path in ("/a", "/b")}
    with SampleSites(extra=pages) as sites:
        collecting = replace(
            stored_settings,
            watchlist=tmp_path / "watchlist.yaml",
            connect_to=(sites.connect_to,),
            allow_addresses=("127.0.0.0/8",),
            upstream_ca=sites.authority,
            chromium=Path("/no/such/browser"),
        )
        with opened_archive(collecting) as archive:
            archive.objects.ensure_bucket()
            night = harvest_source(collecting, "scripts")
            with archive.reader.connect() as connection:
                kept = {
                    each.url.removeprefix(f"https://{HOST}")
                    for each in captures_of_crawl(connection, night.report.crawl_id)
                    if each.record_type == "response"
                }
    assert {"/a", "/b"} <= kept
    assert sum("taken as it was fetched, since" in remark for remark in night.report.remarks) == 2
