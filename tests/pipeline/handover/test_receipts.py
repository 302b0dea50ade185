"""Receipts: what they state of a request, who gets one, what no receipt tells, and that the signature holds."""

import base64
import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import rfc8785
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from access.app import create_app
from access.receipt_desk import ReceiptLanguage
from crawlers.model.capture import Rendering, RenderingKind
from pipeline.cli import app
from pipeline.config.settings import Settings
from pipeline.handover.desk import ExportDesk
from pipeline.handover.package_key import PackageKey, prepare_package_key
from pipeline.handover.receipts.desk import SigningReceiptDesk
from pipeline.handover.receipts.documents import request_document
from pipeline.handover.receipts.request_receipt import request_statements
from pipeline.handover.receipts.signed_receipt import sign_receipt
from pipeline.handover.register import register_package
from pipeline.handover.report.as_text import report_text
from pipeline.handover.report.report_texts import languages, texts_for
from pipeline.handover.selection import CaptureRole, Exhibit, ExhibitKind, FrozenSelection, SelectedCapture
from processors.digest import sha256
from storage.access_labels import EVERYONE, Role
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.deposit.deposit import deposit_file
from storage.integrity.withdrawal import confirm, propose_withdrawal
from storage.ledger.access_log import AccessFilter, accesses
from storage.ledger.disclosures import Disclosure, disclosures_to
from storage.ledger.memberships import add_member
from storage.ledger.requests import insert_request, insert_result
from storage.log.signing import sign_next_checkpoint
from tests.pipeline.collect.test_confidential_requests import viewer_of_headers
from tests.pipeline.handover.report.invented import selection
from tests.storage.crawled_files import NIGHT, exchange, no_answer, response, signed_crawl
from tests.storage.killed_deposits import environment
from tests.storage.log.log_archive import signer_at

PAGE = "https://vesnik.example/старонка"
GONE = "https://няма.example/"
LATER = "https://vesnik.example/пазней"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
KEY = PackageKey.generate()
CUSTODIAN = {"X-User": "kust", "X-Role": str(int(Role.CUSTODIAN))}
UNKNOWN = "01JD5PZ4T2V8M6Q3R9S7W1X0YA"
REASON, CASE = "may vanish soon", "17/2026"


@dataclass(frozen=True)
class Requested:
    """An open request of three addresses, of which the last still waits, and one of a confidential case."""

    archive: Archive
    settings: Settings
    captures: dict[str, Capture]
    open_id: str
    confidential_id: str


@pytest.fixture
def requested(archive: Archive, stored_settings: Settings, tmp_path: Path) -> Requested:
    page = exchange(PAGE, response("<h1>На плошчы</h1>".encode()))
    style = exchange(f"{PAGE}/style.css", response(b"h1 {color: red}"))
    dom = Rendering("1", PAGE, RenderingKind.DOM, "text/html", b"<h1>", NIGHT, "tests")
    deposited = deposit_file(archive, signed_crawl(archive, tmp_path, [page, style, dom, no_answer(GONE)]))
    with archive.reader.connect() as connection:
        found = {each.url: each for each in captures_in(connection, deposited.key)}
    label = add_member(archive, "ala", actor="kust", case=CASE).label
    with archive.writer.begin() as connection:
        request = insert_request(
            connection, actor="ala", urls=(PAGE, GONE, LATER), reason=REASON, case_reference=CASE
        )
        secret = insert_request(
            connection, actor="ala", urls=(PAGE,), reason=REASON, case_reference=CASE, access_label=label
        )
        for each in (request, secret):
            insert_result(
                connection,
                each.id,
                0,
                crawl_id=found[PAGE].crawl_id,
                capture_id=found[PAGE].id,
                details={"captures": 4, "outcome": "content"},
            )
        insert_result(connection, request.id, 1, problem="the connection was refused")
    return Requested(archive, stored_settings, found, request.id, secret.id)


@pytest.fixture
def pages(requested: Requested) -> Iterator[TestClient]:
    prepare_package_key(requested.settings.package_key_file)
    desk = SigningReceiptDesk(lambda: requested.settings)
    with TestClient(
        create_app(lambda: requested.archive, viewer_of_headers, handover=ExportDesk(), receipts=desk)
    ) as client:
        yield client


def stated(requested: Requested, **more: Any) -> dict[str, Any]:
    found = request_statements(requested.archive, requested.open_id, viewer=EVERYONE, issued_at=NOW, **more)
    assert found is not None
    return found


def withdraw(requested: Requested) -> None:
    """Take the page out of everybody's sight."""
    page = requested.captures[PAGE]
    proposal = propose_withdrawal(
        requested.archive, page.id, actor="ala", reason="a person's right", basis="§ 1", second="kust"
    )
    confirm(requested.archive, proposal.seq, actor="kust")


def register(requested: Requested) -> tuple[Disclosure, ...]:
    with requested.archive.reader.connect() as connection:
        return disclosures_to(connection)


def as_documented(stated: Any) -> bytes:
    """What is signed, as docs/hand-over.md has it, with the standard library alone."""
    return json.dumps(stated, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_signed_can_be_made_again_without_our_software(text: str) -> None:
    stated = {"url": text, "size": 12, "with": [None, True], "about": "request"}
    signed = sign_receipt(stated, KEY)
    assert as_documented(json.loads(signed.to_json())["receipt"]) == rfc8785.dumps(dict(signed.statements))


def checked_by_openssl(file: bytes, folder: Path) -> bool:
    """As docs/hand-over.md has it: the canonical form of what is stated, and the signature beside."""
    receipt = json.loads(file)
    key = base64.encodebytes(base64.b64decode(receipt["signature"]["public_key"])).decode()
    (folder / "key.pem").write_text(f"-----BEGIN PUBLIC KEY-----\n{key}-----END PUBLIC KEY-----\n")
    (folder / "receipt.sig").write_bytes(base64.b64decode(receipt["signature"]["signature"]))
    (folder / "receipt.txt").write_bytes(as_documented(receipt["receipt"]))
    verified = subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "receipt.sig", "receipt.txt"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return verified.returncode == 0


def test_a_receipt_states_what_came_of_each_address_where_it_is_kept_and_what_is_pending(
    requested: Requested, tmp_path: Path
) -> None:
    page = requested.captures[PAGE]
    before = stated(requested)
    sign_next_checkpoint(requested.archive, signer_at(tmp_path / "log.key"), actor="tester")
    after = stated(requested)
    done, failed, waiting = after["addresses"]
    assert (before["checkpoint"], before["addresses"][0]["pending"]) == (None, [{"what": "checkpoint"}])
    assert after["checkpoint"]["size"] >= done["capture"]["kept"]["custody_seq"]
    assert after["request"] | {"requested_at": None} == {
        "id": requested.open_id,
        "requested_at": None,
        "requested_by": "ala",
        "engine": "http",
        "profile": None,
    }
    kept = done["capture"].pop("kept")
    assert done == {
        "url": PAGE,
        "state": "done",
        "problem": None,
        "pending": [],
        "capture": {
            "id": page.id,
            "url": PAGE,
            "captured_at": NIGHT.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "first_byte_at": (NIGHT + timedelta(milliseconds=20)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "ended_at": (NIGHT + timedelta(milliseconds=30)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "exchanges": 2,
            "status": 200,
            "outcome": None,
            "outcome_reason": None,
            "payload_digest": str(page.payload_digest),
            "block_digest": str(page.block_digest),
            "warc_key": page.warc_key,
        },
    }
    content = requested.archive.objects.read(page.warc_key, str(page.object_version))
    assert kept["warc_sha256"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert (kept["warc_length_bytes"], kept["existed_by"]) == (len(content), [])
    assert failed == {
        "url": GONE,
        "state": "failed",
        "problem": "the connection was refused",
        "capture": None,
        "pending": [],
    }
    assert waiting == {
        "url": LATER,
        "state": "waiting",
        "problem": None,
        "capture": None,
        "pending": [{"what": "result"}],
    }
    assert REASON not in json.dumps(after) and CASE not in json.dumps(after)


def test_the_signature_holds_is_the_same_each_time_and_breaks_with_any_word(
    requested: Requested, tmp_path: Path
) -> None:
    key = PackageKey.generate()
    signed = sign_receipt(stated(requested), key)
    file = signed.to_json()
    assert sign_receipt(stated(requested), key).to_json() == file
    assert checked_by_openssl(file, tmp_path)
    assert not checked_by_openssl(file.replace(b"refused", b"granted"), tmp_path)
    for language in languages():
        text = report_text(request_document(signed, texts_for(language)))
        for word in (PAGE, str(requested.captures[PAGE].payload_digest), signed.key_name, signed.digest.hex):
            assert word in text, (language, word)
    german = report_text(request_document(signed, texts_for("de")))
    assert "Beauftragt von: ala" in german
    assert "nicht wie beauftragt aufgenommen: the connection was refused" in german
    assert "Adresse 3: es gibt noch kein Ergebnis." in german
    assert set(languages()) == set(ReceiptLanguage)


def test_the_page_of_a_request_leads_to_its_receipt_and_nobody_else_gets_that_of_a_case(
    requested: Requested, pages: TestClient, tmp_path: Path
) -> None:
    path = f"/request/{requested.open_id}"
    ala, celina = {"X-User": "ala"}, {"X-User": "celina"}
    assert f'action="{path}/receipt"' in pages.get(path, headers=celina).text
    pdf = pages.get(f"{path}/receipt", params={"language": "uk"}, headers=celina)
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.headers["content-disposition"] == f'attachment; filename="receipt-{requested.open_id}.pdf"'
    with pypdfium2.PdfDocument(pdf.content) as read:
        assert read.is_tagged()
        assert "Квитанція про запит" in read[0].get_textpage().get_text_range()
    parameters = {"form": "json", "without_name": "true"}
    file = pages.get(f"{path}/receipt", params=parameters, headers=celina).content
    assert checked_by_openssl(file, tmp_path)
    assert json.loads(file)["receipt"]["request"]["requested_by"] is None
    requested.settings.package_key_file.unlink()
    keyless = pages.get(f"{path}/receipt", params=parameters, headers=celina)
    assert (keyless.status_code, "`letapis prepare` makes one" in keyless.text) == (503, True)
    assert not requested.settings.package_key_file.exists()
    prepare_package_key(requested.settings.package_key_file)
    assert pages.get(f"{path}/receipt", params={"form": "doc"}, headers=ala).status_code == 422

    with requested.archive.reader.connect() as connection:
        looked, _ = accesses(connection, AccessFilter(actor="celina"), most=50)
    assert {each.subject_id for each in looked} >= {requested.open_id, requested.captures[PAGE].id}

    closed = f"/request/{requested.confidential_id}/receipt"
    assert pages.get(closed, params=parameters, headers=ala).status_code == 200
    nothing = pages.get(closed, params=parameters, headers=celina)
    unknown = pages.get(closed.replace(requested.confidential_id, UNKNOWN), params=parameters, headers=celina)
    assert (nothing.status_code, unknown.status_code) == (404, 404)
    assert nothing.text.replace(requested.confidential_id, UNKNOWN) == unknown.text


def test_of_what_was_withdrawn_a_receipt_tells_no_word(requested: Requested) -> None:
    page = requested.captures[PAGE]
    withdraw(requested)
    statements = stated(requested)
    assert statements["addresses"][0] == {
        "url": PAGE,
        "state": "hidden",
        "problem": None,
        "capture": None,
        "pending": [],
    }
    text = report_text(request_document(sign_receipt(statements, PackageKey.generate()), texts_for("en")))
    for word in (page.id, page.warc_key, str(page.payload_digest), page.crawl_id):
        assert word not in json.dumps(statements) + text
    assert "What was captured was withdrawn" in text


def test_the_command_writes_a_receipt_whole_and_over_no_file(
    requested: Requested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(requested.settings).items():
        monkeypatch.setenv(name, value)
    run = CliRunner()
    to = tmp_path / "receipt.json"
    ran = run.invoke(app, ["receipt", requested.open_id, "--to", str(to), "--json"])
    assert ran.exit_code == 0, ran.stderr
    row = json.loads(ran.stdout)
    assert (row["kind"], row["file"]) == ("receipt", str(to))
    assert json.loads(to.read_bytes()) == {"receipt": row["receipt"], "signature": row["signature"]}
    assert checked_by_openssl(to.read_bytes(), tmp_path)
    again = run.invoke(app, ["receipt", requested.open_id, "--to", str(to)])
    assert (again.exit_code, "exists and was not changed" in again.stderr) == (2, True)
    printed = run.invoke(app, ["receipt", requested.open_id, "--language", "pl"])
    assert "Pokwitowanie wniosku" in printed.stdout
    for words, sentence in (
        (["receipt", UNKNOWN], "expected the id of a request"),
        (["receipt", requested.open_id, "--language", "fr"], "expected one of be, de"),
        (["receipt", requested.open_id, "--to", str(tmp_path / "x.doc")], "expected a name that ends in"),
    ):
        refused = run.invoke(app, words)
        assert refused.exit_code in (1, 2) and sentence in refused.stderr


@pytest.fixture
def handed_over(requested: Requested) -> FrozenSelection:
    page = requested.captures[PAGE]
    exhibit = Exhibit(
        "LTP-2026-000007",
        ExhibitKind.CAPTURE,
        page.id,
        "Затрыманні на плошчы",
        (),
        (SelectedCapture(page.id, CaptureRole.SUBJECT),),
        (),
    )
    frozen = replace(selection("lt"), exhibits=(exhibit,))
    register_package(requested.archive, frozen, sha256(b"the package"), actor="kust")
    return frozen


def test_a_recipient_gets_a_receipt_of_the_package_from_the_register_with_lines_to_sign(
    requested: Requested, handed_over: FrozenSelection, pages: TestClient, tmp_path: Path
) -> None:
    (listed,) = register(requested)
    assert f"/handover/receipt?package={handed_over.package_id}" in pages.get("/handover", headers=CUSTODIAN).text
    parameters = {"package": handed_over.package_id, "form": "json"}
    file = pages.get("/handover/receipt", params=parameters, headers=CUSTODIAN).content
    assert checked_by_openssl(file, tmp_path)
    statements = json.loads(file)["receipt"]
    assert statements | {"issued_at": None, "disclosed": None} == {
        "format": "letapis/receipt/1",
        "about": "package",
        "issued_at": None,
        "package": {
            "id": handed_over.package_id,
            "digest": str(sha256(b"the package")),
            "frozen_at": "2026-11-29T12:00:00Z",
            "supplement_of": handed_over.supplement_of,
        },
        "recipient": {
            "name": handed_over.recipient.name,
            "level": handed_over.recipient.level.value,
            "request": handed_over.recipient.request,
            "language": "lt",
        },
        "disclosed": None,
        "checkpoint": None,
        "pending": [{"what": "checkpoint"}],
        "exhibits": [
            {
                "number": "LTP-2026-000007",
                "kind": "capture",
                "title": "Затрыманні на плошчы",
                "subject_id": requested.captures[PAGE].id,
                "captures": 1,
                "withdrawn_since": False,
            }
        ],
    }
    assert statements["disclosed"]["custody_seq"] == listed.seq
    assert b"kust" not in file, "it names a person of the archive"
    pdf = pages.get("/handover/receipt", params={"package": handed_over.package_id}, headers=CUSTODIAN)
    with pypdfium2.PdfDocument(pdf.content) as read:
        words = "".join(page.get_textpage().get_text_range() for page in read)
    assert "Įrodymų paketo kvitas" in words
    assert "Gavo (vardas" in words
    assert pages.get("/handover/receipt", params=parameters, headers={"X-User": "celina"}).status_code == 403
    unknown = pages.get("/handover/receipt", params={"package": UNKNOWN}, headers=CUSTODIAN)
    assert unknown.status_code == 404


def test_of_an_exhibit_that_was_withdrawn_since_a_receipt_has_the_number_alone(
    requested: Requested, handed_over: FrozenSelection, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdraw(requested)
    for name, value in environment(requested.settings).items():
        monkeypatch.setenv(name, value)
    ran = CliRunner().invoke(app, ["receipt", "--package", handed_over.package_id, "--language", "en", "--json"])
    row = json.loads(ran.stdout)
    assert row["receipt"]["exhibits"] == [
        {
            "number": "LTP-2026-000007",
            "kind": "capture",
            "title": None,
            "subject_id": None,
            "captures": 1,
            "withdrawn_since": True,
        }
    ]
    assert "LTP-2026-000007 | withdrawn since (capture) | 1" in row["text"]
    assert requested.captures[PAGE].id not in ran.stdout and "Затрыманні" not in ran.stdout
    for words, sentence in (
        (["receipt", "--package", UNKNOWN], "expected one of the register of disclosures"),
        (["receipt"], "Expected the id of a request, or --package"),
        (["receipt", UNKNOWN, "--package", UNKNOWN], "and not both"),
    ):
        refused = CliRunner().invoke(app, words)
        assert refused.exit_code in (1, 2) and sentence in refused.stderr
