"""What the crawler made of a page: named, linked to the page, saved as files and shown nowhere by itself."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from access.rendering.templates import TEMPLATES
from crawlers.model.capture import Rendering, RenderingKind
from storage.archive import Archive
from storage.catalogue.captures import captures_in
from storage.deposit.deposit import deposit_file
from storage.ledger.assessments import VerificationStatus
from storage.queries.gallery import gallery_of_day
from tests.access.conftest import picture
from tests.storage.crawled_files import NIGHT, exchange, response, signed_crawl

PAGE = "https://vesnik.example/выявы"
MHTML = (
    b'From: <Saved by Blink>\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\n\r\n<html>\r\n--b--'
)
INFO = json.dumps(
    {
        "consent": {"outcome": "rejected", "platform": "One<b>trust", "reason": None, "clicks": []},
        "engineReason": "it shows 0 words (<div id='root'>)",
        "steps": [
            {"step": "click: b > i", "outcome": "timed_out", "times": 3, "reason": "<b> lies over it"},
            {"step": "wait_for: .comments", "outcome": "done", "times": 1, "reason": None},
            {"step": "play: <video>", "outcome": "not_found", "times": 0},
            "no step",
        ],
        "resources": [
            {"method": "GET", "url": PAGE, "type": "document", "outcome": "recorded", "reason": None},
            {"method": "GET", "url": f"{PAGE}/<b>", "type": "image", "outcome": "failed", "reason": "csp"},
            {"method": "GET", "url": "http://vesnik.example/", "type": "document", "outcome": "inside"},
        ],
    }
).encode()
VIDEOS = json.dumps(
    {
        "tool": "yt-dlp",
        "version": "2026.10.26",
        "outcome": "part",
        "reason": "<b>HTTP Error 404",
        "found": 2,
        "found_more": False,
        "bytes": 23195,
        "videos": [
            {
                "title": "<i>Flood",
                "outcome": "taken",
                "reason": None,
                "duration_s": 2.0,
                "formats": [{"url": PAGE, "height": 48, "taken": True, "bytes": 23117}],
                "subtitles": [{"language": "be", "taken": True}, {"language": "ru", "taken": False}],
            },
            {"title": None, "outcome": "failed", "reason": "gone", "formats": "no list"},
            {"outcome": "<script>"},
        ],
    }
).encode()
MADE = {
    RenderingKind.DOM: ("text/html; charset=utf-8", b"<p>final</p>", ".html"),
    RenderingKind.TEXT: ("text/plain; charset=utf-8", "Тэкст".encode(), ".txt"),
    RenderingKind.VIEW: ("image/png", picture("PNG"), ".png"),
    RenderingKind.FULL_PAGE: ("image/png", picture("PNG"), ".png"),
    RenderingKind.THUMBNAIL: ("image/jpeg", picture("JPEG"), ".jpg"),
    RenderingKind.MHTML: ("multipart/related", MHTML, ".mhtml"),
    RenderingKind.PAGEINFO: ("application/json", INFO, ".json"),
    RenderingKind.VIDEOINFO: ("application/json", VIDEOS, ".json"),
    RenderingKind.PDF: ("application/pdf", b"%PDF-1.4\n%%EOF\n", ".pdf"),
}


@pytest.fixture(scope="module")
def page_id(own_archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> str:
    spool: Path = tmp_path_factory.mktemp("spool")
    made = (
        Rendering("1", PAGE, kind, media_type, content, NIGHT, "Chromium 1")
        for kind, (media_type, content, _) in MADE.items()
    )
    deposited = deposit_file(
        own_archive, signed_crawl(own_archive, spool, [exchange(PAGE, response(b"<p>sent</p>")), *made])
    )
    with own_archive.reader.connect() as connection:
        return next(each.id for each in captures_in(connection, deposited.key) if each.url == PAGE)


def test_each_is_listed_with_its_page_and_saved_byte_for_byte_as_an_attachment(
    page_id: str, analyst: TestClient
) -> None:
    facts = analyst.get(f"/api/capture/{page_id}").json()
    found = {each["url"].split(":")[1]: each for each in facts["renderings"]}
    assert set(found) == {kind.value for kind in MADE}
    page = analyst.get(f"/capture/{page_id}").text
    for kind, (_, content, suffix) in MADE.items():
        own = f"/capture/{found[kind.value]['id'].replace(':', '%3A')}"
        assert f'href="{own}/payload" download' in page
        saved = analyst.get(f"/api{own}/payload")
        assert saved.content == content
        assert saved.headers["content-type"] == "application/octet-stream"
        assert saved.headers["content-disposition"].startswith("attachment; ")
        assert saved.headers["content-disposition"].endswith(f'{suffix}"')
        assert saved.headers["content-security-policy"].startswith("sandbox;")
    assert "Page in one file (MHTML)" in page and "Screenshot of the viewport" in page


def test_the_page_says_how_many_of_its_resources_were_recorded_and_what_is_missing(
    page_id: str, analyst: TestClient
) -> None:
    resources = analyst.get(f"/api/capture/{page_id}").json()["resources"]
    capture_id = resources.pop("capture_id")
    missing = {"method": "GET", "url": f"{PAGE}/<b>", "type": "image", "outcome": "failed", "reason": "csp"}
    consent = {"outcome": "rejected", "platform": "One<b>trust", "reason": None}
    steps = resources.pop("steps")
    assert resources.pop("browser_reason") == "it shows 0 words (<div id='root'>)"
    assert resources == {"total": 2, "recorded": 1, "missing": [missing], "consent": consent}
    assert [(each["step"], each["outcome"], each["times"], each["reason"]) for each in steps] == [
        ("click: b > i", "timed_out", 3, "<b> lies over it"),
        ("wait_for: .comments", "done", 1, None),
        ("play: <video>", "not_found", 0, None),
    ]
    page = analyst.get(f"/capture/{page_id}").text
    assert "1 of 2 resources that the browser requested were recorded." in page
    assert "The consent dialog of One&lt;b&gt;trust was rejected while the page was shown." in page
    assert f"{PAGE}/&lt;b&gt;" in page and "image: failed in the browser (csp)" in page
    assert "because of what plain HTTP brought: it shows 0 words (&lt;div id=&#39;root&#39;&gt;)." in page
    assert "3 steps of the watch-list were to be done on the page" in page
    assert "click: b &gt; i" in page and "play: &lt;video&gt;" in page
    assert "its time was used up, done 3 times (&lt;b&gt; lies over it)" in page
    assert "not found on the page</span>" in page
    assert analyst.get(f"/api/capture/{capture_id}").json()["resources"] is None


def test_the_page_says_which_videos_were_found_behind_its_players(page_id: str, analyst: TestClient) -> None:
    videos = analyst.get(f"/api/capture/{page_id}").json()["videos"]
    capture_id = videos.pop("capture_id")
    file = {"url": PAGE, "height": 48, "taken": True, "capture_id": page_id}
    flood = {"title": "<i>Flood", "outcome": "taken", "reason": None, "duration_s": 2.0}
    gone = {"title": None, "outcome": "failed", "reason": "gone", "duration_s": None}
    assert videos == {
        "outcome": "part",
        "reason": "<b>HTTP Error 404",
        "found": 2,
        "found_more": False,
        "bytes": 23195,
        "tool": "yt-dlp 2026.10.26",
        "videos": [
            flood | {"files": [file], "subtitles": ["be"]},
            gone | {"files": [], "subtitles": []},
        ],
    }
    page = analyst.get(f"/capture/{page_id}").text
    assert "2 videos or sound files were found, and captured in part: &lt;b&gt;HTTP Error 404" in page
    assert "&lt;i&gt;Flood" in page and "without a title" in page and "Subtitles: be" in page
    assert analyst.get(f"/api/capture/{capture_id}").json()["videos"] is None


@pytest.mark.parametrize(
    ("videos", "sentence"),
    [
        ({"outcome": "none", "found": 0}, "No video or audio was found behind the players of this page."),
        ({"outcome": "taken", "found": 1}, "1 video or sound file was found, and captured."),
        (
            {"outcome": "over_limit", "found": 1, "reason": "9 MB"},
            "Video or audio was found and not captured, since it is beyond the limits: 9 MB",
        ),
        ({"outcome": "failed", "found": 0}, "Looking for video and audio failed: unknown"),
    ],
)
def test_each_outcome_of_a_search_for_video_is_a_sentence(videos: dict[str, object], sentence: str) -> None:
    shown = TEMPLATES.from_string(
        '{% from "page_videos.html" import video_sentence %}{{ video_sentence(videos) }}'
    )
    assert shown.render(videos={"reason": None} | videos).strip() == sentence


@pytest.mark.parametrize(
    ("consent", "sentence"),
    [
        (
            {"outcome": "stopped", "platform": "<i>", "reason": "<b> was not clicked"},
            "<p>Rejecting the consent dialog of &lt;i&gt; was not completed: &lt;b&gt; was not clicked</p>",
        ),
        (
            {"outcome": "failed", "platform": "Klaro"},
            "<p>Rejecting the consent dialog of Klaro was not completed: unknown</p>",
        ),
        (
            {"outcome": "failed", "reason": "<b>"},
            "<p>A consent dialog was to be rejected if the page showed one, and this failed: &lt;b&gt;</p>",
        ),
        ({"outcome": "no_dialog"}, ""),
    ],
)
def test_the_page_says_how_rejecting_a_dialog_ended_unless_there_was_none(
    consent: dict[str, str], sentence: str
) -> None:
    shown = TEMPLATES.from_string(
        '{% from "capture_actions.html" import consent_sentence %}{{ consent_sentence(consent) }}'
    )
    assert shown.render(consent={"platform": None, "reason": None} | consent).strip() == sentence


def test_the_record_of_browsertrix_crawler_is_read_as_well(
    own_archive: Archive, tmp_path: Path, analyst: TestClient
) -> None:
    url = "https://vesnik.example/browsertrix"
    urls = {url: {"status": 200, "mime": "text/html"}, f"{url}.js": {"status": 0, "error": "net::ERR_FAILED"}}
    content = json.dumps({"pageid": "1", "url": url, "urls": urls, "counts": {"jsErrors": 0}}).encode()
    made = Rendering("1", url, RenderingKind.PAGEINFO, "application/json", content, NIGHT, "another tool")
    path = signed_crawl(own_archive, tmp_path, [exchange(url, response(b"<p>")), made])
    deposited = deposit_file(own_archive, path)
    with own_archive.reader.connect() as connection:
        page = next(each.id for each in captures_in(connection, deposited.key) if each.url == url)
    found = analyst.get(f"/api/capture/{page}").json()["resources"]
    assert (found["total"], found["recorded"], found["consent"]) == (2, 1, None) and found["steps"] == []
    assert [(each["url"], each["reason"]) for each in found["missing"]] == [(f"{url}.js", "net::ERR_FAILED")]


def test_the_gallery_shows_a_page_with_two_screenshots_once(page_id: str, own_archive: Archive) -> None:
    with own_archive.reader.connect() as connection:
        items, total = gallery_of_day(connection, NIGHT.date(), ["kanal"], kind="screenshot")
    assert (total, [each.capture.url for each in items]) == (1, [f"urn:fullPage:{PAGE}"])


def test_a_screenshot_that_is_no_file_yet_has_no_verification_status(page_id: str, own_archive: Archive) -> None:
    with own_archive.reader.connect() as connection:
        found = {
            status: gallery_of_day(connection, NIGHT.date(), ["kanal"], kind="screenshot", status=status)[1]
            for status in VerificationStatus
        }
    assert found == dict.fromkeys(VerificationStatus, 0)
