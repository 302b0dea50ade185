"""Crawls with a login, by real processes and a real browser: what the site saw is kept, but for credentials.

What the server logged is held against the WARC files byte by byte; each secret is searched in every byte.
"""

import asyncio
import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawlers.model.login import LoginSign
from crawlers.model.report import CrawlReport
from crawlers.watchlist.source import EVERY_RENDERING, source_for_urls
from pipeline.chromium import find_chromium
from pipeline.collect.deposit_spool import _is_uncleared
from pipeline.config.settings import Settings
from pipeline.crawl import crawl_id_of_now, job_for, run_crawl
from pipeline.login.browser_login import Credentials, LoginBrowser, LoginForm, login_by_form
from pipeline.login.kept_apart import kept_of_crawl
from pipeline.login.loan import lend
from pipeline.login.profiles import LoginProfile, ProfileError, ProfileStore
from processors.digest import Digest
from processors.http.message import entity, parse_response
from storage.ledger.commitments import opens
from tests.pipeline.login.login_site import PASSWORD, USER, LoginSite, login_site

pytestmark = pytest.mark.slow

FORM = LoginForm("input[name=user]", "input[name=password]", "button")
SIGN = LoginSign(selector="#logout", text="Log out")


@pytest.fixture(scope="module")
def program() -> Path:
    found = find_chromium(Settings().chromium)
    assert found is not None
    return found.program


@pytest.fixture
def site() -> Iterator[LoginSite]:
    with login_site() as served:
        yield served


class Login:
    """A profile at the site, and crawls of its pages."""

    def __init__(self, site: LoginSite, program: Path, folder: Path) -> None:
        self.site, self.program, self.spool = site, program, folder / "spool"
        self.store = ProfileStore(folder / "login", folder / "keys" / "login.keys")
        browser = LoginBrowser(program, Settings().user_agent)
        typed = Credentials(USER, PASSWORD)
        seen = asyncio.run(login_by_form(browser, f"{site.url}/login", SIGN, FORM, typed))
        made = (datetime.now(UTC), "ann", None)
        profile = LoginProfile("board", "Rehearsal 3", f"{site.url}/login", SIGN, seen.url, *made, seen.state)
        self.store.write(profile)
        site.origin.log.clear()

    def crawl(self, *paths: str, profile: str | None = "board", lent: bool = True) -> CrawlReport:
        urls = tuple(f"{self.site.url}{path}" for path in paths)
        source = source_for_urls(urls, engine="browser", follow="nothing")
        source = replace(source, profile=profile, delay_s=0.0, renderings=EVERY_RENDERING)
        job = job_for(source, user_agent=Settings().user_agent, collector="any", allow_addresses=("127.0.0.0/8",))
        loan = None
        if profile is not None and lent:
            loan = lend(self.store, self.store.read(profile), job.crawl_id, egress=None)
        return run_crawl(job, self.spool, chromium=self.program, login=loan)

    def every_byte(self) -> bytes:
        """Of the spool, packed members and packed bodies unpacked."""
        found = []
        for path in self.spool.rglob("*"):
            if not path.is_file():
                continue
            content = path.read_bytes()
            found += [content, gzip.decompress(content) if path.name.endswith(".gz") else b""]
        found += [
            entity(parse_response(content), 1 << 26)
            for kind, _, content, _ in self.records()
            if kind == "response"
        ]
        return b"\n".join(found)

    def records(self) -> Iterator[tuple[str, str, bytes, dict[str, str]]]:
        for path in sorted(self.spool.rglob("*.warc.gz")):
            with path.open("rb") as stream:
                for record in ArchiveIterator(stream, no_record_parse=True):
                    headers = dict(record.rec_headers.headers)
                    yield (
                        record.rec_type,
                        headers.get("WARC-Target-URI", ""),
                        record.raw_stream.read(),
                        headers,
                    )

    def shown_secrets(self) -> list[bytes]:
        kept = self.every_byte()
        return [each for each in self.site.secrets() if each in kept]


@pytest.fixture
def login(site: LoginSite, program: Path, tmp_path: Path) -> Login:
    return Login(site, program, tmp_path)


def test_all_bytes_are_the_servers_but_the_declared_spans_whose_commitments_open(login: Login) -> None:
    sealed = (login.store.folder / "board.profile").read_bytes()

    report = login.crawl("/notices")

    assert report.problem is None
    assert report.failures == ()
    by_id = {headers["WARC-Record-ID"]: (kind, content) for kind, _, content, headers in login.records()}
    spans = [row["spans"] for row in kept_of_crawl(login.store, report.crawl_id) if row["what"] == "redacted"]
    opened = [span for row in spans for span in row]
    pairs, declared = 0, 0
    for kind, url, content, headers in login.records():
        if kind != "metadata" or not url.startswith("urn:exchange:"):
            continue
        facts = json.loads(content)
        answer = by_id[headers["WARC-Concurrent-To"]][1]
        request = next(
            content
            for kind, _, content, other in login.records()
            if kind == "request" and other["WARC-Concurrent-To"] == headers["WARC-Concurrent-To"]
        )
        shown = {"request": bytearray(request), "response": bytearray(answer)}
        for span in facts.get("redacted", ()):
            declared += 1
            start, end = span["offset"], span["offset"] + span["length"]
            assert set(shown[span["message"]][start:end]) == {ord("*")}
            commitment = Digest.parse(span["commitment"])
            value = next(
                each["value"]
                for each in opened
                if opens(commitment, each["salt"], each["what"], each["value"])
                and (each["message"], each["offset"]) == (span["message"], span["offset"])
            )
            shown[span["message"]][start:end] = value.encode("latin-1")
        assert any(
            (bytes(shown["request"]), bytes(shown["response"])) == (served.request, bytes(served.sent))
            for served in login.site.origin.log
        )
        pairs += 1
    assert pairs == len(login.site.origin.log) >= 3
    assert declared >= 5  # cookies of each request, a bearer's token, a renewed cookie
    assert any(b"Authorization: Bearer dev1ce-" in served.request for served in login.site.origin.log)
    assert any("urn:fullPage:" in url for _, url, _, _ in login.records())
    assert login.shown_secrets() == []
    assert (login.store.folder / "board.profile").read_bytes() == sealed


def test_a_body_that_repeats_a_value_is_sealed_apart_with_all_that_shows_it(login: Login) -> None:
    report = login.crawl("/leak")

    assert any("withheld" in failure for failure in report.failures)
    assert login.shown_secrets() == []
    kinds = [url.split(":")[1] for _, url, _, _ in login.records() if url.startswith("urn:")]
    assert {"fullPage", "dom", "pdf", "mhtml", "text"} & set(kinds) == set()
    notes = [json.loads(content) for kind, url, content, _ in login.records() if url.startswith("urn:note:")]
    assert any(note["outcome"] == "refused_by_policy" and "sealed" in note["reason"] for note in notes)
    rows = list(kept_of_crawl(login.store, report.crawl_id))
    withheld = next(row for row in rows if row["what"] == "exchange")
    parts = [
        base64.b64decode(row["base64"])
        for row in rows
        if row["what"] == "part" and row["of"] == withheld["number"]
    ]
    served = next(each for each in login.site.origin.log if each.path == "/leak")
    assert b"".join(parts) == served.request + bytes(served.sent)
    assert {row["kind_of"] for row in rows if row["what"] == "rendering"} >= {"dom", "fullPage", "mhtml"}


def test_a_value_that_comes_later_keeps_the_whole_file_out(login: Login) -> None:
    report = login.crawl("/late")

    assert report.files == ()
    assert any("a value that the site gave later" in failure for failure in report.failures)
    assert login.shown_secrets() == []
    assert [row["name"] for row in kept_of_crawl(login.store, report.crawl_id) if row["what"] == "file"] == [
        f"{report.crawl_id}-00000.warc.gz"
    ]


def test_a_logged_out_visit_fails_the_source_and_leaves_the_profile(login: Login) -> None:
    sealed = (login.store.folder / "board.profile").read_bytes()
    login.site.log_out()

    report = login.crawl("/notices")

    assert any("letapis login" in failure for failure in report.failures)
    assert any("/notices: does not show the sign" in remark for remark in report.remarks)
    notes = [json.loads(content) for _, url, content, _ in login.records() if url.startswith("urn:note:")]
    assert [note["outcome"] for note in notes if note["kind"] == "outcome"] == ["login_wall"]
    assert (login.store.folder / "board.profile").read_bytes() == sealed


def test_what_is_no_page_is_not_requested_again_without_the_login(login: Login) -> None:
    report = login.crawl("/api/notices")

    [served] = [each for each in login.site.origin.log if each.path == "/api/notices"]
    assert b"session=" in served.request
    [failure] = report.failures
    assert "/api/notices: unreachable: it is no page that Chromium shows; what came is kept" in failure
    assert any(kind == "response" and url.endswith("/api/notices") for kind, url, _, _ in login.records())


def test_a_crawl_that_is_lent_nothing_fetches_nothing(login: Login) -> None:
    report = login.crawl("/notices", lent=False)

    assert report.problem is not None
    assert "was not lent" in report.problem
    assert login.site.origin.log == []


def test_an_anonymous_crawl_holds_nothing_of_the_login(login: Login) -> None:
    report = login.crawl("/notices", profile=None)

    assert report.problem is None
    assert b"Please log in" in login.every_byte()
    assert login.shown_secrets() == []


def test_a_login_goes_by_the_egress_profile_by_which_it_was_made(login: Login) -> None:
    with pytest.raises(ProfileError, match="made by the egress profile direct"):
        lend(login.store, login.store.read("board"), crawl_id_of_now(), egress="tor")


def test_what_a_killed_crawl_with_a_login_has_left_is_not_deposited(tmp_path: Path) -> None:
    jobs: dict[str, Any] = {"with": {"source": {"profile": "board"}}, "without": {"source": {"id": "a"}}}
    for name, job in jobs.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "job.json").write_text(json.dumps(job), "utf-8")

    assert (_is_uncleared(tmp_path / "with"), _is_uncleared(tmp_path / "without")) == (True, False)
    (tmp_path / "with" / "report.json").write_text("{}", "utf-8")
    assert not _is_uncleared(tmp_path / "with")
