"""Archiving a page from a form: what is told before, who may, what is refused, progress, receipt, many pages."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from access.app import create_app
from access.request_desk import RunState, SchedulerSilentError
from crawlers.model.login import LoginSign
from pipeline.collect.request_desk import AirflowRequestDesk
from pipeline.config.settings import Settings
from pipeline.login.profiles import LoginProfile, ProfileStore
from pipeline.process.run import process_pending
from storage.access_labels import EVERYONE
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.deposit.deposit import deposit_file
from storage.ledger.crawl_facts import Fact, begin_collection, end_collection
from storage.ledger.memberships import add_member
from storage.ledger.requests import insert_result, requests_seen
from storage.quality.scores import QualityScore, keep_score
from storage.work_queue.claims import beat
from tests.access.conftest import user_of_header
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response

OWN = {"X-User": "ala", "Sec-Fetch-Site": "same-origin"}
READER = {**OWN, "X-User": "reader"}
PAGE = "https://vesnik.example/старонка"


class DeskWithoutAirflow(AirflowRequestDesk):
    """The desk of an installation, where the runs that it would start are written down instead."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(lambda: settings)
        self.started: list[str] = []
        self.state: RunState | None = RunState.RUNNING

    def _start(self, request_id: str, *, patience_s: float) -> None:
        self.started.append(request_id)

    def run_state(self, request_id: str) -> RunState:
        if self.state is None:
            raise SchedulerSilentError
        return self.state


@dataclass(frozen=True)
class ArchivingPages:
    client: TestClient
    desk: DeskWithoutAirflow
    archive: Archive
    spool: Path

    def capture(self, block: bytes, days: int, request_id: str | None = None) -> str:
        """A capture of the page; the crawl of a request says whose it is."""
        path = crawl_one(self.spool, [exchange(PAGE, block, at=NIGHT + timedelta(days=days))])
        crawl_id = path.name[:26]
        if request_id is not None:
            self.begin(crawl_id, request_id)
        deposit_file(self.archive, path)
        with self.archive.reader.connect() as connection:
            return next(each.id for each in captures_of_crawl(connection, crawl_id))

    def begin(self, crawl_id: str, request_id: str, number: int = 1) -> None:
        facts = {"requested_by": Fact("ala"), "request": Fact(request_id), "request_number": Fact(str(number))}
        begin_collection(self.archive, crawl_id=crawl_id, source_id="on-demand", actor="ala", facts=facts)

    def states(self, *request_ids: str) -> dict[str, object]:
        answer = self.client.get("/api/archive/states", params={"id": request_ids}, headers=OWN)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found


@pytest.fixture
def pages(archive: Archive, stored_settings: Settings, tmp_path: Path) -> Iterator[ArchivingPages]:
    desk = DeskWithoutAirflow(stored_settings)
    with TestClient(create_app(lambda: archive, user_of_header, desk=desk), follow_redirects=False) as client:
        yield ArchivingPages(client, desk, archive, tmp_path)


def test_the_box_is_there_for_collectors_alone_and_a_reader_is_refused(pages: ArchivingPages) -> None:
    assert 'action="/archive/check"' in pages.client.get("/", headers=OWN).text
    assert "archive-box" not in pages.client.get("/", headers=READER).text
    for path in ("/archive", "/archive/check"):
        answer = pages.client.post(path, data={"urls": PAGE, "url": PAGE}, headers=READER)
        assert answer.status_code == 403
    assert pages.client.get("/archive", headers=READER).status_code == 403
    for headers in ({"X-User": "ala"}, {**OWN, "Sec-Fetch-Site": "cross-site"}):
        assert pages.client.post("/archive", data={"urls": PAGE}, headers=headers).status_code == 403
        assert pages.client.post("/api/archive/known", json={"url": PAGE}, headers=headers).status_code == 403
    assert pages.desk.started == []


def test_what_there_is_of_an_address_is_told_before_anything_is_started(pages: ArchivingPages) -> None:
    nothing = pages.client.post("/archive/check", data={"url": PAGE}, headers=OWN).text
    assert "There is no capture of this address that you may see." in nothing
    pages.capture(response(b"<p>one"), 1)
    pages.capture(response(b"<p>two"), 2, "01JD5PZ4T2V8M6Q3R9S7W1X0QQ")
    told = pages.client.post("/archive/check", data={"url": PAGE}, headers=OWN).text
    assert "This address was captured 2 times before." in told
    assert "2 different payloads were seen" in told
    assert "asked for by ala, changed since the capture before" in " ".join(told.split())
    assert "by the source kanal" in told
    assert "Archive again" in told
    known = pages.client.post("/api/archive/known", json={"url": PAGE}, headers=OWN).json()
    assert (known["captures"], known["payloads"]) == (2, 2)
    assert [each["requested_by"] for each in known["newest"]] == ["ala", None]
    with pages.archive.writer.begin() as connection:
        connection.execute(text("UPDATE catalogue.captures SET access_label = 'case-9'"))
    assert (
        "There is no capture of this address"
        in pages.client.post("/archive/check", data={"url": PAGE}, headers=OWN).text
    )
    assert pages.desk.started == []


def test_what_is_missing_of_a_capture_is_archived_by_one_press_and_of_a_case_from_the_form(
    pages: ArchivingPages,
) -> None:
    capture_id = pages.capture(response(b"<p>one"), 1)
    (form,) = forms_of(pages.client.get(f"/capture/{capture_id}", headers=OWN).text, "/archive")
    assert pages.client.post("/archive", data=form, headers=OWN).status_code == 303
    with pages.archive.reader.connect() as connection:
        (request,) = requests_seen(connection, viewer=EVERYONE, limit=9)
    assert pages.desk.started == [request.id]
    assert (request.urls, request.engine) == ((PAGE,), "browser")
    assert request.reason == f"to complete the capture {capture_id}"

    label = add_member(pages.archive, "ala", actor="kust", case="K-9").label
    with pages.archive.writer.begin() as connection:
        connection.execute(text("UPDATE catalogue.captures SET access_label = :label"), {"label": label})
    page = pages.client.get(f"/capture/{capture_id}", headers=OWN).text
    assert forms_of(page, "/archive") == []
    assert {"url": PAGE, "engine": "browser"} in forms_of(page, "/archive/check")


def test_video_is_captured_too_where_the_box_is_ticked(pages: ArchivingPages) -> None:
    form = pages.client.get("/archive", headers=OWN).text
    assert 'type="checkbox" name="video"' in form
    for sent in ({"urls": PAGE}, {"urls": PAGE, "video": "yes", "engine": "browser"}):
        assert pages.client.post("/archive", data=sent, headers=OWN).status_code == 303
    with pages.archive.reader.connect() as connection:
        found = requests_seen(connection, viewer=EVERYONE, limit=9)
    assert {(each.engine, each.video) for each in found} == {("http", False), ("browser", True)}


def test_a_login_can_be_chosen_where_there_is_one_and_implies_the_browser(
    pages: ArchivingPages, stored_settings: Settings
) -> None:
    for path in ("/archive", "/repeats", "/requests"):
        assert "With the login" not in pages.client.get(path, headers=OWN).text
    state: dict[str, object] = {"cookies": [{"name": "session", "value": "s3cret-value-0815"}], "origins": []}
    sign = LoginSign(selector="#logout")
    kept = LoginProfile("board", "Rehearsal 3", PAGE, sign, PAGE, NIGHT, "ann", None, state)
    ProfileStore(stored_settings.login_folder, stored_settings.login_keys_file).write(kept)
    stored_settings.login_keys_file.unlink()  # a server of pages needs none
    shown = [pages.client.get(path, headers=OWN).text for path in ("/archive", "/repeats", "/requests")]
    assert ["With the login board" in each for each in shown] == [True, True, True]
    assert [word for word in ("Rehearsal", "s3cret") if word in "".join(shown)] == []
    assert "With the login" not in pages.client.get("/requests", headers=READER).text

    wanted = {"urls": PAGE, "profile": "board"}
    for more, words in (({"profile": "nobody"}, "those there are: board"), ({"video": "yes"}, "without a login")):
        refused = pages.client.post("/archive", data=wanted | more, headers=OWN)
        assert (refused.status_code, words in refused.text) == (422, True), refused.text
    assert pages.desk.started == []
    answer = pages.client.post("/archive", data=wanted, headers=OWN)
    assert answer.status_code == 303, answer.text
    page = pages.client.get(answer.headers["location"], headers=OWN).text
    assert "In the browser, with the login board." in page
    (watched,) = forms_of(page, "/repeats")
    assert (watched["engine"], watched["profile"]) == ("browser", "board")

    sent = {"urls": [PAGE], "engine": "http", "profile": "board"}
    row = pages.client.post("/api/requests", json=sent, headers=OWN).json()
    assert (row["engine"], row["profile"]) == ("browser", "board")
    again = pages.client.post("/api/repeats", json=sent | {"every": "1d", "until": days_from_now(3)}, headers=OWN)
    assert again.status_code == 201, again.text
    assert (again.json()["engine"], again.json()["profile"]) == ("browser", "board")
    nobodys = sent | {"every": "1d", "until": days_from_now(3), "profile": "nobody"}
    assert pages.client.post("/api/repeats", json=nobodys, headers=OWN).status_code == 422


def days_from_now(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def test_pages_to_which_a_page_links_are_chosen_by_a_number_and_have_rows_of_their_own(
    pages: ArchivingPages,
) -> None:
    for wrong, words in (("101", "0 to 100"), ("x", "expected a number"), ("-1", "expected a number")):
        answer = pages.client.post("/archive", data={"urls": PAGE, "follow": wrong}, headers=OWN)
        assert (answer.status_code, words in answer.text) == (422, True)
    again = {"urls": PAGE, "follow": "2", "every": "day"}
    assert "A repeat takes each page alone" in pages.client.post("/archive", data=again, headers=OWN).text
    assert pages.desk.started == []

    sent = {"urls": PAGE, "follow": "2", "video": "yes", "engine": "browser"}
    assert pages.client.post("/archive", data=sent, headers=OWN).status_code == 303
    (request_id,) = pages.desk.started
    found = pages.client.get(f"/api/request/{request_id}", headers=OWN).json()
    assert (found["engine"], found["video"], found["follow"]) == ("browser", True, 2)
    linked = {"url": f"{PAGE}/2", "linked_from": PAGE, "capture_id": None, "status": None}
    linked |= {"outcome": "unreachable", "outcome_reason": "the host is silent"}
    with pages.archive.writer.begin() as connection:
        insert_result(connection, request_id, 0, details={"outcome": "content", "linked": [linked]})
    found = pages.client.get(f"/api/request/{request_id}", headers=OWN).json()
    assert found["results"][0]["linked"] == [linked]
    for shown in (f"/request/{request_id}", f"/archive/batch?id={request_id}"):
        page = pages.client.get(shown, headers=OWN).text
        assert "linked page" in page
        assert "the host is silent" in page
    answer = pages.client.get("/archive/batch.csv", params={"id": request_id}, headers=OWN)
    _, row = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["url"], row["state"], row["linked_from"]) == (f"{PAGE}/2", "failed", PAGE)


def forms_of(page: str, action: str) -> list[dict[str, str]]:
    """The hidden fields of each form on the page that leads there."""
    forms = re.findall(rf'<form[^>]* action="{action}">(.*?)</form>', page, re.DOTALL)
    fields = r'<input type="hidden" name="(\w+)" value="([^"]*)">'
    return [{name: unescape(value) for name, value in re.findall(fields, form)} for form in forms]


def test_a_get_fills_the_form_and_starts_nothing(pages: ArchivingPages) -> None:
    shown = pages.client.get("/archive", params={"url": "javascript:alert(1)//<script>"}, headers=OWN).text
    assert "javascript:alert(1)//&lt;script&gt;</textarea>" in shown
    assert "javascript:void window.open(&#39;http://testserver/archive#&#39;+encodeURIComponent" in shown
    with pages.archive.reader.connect() as connection:
        assert requests_seen(connection, viewer=EVERYONE, limit=9) == ()


def test_an_address_goes_through_its_stages_to_a_receipt(pages: ArchivingPages) -> None:
    answer = pages.client.post("/archive", data={"urls": PAGE, "reason": "знікае"}, headers=OWN)
    assert answer.status_code == 303
    (request_id,) = pages.desk.started
    assert answer.headers["location"] == f"/request/{request_id}"
    assert pages.states(request_id) == {
        "states": ["waiting"],
        "counts": {"waiting": 1},
        "total": 1,
        "ended": False,
        "scheduler": "running",
    }
    path = crawl_one(pages.spool, [exchange(PAGE, response(b"<p>new"), at=NIGHT)])
    crawl_id = path.name[:26]
    pages.begin(crawl_id, request_id)
    assert pages.states(request_id)["states"] == ["fetching"]
    deposited = deposit_file(pages.archive, path)
    assert pages.states(request_id)["states"] == ["depositing"]
    end_collection(pages.archive, crawl_id=crawl_id, actor="ala", details={"failures": [], "problem": None})
    assert pages.states(request_id)["states"] == ["reading"]
    process_pending(pages.archive)
    assert pages.states(request_id)["states"] == ["timestamping"]
    with pages.archive.writer.begin() as connection:
        capture = next(iter(captures_of_crawl(connection, crawl_id)))
        insert_result(
            connection,
            request_id,
            0,
            crawl_id=crawl_id,
            capture_id=capture.id,
            details={"outcome": "content", "preserved": True},
        )
    assert pages.states(request_id) | {"scheduler": None} == {
        "states": ["done"],
        "counts": {"done": 1},
        "total": 1,
        "ended": True,
        "scheduler": None,
    }
    shown = " ".join(pages.client.get(f"/request/{request_id}", headers=OWN).text.split())
    receipt = pages.client.get(f"/api/capture/{capture.id}/receipt", headers=OWN).json()
    assert [each["event"] for each in receipt["custody"]] == [
        "collection_started",
        "deposited",
        "collection_ended",
    ]
    assert receipt["capture"]["payload_digest"] in shown
    assert deposited.key in shown
    assert f"{receipt['custody'][1]['seq']} (deposited)" in shown
    assert "there is none yet" in shown, "no checkpoint"
    assert "знікае" in shown
    assert receipt["quality"] is None
    assert "Quality of the replay" not in shown, "without a browser nothing is compared"
    part = {"name": "screenshot", "value": 0.985, "reason": None}
    measured = QualityScore(capture.id, 0.985, None, (part,), "ran", (), {"method": "1"}, NIGHT)
    with pages.archive.writer.begin() as connection:
        keep_score(connection, measured)
    again = pages.client.get(f"/api/capture/{capture.id}/receipt", headers=OWN).json()
    assert again["quality"]["score"] == 0.985
    assert ">0.98<" in pages.client.get(f"/request/{request_id}", headers=OWN).text


def test_a_run_that_ended_without_a_result_and_a_silent_scheduler_are_said(pages: ArchivingPages) -> None:
    pages.client.post("/archive", data={"urls": f"{PAGE}\nhttps://other.example/"}, headers=OWN)
    (request_id,) = pages.desk.started
    pages.desk.state = None
    assert pages.states(request_id)["scheduler"] == "silent"
    shown = pages.client.get(f"/request/{request_id}", headers=OWN).text
    assert "data-silent>" in shown
    pages.desk.state = RunState.FAILED
    found = pages.states(request_id)
    assert (found["states"], found["ended"]) == (["broken", "broken"], True)


def test_hundreds_of_addresses_become_bounded_requests_and_a_table_comes_back(pages: ArchivingPages) -> None:
    urls = [f"https://vesnik.example/{number}" for number in range(600)]
    file = ("list.csv", "note,url\n" + "".join(f"x,{url}\n" for url in urls), "text/csv")
    answer = pages.client.post("/archive", data={"urls": ""}, files={"file": file}, headers=OWN)
    assert answer.status_code == 303, answer.text
    assert len(pages.desk.started) == 3
    with pages.archive.reader.connect() as connection:
        taken = {each.id: each.urls for each in requests_seen(connection, viewer=EVERYONE, limit=9)}
    assert [url for request_id in pages.desk.started for url in taken[request_id]] == urls
    assert max(map(len, taken.values())) <= 256
    capture_id = pages.capture(response(b"<p>one"), 1)
    with pages.archive.writer.begin() as connection:
        first, second = pages.desk.started[:2]
        insert_result(connection, first, 0, capture_id=capture_id, details={"outcome": "content"})
        insert_result(connection, second, 1, problem="=cmd|' /C calc'!A0")
    shown = pages.client.get(answer.headers["location"], headers=OWN).text
    assert "600 addresses" in shown
    assert pages.states(*pages.desk.started)["counts"] == {"done": 1, "failed": 1, "waiting": 598}
    sent = pages.client.get(answer.headers["location"].replace("/batch?", "/batch.csv?"), headers=OWN)
    rows = list(csv.DictReader(io.StringIO(sent.content.decode("utf-8-sig"))))
    assert [row["url"] for row in rows] == urls
    assert rows[0]["link"] == f"http://testserver/capture/{capture_id}"
    assert rows[0]["payload_digest"].startswith("sha256:")
    assert rows[257]["problem"] == "'=cmd|' /C calc'!A0"
    assert (rows[-1]["state"], rows[-1]["outcome"]) == ("waiting", "")


@pytest.mark.parametrize(
    ("data", "file", "words"),
    [
        ({"urls": "\n\nhttp://10.0.0.1/\nftp://x.example/"}, None, ["Line 3", "Line 4", "Nothing was"]),
        ({"urls": "\n".join(f"https://a.example/{n}" for n in range(1001))}, None, ["at most 1000"]),
        ({"urls": ""}, b"url\n\n=HYPERLINK(1)\n", ["Line 3", "=HYPERLINK(1)"]),
        ({"urls": ""}, b"\xff\xfe", ["is not UTF-8"]),
        ({"urls": PAGE}, b"url\nhttps://a.example/\n", ["not both"]),
        ({"urls": ""}, None, ["There is no address"]),
        ({"urls": PAGE, "engine": "<b>"}, None, ["must be http, browser or direct"]),
        ({"urls": PAGE, "engine": "direct", "video": "yes"}, None, ["Video is fetched through the recorder"]),
        ({"urls": PAGE, "engine": "direct", "profile": "board"}, None, ["A login is kept out of the files"]),
        ({"urls": PAGE, "confidential": "yes", "case": "не мая"}, None, ["There is no case"]),
        ({"urls": PAGE, "egress": "няма"}, None, ["няма"]),
    ],
)  # fmt: skip
def test_what_cannot_be_archived_is_refused_line_by_line_and_nothing_is_started(
    pages: ArchivingPages, data: dict[str, str], file: bytes | None, words: list[str]
) -> None:
    files = None if file is None else {"file": ("x.csv", file, "text/csv")}
    answer = pages.client.post("/archive", data=data, files=files, headers=OWN)
    assert answer.status_code == 422
    assert all(word.replace("<", "&lt;") in answer.text for word in words), answer.text
    assert pages.desk.started == []
    with pages.archive.reader.connect() as connection:
        assert requests_seen(connection, viewer=EVERYONE, limit=9) == ()


LIST = f"url\n{PAGE}\nhttp://10.0.0.1/\n=HYPERLINK(1)\n{PAGE}\nhttps://ala:t0psecret@a.example/\n".encode()


def test_lines_that_are_no_address_are_shown_beside_what_will_be_fetched_and_the_others_go_on(
    pages: ArchivingPages,
) -> None:
    first = pages.client.post("/archive", data={"reason": "спіс"}, files={"file": ("x.csv", LIST)}, headers=OWN)
    assert first.status_code == 200
    assert pages.desk.started == [], "nothing is fetched before the sender has seen what is left out"
    table = " ".join(first.text.split())
    assert "3 lines are no addresses that can be archived." in table
    assert '<td>3</td><td class="address"><bdi>http://10.0.0.1/</bdi></td><td>leads to 10.0.0.1, an' in table
    assert '<td>4</td><td class="address"><bdi>=HYPERLINK(1)</bdi></td><td>is not a web address' in table
    assert "One address will be fetched." in table
    assert "Archive the other address" in table
    sent = form_of(first.text)
    assert sent["reason"] == "спіс"

    unseen = pages.client.post("/archive", data=sent | {"left_out": ""}, headers=OWN)
    changed = pages.client.post("/archive", data=sent | {"urls": sent["urls"] + "\nx"}, headers=OWN)
    assert [unseen.status_code, changed.status_code] == [200, 200]
    assert "4 lines are no addresses" in changed.text
    assert pages.desk.started == []

    taken = pages.client.post("/archive", data=sent, headers=OWN)
    assert taken.status_code == 303, "the lines of the file stand in the form on the numbers that they had"
    (request_id,) = pages.desk.started
    found = pages.client.get(f"/api/request/{request_id}", headers=OWN).json()
    assert found["urls"] == [PAGE]
    assert [(each["line"], each["text"]) for each in found["refused"]] == [
        (3, "http://10.0.0.1/"),
        (4, "=HYPERLINK(1)"),
        (6, "https://(not shown)@a.example/"),
    ]
    assert found["refused"][2]["reason"].startswith("contains a user name or password")
    for shown in (f"/request/{request_id}", f"/archive/batch?id={request_id}"):
        page = pages.client.get(shown, headers=OWN).text
        assert page.count("not taken") == 3
        assert "Line 4 is not a web address" in page
    assert pages.states(request_id)["states"] == ["waiting"], "a line that was refused is not waited for"
    answer = pages.client.get("/archive/batch.csv", params={"id": request_id}, headers=OWN)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["url"], row["state"], row["line"]) for row in rows] == [
        (PAGE, "waiting", ""),
        ("http://10.0.0.1/", "refused", "3"),
        ("'=HYPERLINK(1)", "refused", "4"),
        ("https://(not shown)@a.example/", "refused", "6"),
    ]
    assert rows[1]["problem"].startswith("leads to 10.0.0.1")


def test_a_repeat_has_the_addresses_alone_once_both_notices_were_seen(pages: ArchivingPages) -> None:
    asked = {
        "urls": f"{PAGE}\nnot one",
        "every": "day",
        "until": str((datetime.now(UTC) + timedelta(days=3)).date()),
    }
    first = pages.client.post("/archive", data=asked, headers=OWN)
    assert "One line is no address" in first.text
    assert "more captures" in first.text
    assert pages.desk.started == []
    sent = form_of(first.text)
    assert pages.client.post("/archive", data=sent, headers=OWN).status_code == 303
    (repeat,) = pages.client.get("/api/repeats", headers=OWN).json()["rows"]
    assert repeat["urls"] == [PAGE]


def test_the_form_of_requests_and_the_api_name_what_is_left_out(pages: ArchivingPages) -> None:
    first = pages.client.post("/requests", data={"urls": f"mailto:x\n{PAGE}"}, headers=OWN)
    assert (first.status_code, pages.desk.started) == (200, [])
    sent = form_of(first.text)
    assert pages.client.post("/requests", data=sent, headers=OWN).status_code == 303

    answer = pages.client.post("/api/requests", json={"urls": [PAGE, "a\x07b", PAGE]}, headers=OWN)
    assert answer.status_code == 201
    found = answer.json()
    assert found["accepted"] == [PAGE]
    assert [(each["line"], each["text"]) for each in found["refused"]] == [(2, "a\\x07b")]
    none = pages.client.post("/api/requests", json={"urls": ["mailto:x"]}, headers=OWN)
    assert (none.status_code, "Line 1" in none.json()["detail"]) == (422, True)
    assert len(pages.desk.started) == 2


def form_of(page: str) -> dict[str, str]:
    """What a browser sends of the form whose list is filled in; a text begins behind its first line end."""
    fields = re.findall(r'<input(?: type="hidden")?(?: id="\w+")? name="(\w+)"[^>]* value="([^"]*)">', page)
    chosen = re.findall(r'<select id="(\w+)" name="\w+">.*?<option value="([^"]*)" selected>', page, re.DOTALL)
    dates = re.findall(r'<input id="(until)" name="until" type="date" value="([^"]*)">', page)
    (text_of_list,) = re.findall(r'<textarea id="urls"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    filled = {name: unescape(value) for name, value in [*fields, *chosen, *dates] if value}
    return filled | {"urls": unescape(text_of_list).replace("\n", "\r\n")}


def test_requests_that_airflow_does_not_take_are_kept_and_said(
    pages: ArchivingPages, stored_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = replace(stored_settings, airflow_url="http://127.0.0.1:9", airflow_password="x")
    monkeypatch.setattr("pipeline.airflow_api.FIRST_PAUSE_S", 20.0)  # no second try within its patience
    desk = AirflowRequestDesk(lambda: silent)
    with TestClient(create_app(lambda: pages.archive, user_of_header, desk=desk)) as client:
        answer = client.post("/archive", data={"urls": PAGE}, headers=OWN)
        assert answer.status_code == 503
        assert "not all runs were started" in answer.text
        with pages.archive.reader.connect() as connection:
            (request,) = requests_seen(connection, viewer=EVERYONE, limit=9)
        assert request.id in answer.text
        states = client.get("/api/archive/states", params={"id": request.id}, headers=OWN).json()
        assert (states["states"], states["scheduler"]) == (["waiting"], "silent")


def test_where_a_worker_lives_no_page_says_that_what_airflow_does_not_take_waits_for_it(
    pages: ArchivingPages, stored_settings: Settings
) -> None:
    silent = replace(stored_settings, airflow_url="http://127.0.0.1:9", airflow_password="x")
    with pages.archive.writer.begin() as connection:
        beat(connection, "a worker")
    desk = AirflowRequestDesk(lambda: silent)
    with TestClient(create_app(lambda: pages.archive, user_of_header, desk=desk)) as client:
        one = client.post("/requests", data={"urls": PAGE}, headers=OWN)
        several = client.post("/archive", data={"urls": PAGE}, headers=OWN)
        by_program = client.post("/api/requests", json={"urls": [PAGE]}, headers=OWN)
        assert (one.status_code, several.status_code, by_program.status_code) == (200, 200, 201)
        assert "A worker of the archive has the request. Airflow has no run of it: " in one.text
        assert "Workers of the archive have the requests. " in several.text
        assert "not started" not in one.text + several.text
        request_id = by_program.json()["id"]
        states = client.get("/api/archive/states", params={"id": request_id}, headers=OWN).json()
        assert (states["states"], states["scheduler"]) == (["waiting"], None)
        assert "data-silent hidden>" in client.get(f"/request/{request_id}", headers=OWN).text


def test_of_another_case_nobody_learns_by_any_of_these_routes(pages: ArchivingPages) -> None:
    from storage.ledger.memberships import add_member

    add_member(pages.archive, "ala", actor="kust", case="К-7")
    pages.client.post("/archive", data={"urls": PAGE, "confidential": "yes", "case": "К-7"}, headers=OWN)
    (request_id,) = pages.desk.started
    assert pages.states(request_id)["states"] == ["waiting"]
    other = {**OWN, "X-User": "celina"}
    for path in ("/archive/batch", "/archive/batch.csv", "/api/archive/states"):
        answer = pages.client.get(path, params={"id": request_id}, headers=other)
        assert (answer.status_code, PAGE in answer.text) == (404, False)
    assert json.loads(pages.client.get("/api/requests", headers=other).text)["rows"] == []


@pytest.mark.parametrize("sent", [[], {}, {"url": 7}, {"url": "x"}, {"url": "a" * 9000}, {"url": "http://["}])
def test_what_is_no_address_is_refused_in_words(pages: ArchivingPages, sent: object) -> None:
    answer = pages.client.post("/api/archive/known", json=sent, headers=OWN)
    assert (answer.status_code, "web address" in answer.json()["detail"]) == (422, True)


def test_a_capture_leads_a_collector_to_the_form_and_starts_nothing(pages: ArchivingPages) -> None:
    capture_id = pages.capture(response(b"<p>one"), 1)
    shown = pages.client.get(f"/capture/{capture_id}", headers=OWN).text
    form = shown[shown.index('<form class="archive-again"') :]
    assert form.startswith('<form class="archive-again" method="post" action="/archive/check">')
    assert f'name="url" value="{PAGE}"' in form
    assert "archive-again" not in pages.client.get(f"/capture/{capture_id}", headers=READER).text
    filled = pages.client.post("/archive/check", data={"url": PAGE, "engine": "browser"}, headers=OWN).text
    assert f"{PAGE}</textarea>" in filled
    assert '<option value="browser" selected>' in filled
    assert pages.desk.started == []
