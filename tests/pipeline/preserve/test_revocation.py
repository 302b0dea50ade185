"""Whether certificates of time authorities were revoked: asked in time, kept, told where nobody answers."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.config.settings import Settings
from pipeline.preserve.revocation import ask_revocation
from pipeline.preserve.timestamp import request_timestamps
from pipeline.preserve.verify import verify
from processors.digest import Digest, sha256
from processors.rfc3161.revocation import AnswerKind, RevocationRefusedError, read_answer
from storage.archive import Archive
from tests.moving_authority import MovingAuthority
from tests.pipeline.timestamping import events, held_to, note, wrong

LOOPBACK = ("127.0.0.0/8",)


@dataclass
class ResponderOfTests:
    """Answers on loopback what it has by path; 404 for anything else."""

    url: str
    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def responder() -> Iterator[ResponderOfTests]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found.asked.append(f"{self.command} {self.path}")
            answer = found.answers.get(self.path)
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Length", str(len(answer or b"")))
            self.end_headers()
            self.wfile.write(answer or b"")

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = ResponderOfTests(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def moving(tmp_path: Path, responder: ResponderOfTests) -> Iterator[MovingAuthority]:
    now = datetime.now(UTC).replace(microsecond=0)
    with MovingAuthority(tmp_path / "moving", at=now, responder=responder.url) as running:
        yield running


@pytest.fixture
def stamped(stored_settings: Settings, archive: Archive, moving: MovingAuthority) -> Settings:
    settings = replace(held_to(stored_settings, moving), allow_addresses=LOOPBACK)
    note(archive)
    request_timestamps(settings, archive, occasion="harvest")
    return settings


def test_an_answer_is_asked_once_after_each_days_tokens_and_kept_where_verify_looks(
    stamped: Settings, archive: Archive, moving: MovingAuthority, responder: ResponderOfTests
) -> None:
    responder.answers["/ocsp"] = moving.status()
    report = ask_revocation(stamped, archive, at=moving.at)

    assert report.entry is not None
    (row,) = report.entry.details["answers"]
    assert (row["status"], row["kind"], row["subject"]) == ("good", "ocsp", "CN=Moving signer")
    assert archive.objects.read(row["key"], row["object_version"]) == responder.answers["/ocsp"]
    assert Digest.parse(row["sha256"]) == sha256(responder.answers["/ocsp"])
    assert (report.revoked, report.unanswered, responder.asked) == ((), (), ["POST /ocsp"])
    assert ask_revocation(stamped, archive, at=moving.at).entry is None
    request_timestamps(stamped, archive, occasion="clock")
    assert events(archive)[-1] == "revocation_asked"  # no token is owed for an answer
    assert wrong(verify(archive)) == {}


def test_where_no_responder_answers_the_list_is_asked_and_a_revoked_certificate_is_named(
    stamped: Settings, archive: Archive, moving: MovingAuthority, responder: ResponderOfTests
) -> None:
    responder.answers["/root.crl"] = moving.revocation_list(revoked=True)
    report = ask_revocation(stamped, archive, at=moving.at)

    assert responder.asked == ["POST /ocsp", "GET /root.crl"]
    assert report.entry is not None
    assert [row["kind"] for row in report.entry.details["answers"]] == ["crl"]
    assert report.revoked[0].startswith("The certificate CN=Moving signer of a time authority was revoked on ")
    assert report.unanswered[0].endswith("expected status 200, found 404")
    remarks = [remark for each in verify(archive) for remark in each.remarks]
    assert any("of a time authority was revoked, said its issuer on" in each for each in remarks)


def test_an_address_that_the_policy_refuses_is_not_asked_and_stays_unanswered(
    stamped: Settings, archive: Archive, moving: MovingAuthority, responder: ResponderOfTests
) -> None:
    report = ask_revocation(replace(stamped, allow_addresses=()), archive, at=moving.at)

    assert (report.entry, responder.asked) == (None, [])
    assert all("127.0.0.1 is a loopback address" in each for each in report.unanswered)
    assert len(report.unanswered) == 2


def test_answers_by_others_of_another_time_or_about_another_certificate_are_refused(
    tmp_path: Path, moving: MovingAuthority
) -> None:
    other = MovingAuthority(tmp_path / "other", at=moving.at)
    late = moving.at + timedelta(days=30)

    def refused(kind: AnswerKind, content: bytes, now: datetime) -> str:
        with pytest.raises(RevocationRefusedError) as problem:
            read_answer(kind, content, moving.signer, moving.root, now=now)
        return problem.value.what

    assert refused(AnswerKind.OCSP, moving.status(by=other), moving.at) == "signature of the OCSP response"
    assert refused(AnswerKind.OCSP, moving.status(), late) == "time of the OCSP response"
    assert refused(AnswerKind.OCSP, other.status(), moving.at) == "OCSP response"
    assert refused(AnswerKind.CRL, other.revocation_list(), moving.at) == "signature of the CRL"
    assert refused(AnswerKind.CRL, moving.revocation_list(), late) == "time of the CRL"
    assert refused(AnswerKind.CRL, b"<html>", moving.at) == "CRL"
