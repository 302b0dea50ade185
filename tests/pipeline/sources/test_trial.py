"""Sources tried on the sample sites: one page each through the real recorder, read, and a yield suggested."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crawlers.watchlist.loader import read_watchlist
from crawlers.watchlist.source import Source
from pipeline.config.settings import ROOT, Settings
from pipeline.sources.trial import Trial, suggested, try_sources
from samples.sites import SampleSites

SAMPLES = read_watchlist(ROOT / "samples" / "watchlist.yaml")


@pytest.fixture
def trying(settings: Settings, sample_sites: SampleSites) -> Iterator[Settings]:
    yield replace(
        settings,
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )


def test_one_page_of_each_source_is_read_and_each_host_asked_once_for_its_rules(
    trying: Settings, sample_sites: SampleSites
) -> None:
    forbidden = Source(
        id="forbidden", kind="court_list", pages=("https://forbidden.pryklad.example/",), delay_s=0.05
    )
    sample_sites.forget_requests()
    done: list[Trial] = []
    tried = try_sources(trying, (*SAMPLES.sources, forbidden), on_trial=done.append)
    trials = {trial.source_id: trial for trial in tried}

    assert {name: (trial.outcome, trial.records) for name, trial in trials.items()} == {
        "tg-vestki": ("content", 20),
        "tg-oblsud": ("content", 14),
        "tg-monitor": ("content", 7),
        "vesnik": ("content", 1),
        "oblsud": ("content", trials["oblsud"].records),
        "sud-zavadski": ("content", trials["sud-zavadski"].records),
        "abvestki": ("content", 0),
        "vyshuk": ("content", 4),
        "forbidden": ("blocked", 0),
    }
    assert trials["tg-vestki"].expect == {"min": 10, "understood": 0.8}
    assert trials["oblsud"].expect["max"] == 2 * trials["oblsud"].records > 0
    assert trials["vesnik"].leads_to > 5
    assert trials["vesnik"].filled["title"] == 1
    assert "tried without a browser" in trials["abvestki"].remarks[0]
    assert "403" in (trials["forbidden"].reason or "")
    assert {trial.source_id for trial in done} == set(trials)

    asked = Counter(urlsplit(request.url).hostname for request in sample_sites.requests_log)
    assert asked["t.me"] == 4  # robots.txt, and one page of each of three channels
    assert [request.url for request in sample_sites.requests_log if "telesco.pe" in request.host] == []


def test_a_source_that_does_not_answer_says_why(trying: Settings, tmp_path: Path) -> None:
    nowhere = Source(id="nowhere", kind="page", pages=("https://nowhere.pryklad.example:1/",), robots="ignore")
    inward = Source(id="inward", kind="page", pages=("http://169.254.169.254/",), robots="ignore")
    settings = replace(trying, connect_to=())
    (first, second) = try_sources(settings, (nowhere, inward), on_trial=lambda _: None)
    assert (first.outcome, second.outcome) == ("unreachable", "refused_by_policy")
    assert first.reason and second.reason


def test_what_one_page_cannot_tell_is_not_suggested() -> None:
    assert suggested("telegram", 0) == {}
    assert suggested("page", 3) == {}
    assert suggested("court_list", 1) == {"min": 1, "max": 2, "understood": 0.8}
