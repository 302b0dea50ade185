"""The API for programs: what it says of itself is what it does."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient

from access.app import create_app
from tests.access.conftest import ARTICLE, HOSTILE, Filled, user_of_header
from tests.access.test_app import routes_of


@pytest.fixture
def document(analyst: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = analyst.get("/api/openapi.json").json()
    return found


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_route_of_the_api_is_described_with_its_role_scope_answer_and_problems(
    document: dict[str, Any], filled: Filled
) -> None:
    app = create_app(lambda: filled.archive, user_of_header)
    routes = {
        (method, route.path)
        for route in routes_of(app)
        if route.path.startswith("/api/") and route.path not in ("/api/openapi.json", "/api/docs")
        for method in route.methods
    }
    described = {(method, path): operation for method, path, operation in operations(document)}
    assert set(described) == routes
    for operation in described.values():
        assert operation["description"].endswith(".")
        assert operation["x-role"] in ("reader", "collector", "custodian")
        assert operation["x-scope"] in ("read", "collect", "custody")
        assert {"401", "403", "404", "422", "503"} <= set(operation["responses"])
        assert all(each["description"] for each in operation.get("parameters", ()))


def test_the_document_and_its_page_are_for_users_and_need_nothing_from_elsewhere(anonymous: TestClient) -> None:
    for path in ("/api/openapi.json", "/api/docs"):
        assert anonymous.get(path).status_code == 401
    page = anonymous.get("/api/docs", headers={"X-User": "reader"}).text
    assert 'href="/api/openapi.json"' in page
    assert "GET /api/capture/{capture_id}/payload" in page
    assert re.findall(r"""(?:src|href|action)=["'](?:https?:)?//""", page) == []


def test_the_document_says_under_which_path_whoever_asks_has_reached_the_app(filled: Filled) -> None:
    app = create_app(lambda: filled.archive, user_of_header)
    servers = []
    for path in ("", "/archive", ""):
        with TestClient(app, root_path=path, headers={"X-User": "reader"}) as client:
            servers.append(client.get(f"{path}/api/openapi.json").json()["servers"])
    assert servers == [[{"url": "/"}], [{"url": "/archive"}], [{"url": "/"}]]


def test_each_answer_has_every_key_that_the_document_names_and_no_other(
    analyst: TestClient, filled: Filled, document: dict[str, Any]
) -> None:
    schemas = document["components"]["schemas"]
    (found,) = analyst.get("/api/search", params={"q": "затрыманні"}).json()["rows"]
    capture = filled.one("https://vesnik.example/a.png").id
    medium = analyst.get(f"/api/capture/{capture}").json()["medium"]
    answers = {
        "Me": analyst.get("/api/me"),
        "Overview": analyst.get("/api/overview"),
        "SourceHealthRows": analyst.get("/api/sources"),
        "CaptureRows": analyst.get("/api/captures", params={"url": ARTICLE}),
        "AddressRows": analyst.get("/api/addresses", params={"beginning": ""}),
        "ChangeRows": analyst.get("/api/changes", params={"source": filled.one(ARTICLE).source_id}),
        "CaptureFacts": analyst.get(f"/api/capture/{capture}"),
        "CaptureText": analyst.get(f"/api/capture/{filled.one(HOSTILE).id}/text"),
        "RecordFacts": analyst.get(f"/api/record/{found['record_id']}"),
        "MediumFacts": analyst.get(f"/api/medium/{medium}"),
        "SimilarRows": analyst.get(f"/api/medium/{medium}/similar"),
        "RequestRows": analyst.get("/api/requests"),
        "AccessRows": analyst.get("/api/accesses", headers={"X-User": "custodian"}),
        "MemberRows": analyst.get("/api/members", headers={"X-User": "custodian"}),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 200)
    for name, answer in answers.items():
        undescribed = sorted(keys_besides(answer.json(), schemas[name], schemas, name))
        assert undescribed == [], name


def keys_besides(value: Any, schema: Mapping[str, Any], schemas: Mapping[str, Any], path: str) -> Iterator[str]:
    """Where a value has a key that its schema lacks, or lacks one that the schema requires."""
    schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "anyOf" in schema and isinstance(value, dict | list):
        (schema,) = [each for each in schema["anyOf"] if each.get("type") != "null"]
        yield from keys_besides(value, schema, schemas, path)
    elif isinstance(value, list):
        for item in value:
            yield from keys_besides(item, schema["items"], schemas, f"{path}[]")
    elif isinstance(value, dict) and "properties" in schema and "Record" not in path:
        required = set(schema.get("required", ())) | {key for key in schema["properties"] if key == "kind"}
        yield from (f"{path}.{key}" for key in required.symmetric_difference(value) if key not in {"total"})
        for key, item in value.items():
            if key in schema["properties"]:
                yield from keys_besides(item, schema["properties"][key], schemas, f"{path}.{key}")


def test_a_list_is_read_page_by_page_to_its_end(analyst: TestClient) -> None:
    whole = [row["url"] for row in analyst.get("/api/addresses", params={"beginning": ""}).json()["rows"]]
    pages, offset = [], 0
    while offset is not None:
        answer = analyst.get("/api/addresses", params={"beginning": "", "most": 4, "offset": offset}).json()
        pages.append([row["url"] for row in answer["rows"]])
        offset = answer["next_offset"]
    assert len(whole) == 6
    assert pages == [whole[:4], whole[4:]]
    first = analyst.get("/api/captures", params={"url": ARTICLE, "most": 1}).json()
    assert (first["total"], first["next_offset"], len(first["rows"])) == (1, None, 1)


def test_the_api_hands_out_the_same_bytes_as_the_pages_under_the_same_headers(
    analyst: TestClient, filled: Filled
) -> None:
    hostile, picture = filled.one(HOSTILE).id, filled.one("https://vesnik.example/a.png").id
    for path in (f"/capture/{hostile}/raw", f"/capture/{hostile}/payload", f"/capture/{picture}/picture"):
        of_page, of_api = analyst.get(path), analyst.get(f"/api{path}")
        assert of_api.content == of_page.content != b""
        assert of_api.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_a_file_in_hand_is_compared_and_a_verdict_is_written_by_a_program(
    analyst: TestClient, filled: Filled
) -> None:
    from tests.access.conftest import picture

    analyst.headers["Authorization"] = "Bearer of-the-host"
    sent = {"file": ("in-hand.jpg", picture("JPEG", 70), "image/jpeg")}
    rows = analyst.post("/api/similar", files=sent).json()["rows"]
    assert {row["file"] for row in rows} == {"in-hand.jpg"}
    assert filled.one("https://vesnik.example/b.jpg").id in {each for row in rows for each in row["capture_ids"]}
    a, b = sorted({row["sha256"] for row in rows})
    body = {"a": a, "b": b, "verdict": "same", "reason": "The same square."}
    written = analyst.post("/api/judgements", json=body)
    assert (written.status_code, written.json()["other"], written.json()["author"]) == (201, b, "analyst")
    assert analyst.post("/api/judgements", json={**body, "verdict": "perhaps"}).status_code == 422
    assert analyst.post("/api/judgements", json={**body, "reason": " "}).status_code == 422
    assert analyst.post("/api/judgements", json={**body, "a": f"sha256:{'0' * 64}"}).status_code == 404


def test_a_custodians_program_adds_and_removes_a_member(anonymous: TestClient) -> None:
    anonymous.headers.update({"X-User": "custodian", "Authorization": "Bearer of-the-host"})
    body = {"action": "add", "member": "бэла", "case": "Справа 9"}
    assert anonymous.post("/api/members", json=body).json()["event"] == "member_added"
    assert "бэла" in {row["member"] for row in anonymous.get("/api/members").json()["rows"]}
    assert anonymous.post("/api/members", json={**body, "action": "remove"}).json()["event"] == "member_removed"
    assert anonymous.post("/api/members", json={**body, "surplus": 1}).status_code == 422


def test_no_other_site_can_write_by_the_api_in_a_users_name(analyst: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "X-User": "custodian"}
    for path in ("/api/similar", "/api/judgements", "/api/members", "/api/requests", "/api/request/x/start"):
        assert analyst.post(path, headers=headers, content=b"{}").status_code == 403
