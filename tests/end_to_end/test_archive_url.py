"""Pages on demand through a running Airflow: the form, what it refuses, what it leaves."""

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from fastwarc.warc import ArchiveIterator
from playwright.sync_api import Page, expect

from pipeline.airflow_api import AirflowApi, AirflowRefused
from pipeline.collect.waiting import accept_request
from processors.defanged_links import unlinked
from samples import expected
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.ledger.memberships import add_member
from storage.ledger.requests import request_by_id
from tests.airflow_requests import wait_for_run
from tests.conftest import RunningStack
from tests.end_to_end.conftest import Rows

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

RUN_S = 240.0
PAGE_MS = 60_000.0
"""Milliseconds for a page for which Airflow is asked to start a run, on a machine that is busy."""
COURT = "https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1"
FORBIDDEN = "https://forbidden.pryklad.example/"
CHALLENGE = "https://challenge.pryklad.example/captcha"


def results_of(api: AirflowApi, run_id: str, addresses: int) -> list[dict[str, Any]]:
    return [api.xcom("archive_url", run_id, "archive", map_index=number) for number in range(addresses)]


def message_of(api: AirflowApi, run_id: str, task_id: str) -> str:
    """What a task that failed said, as its log shows it: once, and without a traceback."""
    path = f"/api/v2/dags/archive_url/dagRuns/{run_id}/taskInstances/{task_id}/logs/1?map_index=-1"
    lines = api.get(path, what="read the log")["content"]
    assert [line for line in lines if line.get("error_detail")] == []
    said, exited = (str(line["event"]) for line in lines if line.get("level") == "error")
    assert exited == "Task exited"
    return said


def link_of(api: AirflowApi, run_id: str, task_id: str, map_index: int = -1) -> str | None:
    """Where the grid's link of a task leads."""
    path = f"/api/v2/dags/archive_url/dagRuns/{run_id}/taskInstances/{task_id}/links?map_index={map_index}"
    links: dict[str, str | None] = api.get(path, what="show the links")["extra_links"]
    return links["Open in the archive"]


def note_of(api: AirflowApi, run_id: str) -> str | None:
    note: str | None = api.get(f"/api/v2/dags/archive_url/dagRuns/{run_id}", what="show the run")["note"]
    return note


def test_each_address_becomes_one_warc_that_is_read_at_once(
    api: AirflowApi, deposited: Archive, letapis: Callable[..., Rows], airflow_stack: RunningStack
) -> None:
    request_id = accept_request(
        airflow_stack.settings, (COURT, expected.BROWSER_ADDRESS), actor="ala", reason="можа знікнуць", case="K-5"
    )
    run_id = api.trigger("archive_url", {"request_id": request_id})
    assert wait_for_run(api, "archive_url", run_id, timeout_s=RUN_S) == "success"

    first, second = results_of(api, run_id, 2)
    assert [len(first["warc_keys"]), len(second["warc_keys"])] == [1, 1]
    assert (first["outcome"], second["outcome"]) == ("content", "content")
    with deposited.reader.connect() as connection:
        request = request_by_id(connection, first["request_id"])
        captures = tuple(captures_of_crawl(connection, first["crawl_id"]))
    assert (request.actor, request.reason, request.case_reference) == ("ala", "можа знікнуць", "K-5")
    stream = deposited.objects.open(first["warc_keys"][0], captures[0].object_version)
    content = b"".join(record.reader.read() for record in ArchiveIterator(stream, parse_http=False))
    assert "можа знікнуць".encode() not in content
    assert b"K-5" not in content
    said = api.xcom("archive_url", run_id, "summarize")
    assert first["look_at"] in said
    (shown,) = letapis("show", first["capture_id"])
    assert shown["records"], "its own captures are read by the run itself"
    assert {fact["name"]: fact["value"] for fact in shown["facts"]}["case"] == "K-5"
    pages = f"{airflow_stack.settings.airflow_url}/archive"
    assert link_of(api, run_id, "check") == f"{pages}/request/{request_id}"
    assert link_of(api, run_id, "archive", 1) == f"{pages}/capture/{quote(second['capture_id'], safe='')}"
    assert link_of(api, run_id, "summarize") == f"{pages}/request/{request_id}"
    assert note_of(api, run_id) == "2 of 2 addresses captured as requested (2 content)."


def test_where_no_line_is_a_public_address_all_is_refused_in_words_and_nothing_is_fetched(
    api: AirflowApi, airflow_stack: RunningStack
) -> None:
    run_id = api.trigger("archive_url", {"urls": "\nhttp://169.254.169.254/latest/\njavascript:alert(1)"})
    assert wait_for_run(api, "archive_url", run_id, timeout_s=RUN_S) == "failed"

    said = message_of(api, run_id, "check")
    assert (
        "Line 2: 'hxxp://169.254.169.254/latest/' leads to 169.254.169.254, an address that is not public" in said
    )
    assert "Line 3: 'javascript:alert(1)' is not a web address" in said
    assert said.endswith("Nothing was fetched.")
    assert said.count("'hxxp://169.254.169.254/latest/'") == 1
    states = {task["task_id"]: task["state"] for task in api.tasks_of_run("archive_url", run_id)}
    assert states == {"check": "failed", "archive": "upstream_failed", "summarize": "upstream_failed"}
    assert str(note_of(api, run_id)).startswith("Nothing was fetched: the request was refused.")
    assert link_of(api, run_id, "check") == (f"{airflow_stack.settings.airflow_url}/archive/requests"), (
        "there is no request to lead to"
    )


def test_an_empty_form_is_refused_in_words(api: AirflowApi) -> None:
    with pytest.raises(AirflowRefused, match="request_id"):
        api.trigger("archive_url", {"request_id": "no id"})
    run_id = api.trigger("archive_url", {"urls": ""})
    assert wait_for_run(api, "archive_url", run_id, timeout_s=RUN_S) == "failed"
    assert "There is no address" in message_of(api, run_id, "check")


def test_a_page_that_is_not_there_is_kept_as_what_it_was_and_the_run_says_so_and_what_it_left_out(
    api: AirflowApi, deposited: Archive
) -> None:
    run_id = api.trigger("archive_url", {"urls": f"{FORBIDDEN}\n{CHALLENGE}\nx\nhttps://reset.pryklad.example/"})
    assert wait_for_run(api, "archive_url", run_id, timeout_s=RUN_S) == "failed"

    forbidden, challenge, reset = results_of(api, run_id, 3)
    assert (forbidden["status"], forbidden["outcome"]) == (403, "blocked")
    assert (challenge["status"], challenge["outcome"]) == (200, "challenge")
    assert (reset["status"], reset["outcome"]) == (None, "unreachable")
    assert all(len(each["warc_keys"]) == 1 for each in (forbidden, challenge, reset))
    assert note_of(api, run_id) == (
        "0 of 3 addresses captured as requested; 3 not (1 blocked, 1 challenge, 1 unreachable); 1 line refused."
    )
    said = message_of(api, run_id, "summarize")
    for url in (FORBIDDEN, CHALLENGE, "https://reset.pryklad.example/"):
        assert f"{unlinked(url)}: " in said
    assert "Line 3: 'x' is not a web address" in said


def test_the_command_does_the_same_without_airflow(letapis: Callable[..., Rows], deposited: Archive) -> None:
    (archived,) = letapis("archive", COURT, "--reason", "на памяць")
    assert (archived["kind"], archived["outcome"], archived["problem"]) == ("archived", "content", None)
    refused, left_out = letapis("archive", FORBIDDEN, "http://10.0.0.1/", code=3)
    assert refused["status"] == 403
    assert (left_out["kind"], left_out["line"]) == ("address_refused", 2)
    assert letapis("archive", "http://10.0.0.1/", code=2) == []


@pytest.mark.browser
def test_a_collector_enters_an_address_in_the_box_and_reaches_the_receipt(
    logged_in: Callable[[str], Page], airflow_stack: RunningStack, api: AirflowApi
) -> None:
    page = logged_in("analyst")
    before = {run["dag_run_id"] for run in api.runs("archive_url")}
    page.goto(f"{airflow_stack.settings.airflow_url}/archive/")
    page.get_by_label("Address to archive").fill(COURT)
    page.keyboard.press("Enter")
    expect(page.locator(".notice[role=status]")).to_contain_text("captur", timeout=PAGE_MS)
    assert {run["dag_run_id"] for run in api.runs("archive_url")} == before, "only told, not started"
    page.get_by_label("Reason", exact=True).fill("з формы")
    page.get_by_role("button", name=re.compile("Archive (now|again)")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Request of", timeout=PAGE_MS)
    (run_id,) = {run["dag_run_id"] for run in api.runs("archive_url")} - before

    # the page follows the work by itself
    expect(page.get_by_role("heading", name="Receipt", exact=True)).to_be_visible(timeout=RUN_S * 1000)
    assert wait_for_run(api, "archive_url", run_id, timeout_s=RUN_S) == "success"
    (result,) = results_of(api, run_id, 1)
    receipt = page.get_by_role("region", name="Receipt")
    expect(receipt).to_contain_text("deposited")
    expect(receipt).to_contain_text(result["warc_keys"][0])
    receipt.get_by_role("link", name="View").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(COURT, timeout=PAGE_MS)
    assert "з формы" in page.content()
    raw = page.locator("a", has_text="Download the raw record").get_attribute("href")
    content = page.context.request.get(f"{airflow_stack.settings.airflow_url}{raw}").body()
    (record,) = ArchiveIterator(io.BytesIO(content), parse_http=False)
    assert str(record.record_id).strip("<>") == result["capture_id"]


@pytest.mark.browser
def test_a_package_is_ordered_on_the_page_built_by_airflow_and_downloaded(
    logged_in: Callable[[str], Page], airflow_stack: RunningStack, api: AirflowApi, letapis: Callable[..., Rows]
) -> None:
    (archived,) = letapis("archive", COURT, "--reason", "для суда")
    before = {run["dag_run_id"] for run in api.runs("handover")}
    page = logged_in("admin")
    pages = f"{airflow_stack.settings.airflow_url}/archive"
    page.goto(f"{pages}/handover?level=court&alone=true&ids={quote(archived['capture_id'])}")
    page.get_by_label("Name of the recipient").fill("Tajny Sud")
    page.get_by_role("button", name="Give numbers and build the package").click()
    # the page follows the building by itself
    expect(page.locator("[role=status]")).to_contain_text("ready", timeout=RUN_S * 1000)
    (run_id,) = {run["dag_run_id"] for run in api.runs("handover")} - before
    assert wait_for_run(api, "handover", run_id, timeout_s=RUN_S) == "success"
    with page.expect_download() as started:
        page.get_by_role("link", name=".zip.001").click()
    digest = hashlib.sha256(started.value.path().read_bytes()).hexdigest()
    expect(page.get_by_role("row", name=".zip.001")).to_contain_text(digest)
    (row, *_) = letapis("disclosures", "Tajny Sud")
    assert (row["package_id"] in page.url, row["actor"]) == (True, "admin")
    run = f"/api/v2/dags/handover/dagRuns/{run_id}"
    paths = (run, f"{run}/taskInstances/build/logs/1?map_index=-1", f"{run}/taskInstances/build/xcomEntries")
    told = "".join(str(api.get(path, what="read")) for path in paths)
    assert row["package_id"] in told
    assert not [word for word in ("Tajny Sud", archived["capture_id"], "oblsud.pryklad") if word in told]


def test_airflow_learns_no_word_of_a_confidential_request_and_an_analyst_changes_no_dag(
    airflow_stack: RunningStack, api: AirflowApi, deposited: Archive
) -> None:
    label = add_member(deposited, "ala", actor="kust", case="Справа-9").label
    request_id = accept_request(
        airflow_stack.settings,
        (f"{FORBIDDEN}?tajamnica",),
        actor="ala",
        reason="таемная прычына",
        case="Справа-9",
        access_label=label,
    )
    run_id = api.trigger("archive_url", {"request_id": request_id})
    assert wait_for_run(api, "archive_url", run_id, timeout_s=RUN_S) == "failed"  # the page answers 403
    access = replace(airflow_stack.settings.airflow(), user="analyst", password=airflow_stack.passwords["analyst"])
    run = f"/api/v2/dags/archive_url/dagRuns/{run_id}"
    with AirflowApi(access) as viewer:
        tasks = viewer.tasks_of_run("archive_url", run_id)
        paths = [run, f"{run}/taskInstances", f"/api/v2/eventLogs?dag_id=archive_url&run_id={run_id}"]
        paths += ["/api/v2/assets/events?limit=100", "/api/v2/dags/archive_url/dagRuns"]
        for task in tasks:
            index = task["map_index"]
            one = f"{run}/taskInstances/{task['task_id']}"
            paths += [f"{one}/logs/1?map_index={index}", f"{one}/xcomEntries?map_index={index}"]
            paths += [f"{one}/{index}", f"{one}/xcomEntries/return_value?map_index={index}&deserialize=true"]
        told = []
        read = 0
        for path in paths:
            try:
                answer = str(viewer.get(path, what="read"))
            except AirflowRefused as refused:
                assert refused.status in (403, 404), path  # no right, or no such entry
                continue
            read += 1
            told += [(path, word) for word in ("таемная", "Справа-9", "tajamnica", label) if word in answer]
        assert told == []
        assert read >= 8
        assert link_of(viewer, run_id, "archive", 0) == (
            f"{airflow_stack.settings.airflow_url}/archive/request/{request_id}"
        ), "to the request, which its members may open, and to no capture"
        assert note_of(viewer, run_id) == "0 of 1 address captured as requested; 1 not."
        assert any(request_id in str(viewer.get(path, what="read")) for path in (run,))
        for change in (
            lambda: viewer.post(f"{run}/clear", {"dry_run": False}, what="clear"),
            lambda: viewer.delete("/api/v2/dags/archive_url", what="delete"),
            lambda: viewer.trigger("archive_url", {"request_id": request_id}),
        ):
            with pytest.raises(AirflowRefused) as forbidden:
                change()
            assert forbidden.value.status == 403
