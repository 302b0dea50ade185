from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from pipeline.collect.archived import archived_and_missing, describe_archived, describe_videos, outcome_in_a_line
from pipeline.collect.preservation_status import Preservation, preservation_of
from pipeline.collect.waiting import accept_request, archive_one, archive_urls
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.seaweedfs import ObjectStoreServer
from processors.telegram.post_address import post_in
from samples.expected import COURT_DOCUMENTS
from samples.sites import SampleSites
from samples.telegram.files import photo_url, stream_url
from storage.archive import Archive
from storage.catalogue.captures import capture_by_id, captures_of_crawl
from storage.catalogue.records import records_of_capture
from storage.ledger.custody import entries
from storage.ledger.requests import RequestUnknownError, request_by_id
from tests.storage.store_outage import outage

COURT = "https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1"
FORBIDDEN = "https://forbidden.pryklad.example/"
FILES = {
    "application/pdf": COURT_DOCUMENTS[0],
    "image/jpeg": photo_url("school/w800/q80"),
    "video/mp4": stream_url("video:school/320x240/4", ".mp4"),
}
REASON = "магчыма знікне заўтра"
CASE = "CASE-4711"


@pytest.fixture
def collecting(stored_settings: Settings, sample_sites: SampleSites) -> Settings:
    """Settings that lead every host to the sample sites."""
    settings = replace(
        stored_settings,
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
    return settings


@pytest.fixture
def opened(collecting: Settings) -> Iterator[Archive]:
    with opened_archive(collecting) as archive:
        yield archive


def test_each_address_gets_a_crawl_and_one_warc_of_its_own(collecting: Settings, opened: Archive) -> None:
    first, second = archive_urls(collecting, (COURT, FORBIDDEN), actor="analyst", reason=REASON, case=CASE)

    assert [len(first.warc_keys), len(second.warc_keys)] == [1, 1]
    assert first.crawl_id != second.crawl_id
    assert (first.problem, first.outcome, first.status) == (None, "content", 200)
    assert second.status == 403
    assert second.problem is not None
    assert first.capture_id is not None
    with opened.reader.connect() as connection:
        capture = capture_by_id(connection, first.capture_id)
    assert capture is not None
    assert capture.url == COURT


def test_a_request_for_video_too_says_so_in_the_ledger_and_has_what_came_of_it(
    collecting: Settings, opened: Archive
) -> None:
    (archived,) = archive_urls(collecting, (COURT,), actor="analyst", video=True)
    with opened.reader.connect() as connection:
        request = request_by_id(connection, archived.request_id)
    assert (request.engine, request.video) == ("http", True)
    assert archived.problem is None
    assert archived.videos is not None
    assert (archived.videos["url"], archived.videos["outcome"], archived.videos["found"]) == (COURT, "none", 0)


def test_reason_case_and_who_asked_go_to_the_ledger_and_never_into_the_warc(
    collecting: Settings, opened: Archive
) -> None:
    (archived,) = archive_urls(collecting, (COURT,), actor="ananim-7", reason=REASON, case=CASE)

    with opened.reader.connect() as connection:
        request = request_by_id(connection, archived.request_id)
        (started,) = [entry for entry in entries(connection) if entry.event == "collection_started"]
        version = capture_by_id(connection, str(archived.capture_id))
    assert (request.actor, request.reason, request.case_reference) == ("ananim-7", REASON, CASE)
    assert {name: started.details["facts"][name]["value"] for name in ("reason", "case", "requested_by")} == {
        "reason": REASON,
        "case": CASE,
        "requested_by": "ananim-7",
    }
    assert version is not None
    stream = opened.objects.open(archived.warc_keys[0], version.object_version)
    kept = b"".join(
        repr(list(record.headers)).encode() + record.reader.read()
        for record in ArchiveIterator(stream, parse_http=False)
    )
    for secret in (REASON, CASE, "ananim-7", archived.request_id):
        assert secret.encode() not in kept
        assert repr(secret)[1:-1].encode() not in kept


def test_an_address_that_sends_on_is_shown_with_the_page_it_leads_to(collecting: Settings) -> None:
    (archived,) = archive_urls(collecting, ("https://oblsud.pryklad.example/",), actor="analyst")

    assert archived.status == 200
    assert archived.page_url is not None
    assert archived.page_url.startswith("https://oblsud.pryklad.example/modules.php")


@pytest.mark.parametrize("address", ["91?single", "90"])
def test_a_post_of_telegram_is_taken_with_its_album_and_the_posts_around_it(
    collecting: Settings, opened: Archive, address: str
) -> None:
    url = f"https://t.me/pryklad_vestki/{address}"
    (archived,) = archive_urls(collecting, (url,), actor="analyst")

    post = post_in(url)
    assert post is not None
    assert (archived.problem, archived.outcome, archived.page_url) == (None, "content", post.frame_url)
    with opened.reader.connect() as connection:
        captures = tuple(captures_of_crawl(connection, archived.crawl_id))
        records = tuple(records_of_capture(connection, str(archived.capture_id)))
    outcomes = {capture.url: capture.outcome for capture in captures if capture.record_type == "response"}
    assert outcomes[url] == "empty", "the card is kept as what it was"
    assert outcomes[post.context_url] == "content"
    album = [capture.media_type for capture in captures if "/file/" in capture.url]
    assert {"video/mp4", "image/jpeg"} <= set(album)
    assert len(records) == 1


def test_a_post_that_is_not_there_is_a_problem_and_is_kept_as_what_it_was(collecting: Settings) -> None:
    (archived,) = archive_urls(collecting, ("https://t.me/pryklad_vestki/99999",), actor="analyst")
    assert archived.problem is not None
    assert archived.outcome != "content"
    assert archived.capture_id is not None


@pytest.mark.parametrize("media", ["application/pdf", "image/jpeg", "video/mp4"])
def test_a_file_by_its_own_address_is_a_page_that_was_captured(
    collecting: Settings, opened: Archive, media: str
) -> None:
    url = FILES[media]
    (archived,) = archive_urls(collecting, (url,), actor="analyst")
    assert (archived.problem, archived.outcome, archived.page_url) == (None, "content", url)
    with opened.reader.connect() as connection:
        capture = capture_by_id(connection, str(archived.capture_id))
    assert capture is not None
    assert capture.media_type == media


def test_pages_to_which_a_page_links_are_captured_with_it_and_name_it(
    collecting: Settings, opened: Archive
) -> None:
    front = "https://vesnik.pryklad.example/"
    (archived,) = archive_urls(collecting, (front,), actor="analyst", follow=2)
    assert archived.problem is None
    linked = archived.linked or ()
    assert [each["linked_from"] for each in linked] == [front, front]
    assert [each["outcome"] for each in linked] == ["content", "content"]
    with opened.reader.connect() as connection:
        captures = [capture_by_id(connection, each["capture_id"]) for each in linked]
        assert request_by_id(connection, archived.request_id).follow == 2
    assert [None if each is None else (each.url, each.crawl_id) for each in captures] == [
        (each["url"], archived.crawl_id) for each in linked
    ]
    assert len(archived.warc_keys) == 1
    assert f"linked from it: {linked[0]['url']}: content" in describe_archived(archived.as_json())
    (alone,) = archive_urls(collecting, (front,), actor="analyst")
    assert alone.linked is None


def test_an_on_demand_warc_has_no_revisits(collecting: Settings, opened: Archive) -> None:
    url = "https://vesnik.pryklad.example/"
    for archived in archive_urls(collecting, (url,), actor="analyst") + archive_urls(
        collecting, (url,), actor="analyst"
    ):
        with opened.reader.connect() as connection:
            capture = capture_by_id(connection, str(archived.capture_id))
        assert capture is not None
        stream = opened.objects.open(archived.warc_keys[0], capture.object_version)
        kinds = [record.record_type for record in ArchiveIterator(stream, parse_http=False)]
        assert WarcRecordType.revisit not in kinds
        assert WarcRecordType.response in kinds


def test_nothing_is_fetched_for_a_request_the_ledger_does_not_have(collecting: Settings) -> None:
    with pytest.raises(RequestUnknownError):
        archive_one(collecting, "01NEVERMADE", 0)
    assert not collecting.spool_dir.exists()


def test_a_request_without_reason_says_that_none_was_given(collecting: Settings, opened: Archive) -> None:
    request_id = accept_request(collecting, (COURT,), actor="analyst", reason="  ")
    archive_one(collecting, request_id, 0)

    with opened.reader.connect() as connection:
        (started,) = [entry for entry in entries(connection) if entry.event == "collection_started"]
    assert started.details["facts"]["reason"] == {"value": None, "unknown_because": "none was given"}


def test_with_one_store_what_it_has_confirmed_is_preserved_and_the_one_store_is_named(
    collecting: Settings,
) -> None:
    (archived,) = archive_urls(collecting, (COURT,), actor="analyst")

    assert archived.as_json()["preserved"] is True
    assert archived.preserved_reason == "confirmed by the one store there is, no second store is configured"


def test_preserved_is_said_of_a_page_only_when_the_second_store_has_confirmed_it_too(
    collecting: Settings,
    copied_settings: Settings,
    copied_archive: Archive,
    second_object_store_server: ObjectStoreServer,
) -> None:
    assert copied_archive.replica is not None  # its bucket is there
    names = [name for name in vars(copied_settings) if name.startswith("replica_")]
    both = replace(collecting, **{name: getattr(copied_settings, name) for name in names})

    (there,) = archive_urls(both, (COURT,), actor="analyst")
    with outage(second_object_store_server):
        (owed,) = archive_urls(both, (COURT,), actor="analyst")

    assert (there.preserved, there.preserved_reason) == (True, "both stores have confirmed it")
    assert owed.preserved is False
    assert f"the copy of {owed.warc_keys[0]} in the second store is pending: " in owed.preserved_reason
    assert second_object_store_server.endpoint in owed.preserved_reason
    assert "; NOT YET preserved: the copy of " in describe_archived(owed.as_json())


def test_where_nothing_was_deposited_nothing_is_said_to_be_preserved(opened: Archive) -> None:
    assert preservation_of(opened, ()) == Preservation(None, "nothing was deposited")


def test_where_to_look_names_every_address_and_those_that_are_missing() -> None:
    there = {
        "url": "https://a.example/",
        "capture_id": "urn:uuid:1",
        "page_url": "https://a.example/",
        "outcome": "content",
        "outcome_reason": None,
        "captures": 3,
        "warc_keys": ["warc/a.warc.gz"],
        "preserved": True,
        "preserved_reason": "both stores have confirmed it",
        "look_at": "letapis show urn:uuid:1",
        "problem": None,
    }
    lines, missing = archived_and_missing(["https://a.example/", "https://b.example/"], [there])
    assert lines == [
        "https://a.example/: content; 3 captures in warc/a.warc.gz; both stores have confirmed it\n"
        "  letapis show urn:uuid:1"
    ]
    assert missing == ["https://b.example/: its task failed; the log of the task says why."]


def test_the_note_of_a_run_counts_outcomes_and_names_no_address() -> None:
    good = {"url": "https://a.example/", "outcome": "content", "problem": None}
    bad = {"url": "https://b.example/", "outcome": "blocked", "problem": "HTTP 403"}
    assert outcome_in_a_line(1, [good]) == "1 of 1 address captured as requested (1 content)."
    said = "1 of 3 addresses captured as requested (1 content); 2 not (1 blocked, 1 task failed)."
    assert outcome_in_a_line(3, [good, bad]) == said
    confidential = [{"number": 0, "missing": False}, {"number": 1, "missing": True}]
    assert outcome_in_a_line(2, confidential) == "1 of 2 addresses captured as requested; 1 not."


def test_what_came_of_looking_for_video_is_said_with_the_address() -> None:
    found = {"outcome": "part", "reason": "HTTP Error 404: Not Found", "found": 2, "taken": 1}
    assert describe_videos(found) == "video and audio: 1 of 2 taken: HTTP Error 404: Not Found"
    none = {"outcome": "none", "reason": None, "found": 0, "taken": 0}
    assert describe_videos(none) == "video and audio: none found behind the players of the page"
