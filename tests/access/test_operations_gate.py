"""What machines learn without a login: whether the archive lives and is ready; its figures only with the token."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from access.app import create_app
from access.operations_gate import OperationsGate
from storage.archive import Archive
from tests.access.conftest import user_of_header

TOKEN = "k3Jx-9pQ2-vLm8-Rt5w"
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class DeskAtHand:
    """A desk that counts how often it is used."""

    parts: tuple[Mapping[str, Any], ...] = ({"name": "database", "state": "ok", "reason": None},)
    token: str | None = TOKEN
    looked: list[str] = field(default_factory=list)

    def readiness(self) -> Sequence[Mapping[str, Any]]:
        self.looked.append("readiness")
        return self.parts

    def metrics_token(self) -> str | None:
        return self.token

    def metrics(self) -> tuple[bytes, str]:
        self.looked.append("metrics")
        return b"letapis_captures 3.0\n", "text/plain; version=0.0.4; charset=utf-8"


def never() -> Archive:
    raise AssertionError("the archive was opened")


@pytest.fixture
def desk() -> DeskAtHand:
    return DeskAtHand()


@pytest.fixture(scope="module")
def pages() -> FastAPI:
    """The app behind the gate, which takes seconds to make; no test changes it."""
    return create_app(never, user_of_header)


@pytest.fixture(params=["", "/archive"])
def machine(pages: FastAPI, desk: DeskAtHand, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """Whoever sends requests without a login, where the pages stand alone and where they are mounted."""
    with client_of(OperationsGate(pages, desk=desk), request.param) as client:
        yield client


def client_of(app: ASGIApp, mounted_at: str) -> TestClient:
    if mounted_at:
        outer = FastAPI()
        outer.mount(mounted_at, app)
        app = outer
    return TestClient(app, base_url=f"http://testserver{mounted_at}/")


@pytest.mark.parametrize("mounted_at", ["", "/archive"])
def test_the_app_has_the_gate_before_all_that_asks_for_a_user(desk: DeskAtHand, mounted_at: str) -> None:
    with client_of(create_app(never, user_of_header, operations=desk), mounted_at) as client:
        statuses = {
            path: client.get(path).status_code for path in ("health", "health/live", "health/ready", "metrics", "")
        }
        figures = client.get("metrics", headers=WITH_TOKEN)

    assert statuses == {"health": 200, "health/live": 200, "health/ready": 200, "metrics": 401, "": 401}
    assert figures.text == "letapis_captures 3.0\n"
    assert desk.looked == ["readiness", "metrics"]


def test_a_process_that_lives_says_so_and_looks_at_nothing_for_it(machine: TestClient, desk: DeskAtHand) -> None:
    answer = machine.get("health/live")

    assert (answer.status_code, answer.json()) == (200, {"kind": "health", "live": True})
    assert answer.headers["cache-control"] == "no-store"
    assert desk.looked == []


@pytest.mark.parametrize("path", ["health", "health/ready"])
def test_readiness_is_given_part_by_part(machine: TestClient, path: str) -> None:
    answer = machine.get(path)

    assert answer.status_code == 200
    assert answer.json() == {
        "kind": "health",
        "live": True,
        "ready": True,
        "parts": [{"name": "database", "state": "ok", "reason": None}],
    }


@pytest.mark.parametrize(("state", "status"), [("failed", 503), ("degraded", 200)])
def test_only_a_part_that_failed_makes_it_not_ready(
    machine: TestClient, desk: DeskAtHand, state: str, status: int
) -> None:
    desk.parts = ({"name": "store", "state": state, "reason": "The object store does not answer."},)

    answer = machine.get("health/ready")

    assert (answer.status_code, answer.json()["ready"]) == (status, status == 200)
    assert answer.json()["parts"][0]["reason"] == "The object store does not answer."


def test_requests_without_end_make_no_work(machine: TestClient, desk: DeskAtHand) -> None:
    for _ in range(20):
        machine.get("health/ready")

    assert desk.looked == ["readiness"]


def test_figures_are_given_to_whoever_brings_the_token(machine: TestClient) -> None:
    answer = machine.get("metrics", headers=WITH_TOKEN)

    assert (answer.status_code, answer.text) == (200, "letapis_captures 3.0\n")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ключ"]
)
def test_figures_are_closed_to_everybody_else(machine: TestClient, desk: DeskAtHand, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    answer = machine.get("metrics", headers=headers)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "LETAPIS_METRICS_TOKEN" in answer.text
    assert desk.looked == []


def test_a_login_is_no_token(machine: TestClient) -> None:
    assert machine.get("metrics", headers={"X-User": "admin"}).status_code == 401


def test_without_the_setting_there_are_no_figures_and_the_answer_says_which(
    machine: TestClient, desk: DeskAtHand
) -> None:
    desk.token = None

    answer = machine.get("metrics", headers=WITH_TOKEN)

    assert answer.status_code == 404
    assert "set LETAPIS_METRICS_TOKEN" in answer.text


@pytest.mark.parametrize("path", ["health", "health/live", "metrics"])
def test_nothing_can_be_sent_there(machine: TestClient, path: str) -> None:
    answer = machine.post(path, headers=WITH_TOKEN)

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["health/", "healthy", "metrics/x", "health/live/x", ""])
def test_every_other_path_asks_for_a_user(machine: TestClient, path: str) -> None:
    assert machine.get(path).status_code in (401, 404)
    assert machine.get("search").status_code == 401
