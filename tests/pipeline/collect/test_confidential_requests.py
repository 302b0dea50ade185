"""A confidential request, from the ledger to every route of the pages: only its case's members find it."""

import itertools
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Header
from fastapi.testclient import TestClient
from sqlalchemy import select

from access.app import create_app
from access.request_desk import NewRequest, RequestNotStartedError, RequestRefusedError
from access.route_roles import ROLE_OF_ROUTE
from access.views.captures import one_capture
from pipeline.collect.archived import confidential_and_missing
from pipeline.collect.confidential_work import unlogged
from pipeline.collect.request_desk import AirflowRequestDesk
from pipeline.collect.waiting import (
    accept_request,
    archive_confidentially,
    archive_one,
    archive_urls,
    jobs_of_request,
)
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from samples.sites import SampleSites
from storage.access_labels import EVERYONE, Role, Viewer
from storage.archive import Archive
from storage.catalogue.captures import captures_of_crawl
from storage.catalogue.records import records_of_capture
from storage.catalogue.tables import occurrences, warcs
from storage.ledger.memberships import add_member
from storage.ledger.requests import requests_seen, results_of_request

COURT = "https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1"
FRONT = "https://damaged.pryklad.example/artykul/"
OPEN = "https://forbidden.pryklad.example/"
REASON = "магчыма знікне заўтра"
CASE = "Справа-4711"


def collecting_of(settings: Settings, sites: SampleSites) -> Settings:
    return replace(
        settings,
        connect_to=(sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sites.authority,
    )


@pytest.fixture
def collecting(stored_settings: Settings, sample_sites: SampleSites) -> Settings:
    settings = collecting_of(stored_settings, sample_sites)
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
    return settings


@pytest.fixture
def opened(collecting: Settings) -> Iterator[Archive]:
    with opened_archive(collecting) as archive:
        yield archive


def viewer_of_headers(
    x_user: Annotated[str, Header()], x_role: Annotated[int, Header()] = int(Role.COLLECTOR)
) -> Viewer:
    return Viewer(x_user, Role(x_role))


@dataclass(frozen=True)
class Secret:
    """What was captured for the confidential request, and every word that would tell of it."""

    app: FastAPI
    request_id: str
    ids: dict[str, list[str]]
    words: tuple[str, ...]

    @property
    def two_captures(self) -> dict[str, str]:
        """The query that compares two captures of the request."""
        return {"a": self.ids["capture_id"][0], "b": self.ids["capture_id"][1]}


@pytest.fixture
def secret(collecting: Settings, opened: Archive) -> Secret:
    archive_urls(collecting, (OPEN,), actor="celina", reason="адкрыта", case="K-1")
    label = add_member(opened, "ala", actor="kust", case=CASE).label
    done = archive_urls(collecting, (COURT, FRONT), actor="ala", reason=REASON, case=CASE, access_label=label)
    with opened.reader.connect() as connection:
        assert set(connection.scalars(select(warcs.c.access_label))) == {"default", label}
        captures = [each for one in done for each in captures_of_crawl(connection, one.crawl_id)]
        found = [row for each in captures for row in records_of_capture(connection, each.id)]
        media = list(connection.scalars(select(occurrences.c.sha256).distinct()))
    assert found
    assert media
    words = {
        REASON,
        CASE,
        label,
        "oblsud.pryklad.example",
        "damaged.pryklad.example",
        done[0].request_id,
        *(one.crawl_id for one in done),
        *(each.id for each in captures if each.url in (COURT, FRONT)),
        found[0].record_id,
        found[-1].record_id,
        *media[:2],
    }
    pages = [each for each in captures if each.url in (COURT, FRONT)]
    assert len(pages) == 2
    pictures = [each for each in captures if each.url.endswith("good.jpg")]
    ids = {
        "capture_id": [each.id for each in (*pages, *pictures[:1])],
        "record_id": [found[0].record_id, found[-1].record_id],
        "sha256": media[:2],
        "repeat_id": ["01KB8Z0000000000000000000A"],
        "request_id": [done[0].request_id],
        "name": ["archive.css"],
        "package_id": ["01KB8Z0000000000000000000A"],
        "source_id": ["on-demand"],
        "token_id": ["none"],
        "url": [COURT, FRONT],
        "digits": ["2026", "20261123201507"],
        "form": ["json", "cdxj", "link"],
    }
    desk = AirflowRequestDesk(lambda: collecting)
    return Secret(create_app(lambda: opened, viewer_of_headers, desk=desk), done[0].request_id, ids, tuple(words))


QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"q": "суд"},
    {"q": "в"},
    {"source": "on-demand", "order": "newest"},
    {"url": COURT},
    {"url": FRONT},
    {"url": "https://*"},
    {"beginning": "https://"},
    {"beginning": "https://o"},
    {"kind": "hearing"},
)


def answers(secret: Secret, headers: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Whatever a user is told: each route with everything that it may be asked, with the words of the question."""
    media = secret.ids["sha256"]
    with TestClient(secret.app, headers=headers, follow_redirects=True) as client:
        for route in ROLE_OF_ROUTE:
            method, path = route.split()
            parameters = re.findall(r"\{(\w+)(?::path)?\}", path)
            template = path.replace(":path}", "}")
            values = itertools.product(*(secret.ids[name] for name in parameters))
            for asked in (template.format(**dict(zip(parameters, each, strict=True))) for each in values):
                if method == "GET":
                    for query in ({},) if parameters else (*QUERIES, secret.two_captures):
                        answer = client.get(asked, params=query)
                        yield f"{asked} {query}", answer.content + str(answer.headers).encode()
                else:
                    form = {"a": media[0], "b": media[-1], "verdict": "same", "reason": "тое самае"}
                    files = {"file": ("a.png", b"\x89PNG not really")} if asked == "/similar" else None
                    answer = client.post(asked, data=None if files else form, files=files)
                    yield f"{asked} {form}", answer.content


OUTSIDE = {"X-User": "celina", "Sec-Fetch-Site": "same-origin"}


@pytest.mark.timeout(900)
def test_nobody_outside_the_case_finds_a_word_of_it_on_any_route_and_a_member_finds_all(secret: Secret) -> None:
    told = []
    for role in (Role.COLLECTOR, Role.ADMINISTRATOR):
        for asked, answer in answers(secret, {**OUTSIDE, "X-Role": str(int(role))}):
            if asked.startswith(("/members", "/api/members")):
                continue  # custodians say who is a member of which case
            words = secret.words
            if asked.startswith(("/accesses", "/api/accesses")):
                # custodians see by its id what was looked at, and no word of it
                words = tuple(word for word in words if word in (REASON, CASE) or "pryklad" in word)
            told += [(asked, word) for word in words if word not in asked and word.encode() in answer]
    assert told == []
    headers = {**OUTSIDE, "X-User": "ala"}
    everything = b"".join(answer for asked, answer in answers(secret, headers) if not asked.startswith("/judge"))
    missing = [word for word in secret.words if word.encode() not in everything and not word.startswith("case-")]
    assert missing == []

    # counts, too, leave out what is not one's own
    with TestClient(secret.app, headers=OUTSIDE) as client:
        outside = client.get("/api/overview").json()
        inside = client.get("/api/overview", headers={"X-User": "ala"}).json()
    assert outside["held"]["files"] == 1
    assert inside["held"]["files"] == 3
    assert (outside["held"]["media"], sum(outside["held"]["records"].values())) == (0, 0)
    assert [each["reason"] for each in outside["requests"]] == ["адкрыта"]
    assert [each["reason"] for each in inside["requests"]] == [REASON, "адкрыта"]


def test_what_a_task_returns_and_says_of_a_confidential_request_is_its_id_and_a_number(
    collecting: Settings, opened: Archive, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    label = add_member(opened, "ala", actor="kust", case=CASE).label
    request_id = accept_request(
        collecting,
        (OPEN, "https://nowhere.pryklad.example/"),
        actor="ala",
        reason=REASON,
        case=CASE,
        access_label=label,
    )
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        jobs = jobs_of_request(collecting, request_id)
        results = [archive_confidentially(collecting, request_id, job["number"]) for job in jobs]
    lines, missing = confidential_and_missing(collecting, jobs, [*results[:1], None])
    printed = capfd.readouterr()
    said = "\n".join(map(str, [jobs, results, lines, missing, caplog.text, printed.out, printed.err]))
    for word in (REASON, CASE, "pryklad", label):
        assert word not in said
    assert [job["name"] for job in jobs] == ["URL 1", "URL 2"]
    assert request_id in said
    with opened.reader.connect() as connection:
        found = results_of_request(connection, request_id)
    assert sorted(found) == [0, 1]
    assert found[0].details["url"] == OPEN
    assert found[1].problem is not None


def test_a_failure_of_ours_is_told_to_members_alone(collecting: Settings, opened: Archive) -> None:
    label = add_member(opened, "ala", actor="kust", case=CASE).label
    request_id = accept_request(collecting, (OPEN,), actor="ala", access_label=label, egress="gone")
    result = archive_confidentially(collecting, request_id, 0)
    assert (result["broken"], "gone" in str(result)) == (True, False)
    with opened.reader.connect() as connection:
        problem = str(results_of_request(connection, request_id)[0].problem)
    assert "No egress profile 'gone' is known" in problem


def test_while_confidential_work_runs_nothing_reaches_any_log() -> None:
    code = (
        "import logging, os, subprocess, sys\n"
        "from pipeline.collect.confidential_work import unlogged\n"
        "logging.basicConfig(level=logging.DEBUG)\n"
        "with unlogged():\n"
        "    logging.critical('hush'); print('hush'); os.write(1, b'hush'); os.write(2, b'hush')\n"
        "    print('hush', file=sys.stderr); subprocess.run(['echo', 'hush'])\n"
        "logging.warning('loud'); print('loud'); subprocess.run(['echo', 'loud'])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
    assert "hush" not in ran.stdout + ran.stderr
    assert (ran.stdout.count("loud"), ran.stderr.count("loud")) == (2, 1)
    with unlogged():
        pass


def test_the_desk_takes_a_confidential_request_of_a_member_alone_and_says_the_same_of_any_other_case(
    collecting: Settings, opened: Archive
) -> None:
    desk, member, other = AirflowRequestDesk(lambda: collecting), Viewer("ala"), Viewer("celina")
    add_member(opened, "ala", actor="kust", case=CASE)
    asked = NewRequest(OPEN, REASON, CASE, confidential=True)
    refusals = []
    for viewer, new in ((other, asked), (other, replace(asked, case="няма")), (member, replace(asked, case=None))):
        with pytest.raises(RequestRefusedError) as refused:
            desk.submit(opened, new, viewer)
        refusals.append(re.sub("'[^']*'", "", str(refused.value)))
    assert len(set(refusals)) == 1
    with opened.reader.connect() as connection:
        assert requests_seen(connection, viewer=EVERYONE, limit=5) == ()
    with pytest.raises(RequestNotStartedError, match="No Airflow is known"):
        desk.submit(opened, asked, member)
    with opened.reader.connect() as connection:
        (kept,) = requests_seen(connection, viewer=member, limit=5)
        assert requests_seen(connection, viewer=other, limit=5) == ()
    assert (kept.urls, kept.reason, kept.case_reference, kept.confidential) == ((OPEN,), REASON, CASE, True)


def test_pages_and_api_take_a_request_and_say_what_is_wrong_with_one(
    collecting: Settings, opened: Archive
) -> None:
    app = create_app(lambda: opened, viewer_of_headers, desk=AirflowRequestDesk(lambda: collecting))
    with TestClient(app, headers={"X-User": "ala", "Sec-Fetch-Site": "same-origin"}) as client:
        refused = client.post("/requests", data={"urls": "javascript:alert(1)", "reason": "<b>x</b>"})
        assert refused.status_code == 422
        assert "&#39;javascript:alert(1)&#39; is not a web address" in refused.text
        assert 'value="&lt;b&gt;x&lt;/b&gt;"' in refused.text
        kept = client.post("/requests", data={"urls": OPEN, "reason": REASON})
        assert kept.status_code == 503
        assert "its run was not started" in kept.text
        assert (
            client.post("/requests", data={"urls": OPEN}, headers={"Sec-Fetch-Site": "cross-site"}).status_code
            == 403
        )
        assert client.post("/requests", data={"urls": OPEN}, headers={"X-Role": "1"}).status_code == 403
        for sent in ("[]", '{"urls": 3}', '{"urls": "x", "more": 1}', '{"urls": ["a"], "confidential": "yes"}'):
            assert client.post("/api/requests", content=sent).status_code == 422
        assert client.post("/api/requests", content="{").status_code == 400
        assert client.post("/api/requests", json={"urls": [OPEN]}).status_code == 503
        without = {"Sec-Fetch-Site": "cross-site"}
        assert client.post("/api/requests", json={"urls": [OPEN]}, headers=without).status_code == 403
        token = {**without, "Authorization": "Bearer x"}
        assert client.post("/api/requests", json={"urls": [OPEN]}, headers=token).status_code == 503
        rows: list[dict[str, Any]] = client.get("/api/requests").json()["rows"]
        assert [row["urls"] for row in rows] == [[OPEN]] * 3
        (one,) = client.get(f"/api/request/{rows[-1]['id']}").json()["results"]
        assert (one["url"], one["capture_id"], one["problem"]) == (OPEN, None, None)


def test_what_came_of_a_request_stands_on_its_page(collecting: Settings, opened: Archive) -> None:
    request_id = accept_request(collecting, (OPEN,), actor="ala", reason=REASON)
    done = archive_one(collecting, request_id, 0)
    assert one_capture(opened, str(done.capture_id)) is not None
    with TestClient(create_app(lambda: opened, viewer_of_headers), headers={"X-User": "celina"}) as client:
        page = client.get(f"/request/{request_id}").text
    assert REASON in page
    assert f"/capture/{str(done.capture_id).replace(':', '%3A')}" in page
