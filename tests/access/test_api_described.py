"""Every route of the API, asked what its description allows and what it does not, by each role and by nobody.

Schemathesis makes the questions from the OpenAPI document; the archive behind the app is a real one, and half of
the questions are about things that it has.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from httpx import InvalidURL
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from access.app import create_app
from access.request_desk import (
    NewRepeat,
    NewRequest,
    PlannedRepeat,
    RequestRefusedError,
    RunState,
    TakenRequests,
)
from access.views.tokens import new_token
from processors.urls import is_address
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.ledger.refused_lines import CheckedLines, RefusedLine
from storage.ledger.repeat_schedule import ScheduleRefusedError, schedule_of
from storage.ledger.repeats import Repeat, begin_repeat
from storage.ledger.requests import insert_request
from tests.access.conftest import ARTICLE, HOSTILE, Filled, user_of_header

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

EXAMPLES = 8
"""Questions to each route; a picture to compare takes a process of its own, and so fewer."""
SLOW = {"POST /api/similar": 2}


class Desk:
    """Writes requests down, and starts every second one."""

    def __init__(self) -> None:
        self.asked = 0

    def egress_profiles(self) -> tuple[str, ...]:
        return ("direct",)

    def login_profiles(self) -> tuple[str, ...]:
        return ("board",)

    def check(self, request: NewRequest) -> CheckedLines:
        lines = [line for line in map(str.strip, request.urls.splitlines()) if line]
        urls = [line for line in lines if is_address(line)]
        if not urls:
            raise RequestRefusedError("Expected URLs. Nothing was fetched.")
        refused = [RefusedLine(number, "x", "is none.") for number, line in enumerate(lines) if line not in urls]
        return CheckedLines(tuple(urls), tuple(refused))

    def submit(self, archive: Archive, request: NewRequest, viewer: Viewer) -> str:
        checked = self.check(request)
        with archive.writer.begin() as connection:
            return insert_request(
                connection,
                actor=viewer.name,
                urls=checked.urls,
                reason=request.reason,
                refused=checked.refused,
            ).id

    def submit_all(self, archive: Archive, request: NewRequest, viewer: Viewer) -> TakenRequests:
        return TakenRequests((self.submit(archive, request, viewer),), 1)

    def plan_repeat(self, new: NewRepeat) -> PlannedRepeat:
        urls = tuple(new.request.urls.split())
        if not urls or not all(map(is_address, urls)):
            raise RequestRefusedError("Expected URLs. Nothing was fetched.")
        try:
            schedule = schedule_of(new.every, new.until, addresses=len(urls), now=datetime.now(UTC))
        except ScheduleRefusedError as refused:
            raise RequestRefusedError(str(refused)) from refused
        return PlannedRepeat(urls, schedule)

    def begin_repeat(self, archive: Archive, new: NewRepeat, viewer: Viewer) -> Repeat:
        planned = self.plan_repeat(new)
        return begin_repeat(archive, actor=viewer.name, urls=planned.urls, schedule=planned.schedule)

    def run_state(self, request_id: str) -> RunState:
        return RunState.RUNNING

    def start(self, request_id: str) -> None:
        """Every request starts."""


@pytest.fixture(scope="module")
def described_app(
    filled: Filled,
) -> Iterator[tuple[TestClient, Any, dict[str, list[str]], dict[str, dict[str, str]]]]:
    """A client, the description, names of things that are there, and headers of each who may ask."""
    app = create_app(lambda: filled.archive, user_of_header, desk=Desk())
    tokens = {
        scope: new_token(
            filled.archive, viewer=Viewer("custodian", Role.CUSTODIAN), name=scope, scopes=[scope], days=1
        )[1]
        for scope in ("read", "collect")
    }
    with TestClient(app, raise_server_exceptions=False) as client:
        headers = {"X-User": "custodian", "Authorization": "Bearer of-the-host"}
        document = client.get("/api/openapi.json", headers=headers).json()
        (record,) = client.get("/api/search", params={"q": "затрыманні"}, headers=headers).json()["rows"]
        sent = client.post("/api/requests", json={"urls": [ARTICLE]}, headers=headers).json()
        there = {
            "capture_id": [capture.id for capture in filled.captures.values()],
            "record_id": [record["record_id"]],
            "request_id": [sent["id"]],
            "sha256": [
                client.get(f"/api/capture/{filled.one(url).id}", headers=headers).json()["medium"]
                for url in filled.captures
                if url.endswith((".png", ".jpg")) and "fake" not in url
            ],
            "url": [ARTICLE, HOSTILE],
            "source": [filled.one(ARTICLE).source_id],
        }
        own_page = {"Sec-Fetch-Site": "same-origin"}
        who = {
            "nobody": {},
            "reader": {"X-User": "reader", **own_page},
            "collector": {"X-User": "analyst", **own_page},
            "custodian": {"X-User": "custodian", **own_page},
            "token to read": {"Authorization": f"Bearer {tokens['read']}"},
            "token to collect": {"Authorization": f"Bearer {tokens['collect']}"},
        }
        schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
        yield client, schema, there, who


def ask(
    operation: Any,
    client: TestClient,
    there: dict[str, list[str]],
    who: dict[str, dict[str, str]],
    seen: set[tuple[str, int]],
) -> None:
    """Ask one route some questions, and hold each answer against its description."""
    strategy = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @settings(
        max_examples=SLOW.get(operation.label, EXAMPLES),
        derandomize=True,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy, st.data())
    def question(case: Any, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(who)))
        for parameters in (case.path_parameters, case.query):
            for key in sorted(set(parameters or {}) & set(there)):
                if data.draw(st.booleans()):
                    parameters[key] = data.draw(st.sampled_from(there[key]))
        sent = case.as_transport_kwargs(base_url="http://testserver", headers=who[name])
        try:
            answer = client.request(**sent)
        except InvalidURL:
            reject()  # too long for the client: it is never asked
        answer.request.read()
        seen.add((operation.label, answer.status_code))
        if name == "nobody":
            assert answer.status_code in (400, 401), operation.label
        case.validate_response(answer, checks=CHECKS)

    question()


def test_no_question_that_the_description_allows_or_forbids_ends_in_an_error_of_the_server(
    described_app: tuple[TestClient, Any, dict[str, list[str]], dict[str, dict[str, str]]],
) -> None:
    client, schema, there, who = described_app
    seen: set[tuple[str, int]] = set()
    for result in schema.get_all_operations():
        ask(result.ok(), client, there, who, seen)
    answered = {label for label, status in seen if status in (200, 201)}
    things = ("capture/{capture_id}", "record/{record_id}", "medium/{sha256}", "request/{request_id}")
    assert {f"GET /api/{each}" for each in ("search", "overview", "sources", *things)} <= answered
