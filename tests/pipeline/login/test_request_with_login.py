"""Pages that somebody requests with a login, by a worker with prepared crawls: what came of them, and for whom."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access.views.requests import one_request
from crawlers.model.login import LoginSign
from pipeline.chromium import find_chromium
from pipeline.collect.on_demand import Prepared, work_on
from pipeline.collect.waiting import accept_request
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.handover.receipts.request_receipt import request_statements
from pipeline.login.browser_login import Credentials, LoginBrowser, LoginForm, login_by_form
from pipeline.login.profiles import LoginProfile, ProfileStore
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import capture_by_id
from storage.deposit.record_reader import read_record
from storage.ledger.custody import entries
from storage.ledger.memberships import add_member
from storage.ledger.requests import RequestResult, results_of_request
from storage.work_queue.claims import claim
from tests.pipeline.login.login_site import PASSWORD, USER, LoginSite, login_site

pytestmark = pytest.mark.browser

SIGN = LoginSign(selector="#logout")
FORM = LoginForm("input[name=user]", "input[name=password]", "button")


@dataclass(frozen=True)
class Requesting:
    """An archive with a profile at the site, and a worker's work in this process, with what it has prepared."""

    settings: Settings
    archive: Archive
    site: LoginSite
    prepared: Prepared
    chromium: Path

    def result(self, path: str, **how: str | int) -> tuple[str, RequestResult]:
        """Request one page with the login, work on it, and give its request's id and what came of it."""
        request_id = accept_request(
            self.settings,
            (f"{self.site.url}{path}",),
            actor="ala",
            profile="board",
            **how,  # type: ignore[arg-type]  # each is given as its own type
        )
        with self.archive.writer.begin() as connection:
            held = claim(connection, "here:1", of=(request_id, 0))
        assert held is not None
        work_on(self.settings, self.archive, held, prepared=self.prepared)
        with self.archive.reader.connect() as connection:
            return request_id, results_of_request(connection, request_id)[0]


@pytest.fixture
def requesting(stored_settings: Settings) -> Iterator[Requesting]:
    found = find_chromium(stored_settings.chromium)
    assert found is not None
    settings = replace(stored_settings, allow_addresses=("127.0.0.0/8",))
    prepared = Prepared(settings)
    with login_site() as site, opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
        browser, typed = LoginBrowser(found.program, settings.user_agent), Credentials(USER, PASSWORD)
        seen = asyncio.run(login_by_form(browser, f"{site.url}/login", SIGN, FORM, typed))
        made = (datetime.now(UTC), "ann", None)
        profile = LoginProfile("board", "Rehearsal 3", f"{site.url}/login", SIGN, seen.url, *made, seen.state)
        ProfileStore(settings.login_folder, settings.login_keys_file).write(profile)
        prepared.crawls.take(found.program)  # a browser was wanted before
        prepared.crawls.prepare()
        try:
            yield Requesting(settings, archive, site, prepared, found.program)
        finally:
            prepared.end()


def stored_bytes(archive: Archive) -> bytes:
    """Every byte that the store holds, packed and unpacked."""
    found = []
    for each in archive.objects.list():
        content = archive.objects.read(each.key, each.version_id)
        found += [content, gzip.decompress(content) if content.startswith(b"\x1f\x8b") else b""]
    return b"".join(found)


def test_a_page_is_loaded_with_the_login_and_nobody_else_finds_what_is_confidential(
    requesting: Requesting,
) -> None:
    archive = requesting.archive
    label = add_member(archive, "ala", actor="ann", case="K-17").label

    request_id, result = requesting.result("/notices", case="K-17", access_label=label)

    assert result.problem is None
    with archive.reader.connect() as connection:
        capture = capture_by_id(connection, str(result.capture_id))
        hidden = capture_by_id(connection, str(result.capture_id), viewer=Viewer("eva"))
        started = next(each for each in entries(connection) if each.event == "collection_started")
    assert capture is not None
    assert b"Only for readers of the notice board" in read_record(archive, capture).block
    assert (capture.access_label, hidden) == (label, None)
    assert started.details["facts"]["virtual_identity"]["value"] == "Rehearsal 3"
    row = one_request(archive, request_id, viewer=Viewer("ala"))
    assert row is not None
    assert (row["engine"], row["profile"], row["confidential"]) == ("browser", "board", True)
    assert one_request(archive, request_id, viewer=Viewer("eva")) is None
    stated = request_statements(archive, request_id, viewer=EVERYONE, issued_at=datetime.now(UTC))
    assert stated is not None
    assert stated["request"]["profile"] == "board"
    secrets, shown = (*requesting.site.secrets(), b"Rehearsal 3"), json.dumps([row, stated], default=str).encode()
    assert [each for each in secrets if each in shown + stored_bytes(archive)] == []
    waiting = requesting.prepared.crawls.take(requesting.chromium)
    assert waiting is not None, "what was there before the login was lent has not got it"
    waiting.end()


def test_pages_to_which_it_links_are_loaded_with_the_login_and_the_link_that_logs_out_is_not_followed(
    requesting: Requesting,
) -> None:
    _, result = requesting.result("/board", follow=9)

    assert result.problem is None
    linked = {each["url"]: each for each in result.details["linked"]}
    assert list(linked) == [f"{requesting.site.url}/notices"]
    (notices,) = linked.values()
    with requesting.archive.reader.connect() as connection:
        capture = capture_by_id(connection, str(notices["capture_id"]))
    assert capture is not None
    assert b"Only for readers of the notice board" in read_record(requesting.archive, capture).block
    assert requesting.site.sessions != set(), "the session goes on"


def test_a_logged_out_page_is_kept_and_is_the_problem_of_the_request_in_words(requesting: Requesting) -> None:
    requesting.site.log_out()

    _, result = requesting.result("/notices")

    assert result.problem is not None
    assert "letapis login" in result.problem
    assert "pages were captured as they came" in result.problem
    with requesting.archive.reader.connect() as connection:
        capture = capture_by_id(connection, str(result.capture_id))
    assert capture is not None
    assert b"Please log in" in read_record(requesting.archive, capture).block
