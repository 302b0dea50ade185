"""Tokens: shown once, kept as a digest, for the API alone, and never more than their person may do now."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from access.app import create_app
from access.views.tokens import new_token
from storage.access_labels import Role, Viewer
from storage.ledger import tokens as ledger_tokens
from storage.ledger.access_log import accesses_of
from storage.ledger.custody import entries
from storage.ledger.tokens import PREFIX, TokenError, make_token, revoke_token
from tests.access.conftest import ARTICLE, Filled, user_of_header


@pytest.fixture
def program(filled: Filled) -> Iterator[TestClient]:
    """A client without any login of the host."""
    with TestClient(create_app(lambda: filled.archive, user_of_header)) as client:
        yield client


def made(filled: Filled, viewer: Viewer, *scopes: str, days: int = 7) -> tuple[str, str]:
    """Id and secret of a new token."""
    row, secret = new_token(filled.archive, viewer=viewer, name="сшытак", scopes=scopes, days=days)
    return row["id"], secret


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_a_user_makes_a_token_on_the_page_sees_it_once_and_a_program_asks_by_it(
    analyst: TestClient, program: TestClient, filled: Filled
) -> None:
    analyst.headers["Sec-Fetch-Site"] = "same-origin"
    sent = {"name": "сшытак <1>", "scope_read": "yes", "days": "30"}
    page = analyst.post("/tokens", data=sent).text
    (secret,) = set(re.findall(rf"{PREFIX}[A-Za-z0-9_-]+", page))
    assert "сшытак &lt;1&gt;" in page
    assert secret not in analyst.get("/tokens").text
    answer = program.get("/api/me", headers=bearer(secret)).json()
    assert answer == {
        "kind": "user",
        "name": "analyst",
        "role": "reader",
        "scopes": ["read"],
        "cases": [],
    }
    (row,) = [row for row in analyst.get("/api/tokens").json()["rows"] if row["name"] == "сшытак <1>"]
    assert row["valid"]
    assert row["last_used_at"] is not None
    assert analyst.post(f"/tokens/{row['id']}/revoke", follow_redirects=False).status_code == 303
    refused = program.get("/api/me", headers=bearer(secret))
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


def test_neither_database_nor_custody_nor_the_access_log_has_the_token(filled: Filled) -> None:
    token_id, secret = made(filled, Viewer("ала", Role.READER), "read")
    with filled.archive.writer.connect() as connection:
        for table in ("tokens", "custody", "access_log", "sealed_objects"):
            rows = connection.execute(text(f"SELECT t::text FROM ledger.{table} t")).scalars().all()
            assert rows != []
            assert not any(secret in row or secret.removeprefix(PREFIX) in row for row in rows)
        events = [entry for entry in entries(connection) if entry.details.get("token_id") == token_id]
    assert [(entry.event, entry.actor, entry.details["member"]) for entry in events] == [
        ("token_made", "ала", "ала")
    ]


def test_a_token_that_is_over_unknown_or_odd_opens_nothing(program: TestClient, filled: Filled) -> None:
    _, secret = made(filled, Viewer("ала", Role.READER), "read", days=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger_tokens, "datetime", Tomorrow)
        assert program.get("/api/me", headers=bearer(secret)).status_code == 401
    assert program.get("/api/me", headers=bearer(secret)).status_code == 200
    for other in (PREFIX, f"{PREFIX}x", f"{secret}x", secret[:-1], f"{PREFIX}яйцо"):
        sent = {b"Authorization": f"Bearer {other}".encode()}
        assert program.get("/api/me", headers=sent).status_code == 401


class Tomorrow(datetime):
    """A clock two days ahead."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # asked for in UTC alone
        return datetime.now(UTC) + timedelta(days=2)


def test_a_scope_opens_the_routes_of_its_role_and_no_others(program: TestClient, filled: Filled) -> None:
    custodian = Viewer("custodian", Role.CUSTODIAN)
    reading, collecting = made(filled, custodian, "read")[1], made(filled, custodian, "collect")[1]
    all_scopes = made(filled, custodian, "read", "collect", "custody")[1]
    codes = {
        name: [
            program.get("/api/search", headers=bearer(secret)).status_code,
            program.post("/api/judgements", headers=bearer(secret), json={}).status_code,
            program.get("/api/accesses", headers=bearer(secret)).status_code,
        ]
        for name, secret in {"read": reading, "collect": collecting, "all": all_scopes}.items()
    }
    assert codes == {"read": [200, 403, 403], "collect": [403, 422, 403], "all": [200, 422, 200]}


def test_nobody_makes_a_token_above_their_own_role(filled: Filled, anonymous: TestClient) -> None:
    for scope in ("collect", "custody", "everything"):
        with pytest.raises(TokenError, match="Nothing was written"):
            made(filled, Viewer("reader", Role.READER), scope)
    headers = {"X-User": "reader", "Sec-Fetch-Site": "same-origin"}
    form = {"name": "n", "scope_custody": "yes", "days": "30"}
    assert anonymous.post("/tokens", data=form, headers=headers).status_code == 422
    assert "scope_custody" not in anonymous.get("/tokens", headers=headers).text


def test_a_token_opens_no_page_and_makes_no_other_token(program: TestClient, filled: Filled) -> None:
    _, secret = made(filled, Viewer("custodian", Role.CUSTODIAN), "read", "collect", "custody")
    for path in ("/", "/tokens", f"/captures?url={ARTICLE}", "/static/archive.css", "/members"):
        assert program.get(path, headers=bearer(secret)).status_code == 401
    assert program.post("/tokens", headers=bearer(secret), data={"name": "n"}).status_code == 401
    assert program.post("/api/tokens", headers=bearer(secret), json={}).status_code == 405


def test_no_other_site_makes_or_revokes_a_token_and_nobody_anothers(anonymous: TestClient, filled: Filled) -> None:
    token_id, _ = made(filled, Viewer("ala", Role.READER), "read")
    for path in ("/tokens", f"/tokens/{token_id}/revoke"):
        headers = {"X-User": "ala", "Sec-Fetch-Site": "cross-site"}
        assert anonymous.post(path, headers=headers, data={"name": "n"}).status_code == 403
    own = {"Sec-Fetch-Site": "same-origin"}
    assert anonymous.post(f"/tokens/{token_id}/revoke", headers={"X-User": "bela", **own}).status_code == 404
    assert token_id not in anonymous.get("/tokens", headers={"X-User": "bela"}).text
    assert token_id in anonymous.get("/tokens", headers={"X-User": "custodian"}).text
    assert anonymous.post(f"/tokens/{token_id}/revoke", headers={"X-User": "custodian", **own}).status_code == 200


def test_what_a_program_looks_at_stands_in_the_access_log_under_its_persons_name(
    program: TestClient, filled: Filled
) -> None:
    token_id, secret = made(filled, Viewer("вольга", Role.READER), "read")
    capture = filled.one(ARTICLE).id
    for _ in range(2):
        program.get(f"/api/capture/{capture}", headers=bearer(secret))
    with filled.archive.reader.connect() as connection:
        looked = [each.action for each in accesses_of(connection, capture) if each.actor == "вольга"]
        used = [(each.actor, each.action) for each in accesses_of(connection, token_id)]
    assert looked == ["viewed", "viewed"]
    assert used == [("вольга", "token_used")]


def test_a_session_of_the_host_asks_the_api_as_before(analyst: TestClient) -> None:
    answer = analyst.get("/api/me", headers={"Authorization": "Bearer of-the-host"}).json()
    assert (answer["name"], answer["role"], answer["scopes"]) == ("analyst", "collector", ["read", "collect"])


def test_a_token_that_cannot_be_is_refused_in_a_sentence(filled: Filled) -> None:
    archive = filled.archive
    for name, days in ((" ", 1), ("x" * 201, 1), ("a\nb", 1), ("n", 0), ("n", 367)):
        with pytest.raises(TokenError, match="Nothing was written"):
            make_token(archive, "ала", actor="ала", role=Role.READER, scopes=["read"], name=name, days=days)
    with pytest.raises(TokenError, match="Nothing was written"):
        revoke_token(archive, "none", actor="ала", of=None)
