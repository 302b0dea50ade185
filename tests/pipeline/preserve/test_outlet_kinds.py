"""Checkpoints leave the house by time authority, calendar, webhook, e-mail and git; each gives back a proof."""

import asyncio
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from pipeline.config.outlet_file import OutletFileError, read_outlet_file
from pipeline.preserve.outlet_kinds.git_remote import GitOutlet
from pipeline.preserve.outlet_kinds.messages import EmailOutlet, WebhookOutlet
from pipeline.preserve.outlet_kinds.outside_time import MAGIC, OpenTimestampsOutlet, TimeAuthorityOutlet
from processors.digest import sha256 as digest_of
from processors.rfc3161.token import read_token
from processors.transparency_log.checkpoint import Checkpoint, sign_checkpoint
from processors.transparency_log.merkle import leaf_hash
from processors.transparency_log.signed_note import SigningKey
from storage.log.outlets import OutletError
from tests.openssl_authority import TimeAuthorityOfOpenssl

LOG = SigningKey.generate("log.example/archive")
OF_A_LOG = str(LOG.verifier_key)
CHECKPOINT = bytes(sign_checkpoint(Checkpoint(LOG.name, 1, leaf_hash(b"entry")), LOG))


class Received(BaseHTTPRequestHandler):
    """Keeps what is posted, and answers as the server says."""

    def do_POST(self) -> None:
        """Take the body."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Receiver)
        self.server.received.append((self.path, body))
        status, answer = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Receiver(ThreadingHTTPServer):
    """A server on loopback that answers everything alike."""

    def __init__(self, status: int, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Received)
        self.answer = (status, answer)
        self.received: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def receiver(status: int = 200, answer: bytes = b"taken") -> Iterator[Receiver]:
    with Receiver(status, answer) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()


def test_a_webhook_gets_the_bytes_of_the_checkpoint() -> None:
    with receiver() as server:
        proof = WebhookOutlet("office", f"{server.url}/hook").deliver(CHECKPOINT)
    assert server.received == [("/hook", CHECKPOINT)]
    receipt = json.loads(proof.content)
    assert (proof.ending, receipt["status"], receipt["answer"]) == ("json", 200, "taken")
    assert receipt["sha256"] == f"sha256:{sha256(CHECKPOINT).hexdigest()}"


def test_a_webhook_that_refuses_is_no_delivery() -> None:
    with (
        receiver(503, b"away today") as server,
        pytest.raises(OutletError, match=r"found 503: away today\. It"),
    ):
        WebhookOutlet("office", server.url).deliver(CHECKPOINT)


def test_a_calendar_gets_a_digest_behind_a_nonce_and_its_promise_becomes_a_file() -> None:
    promise = b"\x00\x83\xdf\xe3\x0d\x2e\xf9\x0c\x8e\x07\x06http://"
    with receiver(answer=promise) as server:
        proof = OpenTimestampsOutlet("calendar", server.url).deliver(CHECKPOINT)
    ((path, commitment),) = server.received
    digest = sha256(CHECKPOINT).digest()
    head = MAGIC + b"\x01\x08" + digest + b"\xf0\x10"
    assert (path, proof.ending) == ("/digest", "ots")
    assert proof.content.startswith(head)
    nonce = proof.content[len(head) : len(head) + 16]
    assert proof.content[len(head) + 16 :] == b"\x08" + promise
    assert commitment == sha256(digest + nonce).digest()


def test_a_time_authority_stamps_the_checkpoint(tmp_path: Path) -> None:
    with TimeAuthorityOfOpenssl(tmp_path / "authority", "authority") as authority:
        proof = TimeAuthorityOutlet("authority", authority.url, Path(authority.roots)).deliver(CHECKPOINT)
        roots = Path(authority.roots).read_bytes()
    token = read_token(proof.content, imprint=digest_of(CHECKPOINT), trusted=roots)
    assert proof.ending == "tsr"
    assert token.at.tzinfo is not None


def test_a_git_remote_holds_a_commit_for_each_checkpoint_and_shows_the_last(tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    outlet = GitOutlet("repository", str(remote), "main", tmp_path / "clone")
    assert outlet.newest() is None
    first = json.loads(outlet.deliver(CHECKPOINT).content)["commit"]
    again = json.loads(outlet.deliver(CHECKPOINT).content)["commit"]
    second = bytes(sign_checkpoint(Checkpoint(LOG.name, 2, bytes(31) + b"\1"), LOG))
    elsewhere = GitOutlet("repository", str(remote), "main", tmp_path / "clone made anew")
    elsewhere.deliver(second)
    log = subprocess.run(
        ["git", "-C", str(remote), "log", "--format=%s", "main"], capture_output=True, text=True, check=True
    )
    assert first == again
    assert log.stdout.splitlines() == ["log.example/archive: 2 entries", "log.example/archive: 1 entries"]
    assert outlet.newest() == second


def test_a_remote_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutletError, match="Outlet repository: git ls-remote: expected success"):
        GitOutlet("repository", str(tmp_path / "none"), "main", tmp_path / "clone").deliver(CHECKPOINT)


class MailServer:
    """The least of an SMTP server (RFC 5321) on loopback; ``messages`` are the data it was given."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.messages: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One conversation."""
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            word = line.strip().upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                self.messages.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 taken\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            elif word.startswith(b"RCPT") and self.refused.encode().upper() in word and self.refused:
                writer.write(b"550 nobody of that name\r\n")
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()
        await writer.drain()
        writer.close()


@contextmanager
def mail_server(refused: str = "") -> Iterator[MailServer]:
    server, loop, ready = MailServer(refused), asyncio.new_event_loop(), threading.Event()

    async def listen() -> None:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.port = listening.sockets[0].getsockname()[1]
        ready.set()

    def serve() -> None:
        loop.run_until_complete(listen())
        loop.run_forever()

    serving = threading.Thread(target=serve)
    serving.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        serving.join()
        loop.close()


def mail_outlet(port: int, *receivers: str) -> EmailOutlet:
    return EmailOutlet("mail", "127.0.0.1", port, "archive@org.example", receivers, False, None, None)


def test_mail_carries_the_checkpoint_as_a_file_and_no_word_of_a_case() -> None:
    with mail_server() as server:
        proof = mail_outlet(server.port, "a@law.example", "b@press.example").deliver(CHECKPOINT)
    (message,) = server.messages
    assert b"Subject: Checkpoint of log.example/archive over 1 entries" in message
    assert b"checkpoint.txt" in message
    assert json.loads(proof.content)["receivers"] == 2


def test_mail_that_one_receiver_was_refused_is_no_delivery() -> None:
    with mail_server(refused="b@press.example") as server, pytest.raises(OutletError, match="1 of 2 refused"):
        mail_outlet(server.port, "a@law.example", "b@press.example").deliver(CHECKPOINT)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"name": "x", "kind": "carrier pigeon"}], "entry 0"),
        ([{"name": "x", "kind": "webhook"}], "Field required"),
        ([{"name": "X y", "kind": "webhook", "url": "https://a.example"}], "pattern"),
        ([{"name": "replica", "kind": "webhook", "url": "https://a.example"}], "a name of its own"),
        ([{"name": "x", "kind": "webhook", "url": "https://a.example"}] * 2, "a name of its own"),
        ([{"name": "x", "kind": "witness", "url": "https://a.example", "key": "no key"}], "verifier key"),
        (
            [{"name": "x", "kind": "witness", "url": "https://a.example", "key": str(LOG.verifier_key)}],
            "of a witness",
        ),
        ([{"name": "x", "kind": "git", "remote": "--upload-pack=x"}], "pattern"),
        ("a word", "list"),
    ],
)
def test_what_is_no_outlet_is_refused_in_words(rows: object, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "outlets.yaml"
    path.write_text(yaml.safe_dump(rows), "utf-8")
    with pytest.raises(OutletFileError, match=expected):
        read_outlet_file(path)


def test_a_file_of_outlets_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutletFileError, match=r"none\.yaml: expected a YAML list of outlets"):
        read_outlet_file(tmp_path / "none.yaml")
