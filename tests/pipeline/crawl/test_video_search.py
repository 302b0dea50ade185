"""Video behind players: whole crawls with the real yt-dlp of an invented site, WARC files against what it sent."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawlers.model.report import CrawlReport
from crawlers.watchlist.source import Source, SourceLimits
from pipeline.chromium import find_chromium
from pipeline.crawl import job_for, run_crawl
from tests.crawlers.recorder.origin_server import Channel
from tests.pipeline.crawl.media_site import HOST, MediaSite, body, media_site, page, sent_and_kept
from tests.pipeline.crawl.test_launcher import read_back

Crawl = Callable[..., CrawlReport]


@pytest.fixture(scope="module")
def made_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaSite]:
    with media_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(made_site: MediaSite) -> MediaSite:
    made_site.origin.log.clear()
    return made_site


@pytest.fixture
def crawl(site: MediaSite, tmp_path: Path) -> Crawl:
    def run(source: Source) -> CrawlReport:
        found = find_chromium() if source.engine == "browser" else None
        job = job_for(
            source,
            user_agent="Letapis (a test)",
            collector="collector-1",
            connect_to=(f"stuzhka.example:443:127.0.0.1:{site.origin.port}",),
            allow_addresses=("127.0.0.0/8",),
            upstream_ca=site.authority,
        )
        return run_crawl(job, tmp_path, chromium=None if found is None else found.program)

    return run


def info_of(report: CrawlReport) -> dict[str, Any]:
    (found,) = [each for each in read_back(report) if each.url.startswith("urn:videoinfo:")]
    row: dict[str, Any] = json.loads(found.content)
    return row


def test_a_film_its_subtitles_and_its_picture_are_recorded_to_the_byte(crawl: Crawl, site: MediaSite) -> None:
    report = crawl(site.source("/flood"))
    assert (report.problem, report.failures, report.remarks) == (None, (), ())
    assert site.requested == ["/flood", "/subtitles.vtt", "/poster.jpg", "/film.mp4"]
    sent, kept = sent_and_kept(site.origin, report)
    assert kept == sent
    (search,) = report.videos
    assert (search.url, search.outcome, search.reason) == (f"{HOST}/flood", "taken", None)
    assert (search.found, search.taken) == (1, 1)
    info = info_of(report)
    (video,) = info["videos"]
    assert [each["url"] for each in video["formats"]] == [f"{HOST}/film.mp4"]
    assert [(each["language"], each["taken"]) for each in video["subtitles"]] == [("be", True)]
    assert (info["tool"], info["info"][0]["id"]) == ("yt-dlp", "flood-1")


def test_of_a_stream_the_best_within_the_limits_is_taken_with_manifest_and_segments(
    crawl: Crawl, site: MediaSite
) -> None:
    report = crawl(site.source("/stream"))
    sent, kept = sent_and_kept(site.origin, report)
    assert kept == sent
    assert {"/hls/master.m3u8", "/hls/media.m3u8", "/hls/media0.ts", "/hls/media1.ts"} <= set(kept)
    assert "/hls/huge.m3u8" not in kept
    (video,) = info_of(report)["videos"]
    assert [each["height"] for each in video["formats"]] == [48]
    assert video["formats_found"] == 2


def test_picture_and_sound_that_come_apart_are_both_taken(crawl: Crawl, site: MediaSite) -> None:
    report = crawl(site.source("/dash"))
    sent, kept = sent_and_kept(site.origin, report)
    assert kept == sent
    assert [path for path in kept if path.startswith("/dash/chunk-stream0")]
    assert [path for path in kept if path.startswith("/dash/chunk-stream1")]
    assert [each.outcome for each in report.videos] == ["taken"]


def test_a_page_without_video_says_so_and_costs_no_request(crawl: Crawl, site: MediaSite) -> None:
    report = crawl(site.source("/words"))
    assert [(each.outcome, each.reason) for each in report.videos] == [("none", None)]
    assert site.requested == ["/words"]
    assert report.remarks == ()


def test_a_source_that_does_not_say_so_is_not_searched(crawl: Crawl, site: MediaSite) -> None:
    report = crawl(replace(site.source("/flood"), video=None))
    assert report.videos == ()
    assert site.requested == ["/flood"]


def test_a_video_of_more_bytes_than_the_limit_is_cut_and_costs_the_page_nothing(
    crawl: Crawl, site: MediaSite
) -> None:
    report = crawl(site.source("/long", max_mb=1))
    (search,) = report.videos
    assert (search.outcome, search.found, search.taken) == ("over_limit", 1, 0)
    assert search.reason == "1.5 MB were announced, and the media of a page may come to 1 MB"
    assert (report.problem, report.failures, dict(report.outcomes)) == (None, (), {"content": 1})


@pytest.mark.parametrize("stream", ["/dash", "/stream"])
def test_a_video_that_lasts_too_long_is_left(crawl: Crawl, site: MediaSite, stream: str) -> None:
    report = crawl(site.source(stream, max_duration_s=1.0))
    (search,) = report.videos
    assert search.outcome == "over_limit"
    assert search.reason is not None
    assert search.reason.endswith(" s, and the limit is 1 s")
    assert not [path for path in site.requested if "chunk" in path or path.endswith(".ts")]


def test_a_broadcast_that_goes_on_is_left(crawl: Crawl, site: MediaSite) -> None:
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:1.0,\n/hls/media0.ts\n"
    site.origin.handlers["/live.m3u8"] = body(playlist.encode(), "application/vnd.apple.mpegurl")
    site.origin.handlers["/live"] = page("Live", '<video src="/live.m3u8"></video>')
    report = crawl(site.source("/live"))
    (search,) = report.videos
    assert (search.outcome, search.reason) == ("failed", "a broadcast that goes on, of which nothing is taken")
    assert not [path for path in site.requested if path.endswith(".ts")]


@pytest.mark.parametrize(
    ("mark", "end"),
    [("#UPLYNK-SEGMENT:1,0,ad", "\n"), ("  #UPLYNK-SEGMENT:1,0,ad", "\r"), ("#ANVATO-SEGMENT-INFO:type=ad", "\n")],
)
def test_segments_that_are_marked_as_advertising_are_taken_as_well(
    crawl: Crawl, site: MediaSite, mark: str, end: str
) -> None:
    lines = (
        *("#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXTINF:1.0,", "/hls/media0.ts"),
        *(mark, "#EXTINF:1.0,", "/hls/media1.ts", "#EXT-X-ENDLIST", ""),
    )
    site.origin.handlers["/marked.m3u8"] = body(end.join(lines).encode(), "application/vnd.apple.mpegurl")
    site.origin.handlers["/marked"] = page("Marked", '<video src="/marked.m3u8"></video>')
    report = crawl(site.source("/marked"))
    assert [each.outcome for each in report.videos] == ["taken"]
    assert [path for path in site.requested if path.endswith(".ts")] == ["/hls/media0.ts", "/hls/media1.ts"]


def test_the_version_stands_in_the_files_and_only_where_it_was_used(crawl: Crawl, site: MediaSite) -> None:
    with_video, without = (
        next(each for each in read_back(crawl(source)) if each.kind == "warcinfo").content
        for source in (site.source("/words"), replace(site.source("/words"), video=None))
    )
    assert b" yt-dlp/" in with_video
    assert b"yt-dlp" not in without


def test_an_address_that_no_crawl_may_reach_is_refused_to_players_as_well(crawl: Crawl, site: MediaSite) -> None:
    site.origin.handlers["/inside"] = page("Inside", '<video src="http://10.20.30.40/film.mp4"></video>')
    report = crawl(site.source("/inside"))
    (search,) = report.videos
    assert search.outcome == "failed"
    assert search.reason is not None
    assert "10.20.30.40" in search.reason
    assert report.refused > 0
    assert (report.problem, report.failures) == (None, ())


def test_a_site_that_never_answers_costs_the_time_of_its_crawl_and_not_the_page(
    crawl: Crawl, site: MediaSite
) -> None:
    gone = threading.Event()
    site.origin.handlers["/silence.mp4"] = lambda channel: gone.wait() and None
    site.origin.handlers["/silence"] = page("Silence", '<video src="/silence.mp4"></video>')
    report = crawl(replace(site.source("/silence"), limits=SourceLimits(seconds=12.0)))
    gone.set()
    (search,) = report.videos
    assert (search.outcome, search.taken) == ("failed", 0)
    assert search.reason is not None
    assert (report.problem, report.failures, dict(report.outcomes)) == (None, (), {"content": 1})


def test_when_its_process_is_killed_what_it_had_is_said_and_the_page_is_there(
    crawl: Crawl, site: MediaSite, tmp_path: Path
) -> None:
    def kill(channel: Channel) -> None:
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and is_search_in(folder, tmp_path):
                os.kill(int(folder.name), signal.SIGKILL)

    site.origin.handlers["/deadly.mp4"] = kill
    site.origin.handlers["/deadly"] = page("Deadly", '<video src="/deadly.mp4"></video>')
    report = crawl(site.source("/deadly", "/flood"))
    by_url = {each.url: each for each in report.videos}
    killed, next_page = by_url[f"{HOST}/deadly"], by_url[f"{HOST}/flood"]
    assert (killed.outcome, killed.found, killed.taken) == ("failed", 1, 0)
    assert killed.reason is not None
    assert killed.reason.endswith("yt-dlp's process was killed by signal 9")
    assert next_page.outcome == "taken"
    assert (report.problem, report.failures, dict(report.outcomes)) == (None, (), {"content": 2})


def is_search_in(process: Path, folder: Path) -> bool:
    try:
        command, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
    except OSError:
        return False
    return b"crawlers.video" in command and str(folder).encode() in environment


@pytest.mark.browser
def test_a_player_that_scripts_have_made_is_found_in_what_the_browser_shows(crawl: Crawl, site: MediaSite) -> None:
    if find_chromium() is None:
        pytest.skip("no Chromium on this machine")
    script = (
        "<script>const v = document.createElement('video'); v.preload = 'none';"
        "v.src = '/fi' + 'lm.mp4'; document.body.append(v)</script>"
    )
    site.origin.handlers["/scripted"] = page("Scripted", script)
    report = crawl(replace(site.source("/scripted"), engine="browser", renderings=()))
    assert [each.outcome for each in report.videos] == ["taken"]
    assert site.requested.count("/scripted") == 1
    sent, kept = sent_and_kept(site.origin, report)
    assert kept["/film.mp4"] == sent["/film.mp4"]
