"""Who may do what: every route has a role, and nobody passes with less."""

import re

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from access.app import create_app
from access.authentication import store_viewer
from access.roles import role_of
from access.route_roles import ROLE_OF_ROUTE, require_role
from storage.access_labels import Role, Viewer
from storage.ledger.custody import entries
from tests.access.conftest import Filled, user_of_header
from tests.access.test_app import routes_of

BELOW = {Role.COLLECTOR: "reader", Role.CUSTODIAN: "analyst", Role.ADMINISTRATOR: "custodian"}
"""A user of the fixtures who has the role below."""


def declared(app: FastAPI) -> dict[str, Role | None]:
    return {
        f"{method} {route.path}": ROLE_OF_ROUTE.get(f"{method} {route.path}")
        for route in routes_of(app)
        for method in route.methods
    }


def test_every_route_has_a_declared_role_and_every_declared_route_is_there(filled: Filled) -> None:
    found = declared(create_app(lambda: filled.archive, user_of_header))
    assert [route for route, role in found.items() if role is None] == []
    assert set(found) == set(ROLE_OF_ROUTE)


def test_whoever_lacks_the_role_of_a_route_is_refused_and_told_which_it_is(anonymous: TestClient) -> None:
    for route, role in ROLE_OF_ROUTE.items():
        if role is Role.READER:
            continue
        method, path = route.split()
        headers = {"X-User": BELOW[role], "Sec-Fetch-Site": "same-origin"}
        answer = anonymous.request(method, re.sub(r"\{\w+\}", "x", path), headers=headers)
        assert answer.status_code == 403, route
        assert f"This needs the role {role.name.lower()}" in answer.text


def test_a_route_that_names_no_role_answers_nobody() -> None:
    app = FastAPI(dependencies=[Depends(require_role(store_viewer(lambda: Viewer("a", Role.ADMINISTRATOR))))])
    app.add_api_route("/forgotten", lambda: "open", methods=["GET"])
    with TestClient(app) as client:
        assert client.get("/forgotten").status_code == 403


@pytest.mark.parametrize(
    ("words", "role"),
    [
        (["Letapis reader"], Role.READER),
        (["Letapis reader", "Letapis custodian"], Role.CUSTODIAN),
        (["Public", "Viewer"], None),
        (["Admin"], Role.ADMINISTRATOR),
        (["simple:viewer"], Role.COLLECTOR),
        (["simple:admin"], Role.ADMINISTRATOR),
        (["viewer"], None),
        (["Рэдакцыя"], Role.COLLECTOR),
        ([], None),
    ],
)
def test_the_highest_role_counts_and_an_unknown_word_gives_none(words: list[str], role: Role | None) -> None:
    assert role_of(words, {"Рэдакцыя": "collector"}) == role


def test_a_custodian_adds_and_removes_a_member_on_the_page_and_custody_has_it(
    anonymous: TestClient, filled: Filled
) -> None:
    anonymous.headers.update({"X-User": "custodian", "Sec-Fetch-Site": "same-origin"})
    sent = {"action": "add", "member": "ала", "case": "Справа <7>"}
    page = anonymous.post("/members", data=sent).text
    assert "Case Справа &lt;7&gt;" in page
    assert "<bdi>ала</bdi>" in page
    assert "<bdi>ала</bdi>" not in anonymous.post("/members", data={**sent, "action": "remove"}).text
    with filled.archive.reader.connect() as connection:
        done = [(entry.event, entry.actor) for entry in entries(connection) if entry.event.startswith("member_")]
    assert done == [("member_added", "custodian"), ("member_removed", "custodian")]


def test_no_other_site_can_make_a_member(anonymous: TestClient, filled: Filled) -> None:
    sent = {"action": "add", "member": "mallory", "case": "7"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://zlo.example"}, {}):
        answer = anonymous.post("/members", data=sent, headers={"X-User": "custodian", **headers})
        assert answer.status_code == 403
    assert "mallory" not in anonymous.get("/members", headers={"X-User": "custodian"}).text


def test_a_member_that_cannot_be_is_refused_in_a_sentence(anonymous: TestClient) -> None:
    headers = {"X-User": "custodian", "Sec-Fetch-Site": "same-origin"}
    answer = anonymous.post("/members", data={"action": "add", "member": " ", "case": "7"}, headers=headers)
    assert answer.status_code == 422
    assert "Nothing was written" in answer.text


def test_a_reader_is_offered_no_verdict_and_no_members(anonymous: TestClient) -> None:
    assert "/members" not in anonymous.get("/", headers={"X-User": "reader"}).text
    assert "/members" in anonymous.get("/", headers={"X-User": "custodian"}).text
