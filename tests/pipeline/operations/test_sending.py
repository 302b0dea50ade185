"""Messages to a receiver on loopback: what arrives, what is kept when nothing is taken, and what nobody learns."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.config.settings import Settings, SettingsError
from pipeline.operations.apprise_process import without_secrets
from pipeline.operations.outbox import KEPT, Outbox, UnsentMessage
from pipeline.operations.sending import Delivery, retry_unsent, send_heartbeat, send_message
from pipeline.setup.status import status_lines


class Answering(BaseHTTPRequestHandler):
    """Keeps each request, and answers with the status of its server."""

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def do_GET(self) -> None:
        self.answer(b"")

    def answer(self, body: bytes) -> None:
        assert isinstance(self.server, MessageReceiver)
        self.server.received.append((self.command, self.path, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


class MessageReceiver(ThreadingHTTPServer):
    """Somebody on loopback who takes messages, or refuses them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.status = 200
        self.received: list[tuple[str, str, bytes]] = []

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_port}"


@pytest.fixture
def receiver() -> Iterator[MessageReceiver]:
    with MessageReceiver() as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        yield server
        server.shutdown()
        serving.join()


@pytest.fixture
def addressed(tmp_path: Path, receiver: MessageReceiver) -> Settings:
    """Settings with one receiver, whose address holds a password."""
    return Settings(data=tmp_path, morning_to=(f"json://operator:sesame77@{receiver.place}/hooks/t0k3n-of-9",))


def test_a_message_arrives_with_title_and_text(addressed: Settings, receiver: MessageReceiver) -> None:
    found = send_message(addressed, "Ноч 2026-11-30", "Kept  1 WARC file\nRed   sud")

    assert found == (Delivery("1 (JSON)", True, None, "Ноч 2026-11-30"),)
    ((method, path, body),) = receiver.received
    assert (method, path) == ("POST", "/hooks/t0k3n-of-9")
    assert {"title": "Ноч 2026-11-30", "message": "Kept  1 WARC file\nRed   sud"}.items() <= json.loads(
        body
    ).items()
    assert Outbox(addressed.data).unsent() == ()


def test_what_was_not_taken_is_kept_shown_and_sent_first_the_next_time(
    addressed: Settings, receiver: MessageReceiver
) -> None:
    receiver.status = 500
    (failed,) = send_message(addressed, "first", "the night")

    (kept,) = Outbox(addressed.data).unsent()
    assert (failed.sent, kept.title, kept.body) == (False, "first", "the night")
    (line,) = [line for line in status_lines(addressed) if line.what == "message"]
    assert line.section == "failed"
    assert str(failed.problem) in line.found

    receiver.status = 200
    receiver.received.clear()
    again = send_message(addressed, "second", "the next night")

    assert again == (
        Delivery("1 (JSON)", True, None, "first", earlier=True),
        Delivery("1 (JSON)", True, None, "second"),
    )
    assert [json.loads(body)["title"] for _, _, body in receiver.received] == ["first", "second"]
    assert Outbox(addressed.data).unsent() == ()


def test_of_several_addresses_only_those_that_failed_get_it_again(
    addressed: Settings, receiver: MessageReceiver
) -> None:
    settings = Settings(
        data=addressed.data, morning_to=(*addressed.morning_to, "json://127.0.0.1:9/", "no-service://x")
    )

    assert [each.sent for each in send_message(settings, "night", "text")] == [True, False, False]
    receiver.received.clear()

    assert [each.to for each in retry_unsent(settings)] == ["2 (JSON)", "3 (no-service)"]
    assert receiver.received == []


def test_neither_what_is_kept_nor_what_is_shown_holds_a_password(
    addressed: Settings, receiver: MessageReceiver
) -> None:
    receiver.status = 403
    (failed,) = send_message(addressed, "night", "text")
    written = " ".join(path.read_text("utf-8") for path in (addressed.data / "messages").iterdir())

    shown = f"{failed} {written} {addressed!r}"
    assert [secret for secret in ("sesame77", "t0k3n-of-9", "operator") if secret in shown] == []
    assert (addressed.data / "messages").stat().st_mode & 0o077 == 0


@hypothesis_settings(max_examples=40)
@given(st.from_regex(r"[A-Za-z0-9_-]{4,20}", fullmatch=True), st.from_regex(r"[A-Za-z0-9]{8,20}", fullmatch=True))
def test_whatever_a_service_says_of_an_address_its_secrets_are_left_out(user: str, token: str) -> None:
    address = f"tgram://{user}:{token}@host.invalid/{token}/?to={user}"

    shown = without_secrets(f"Failed to send to {address} ({token})", address)

    assert token not in shown


def test_the_newest_messages_are_kept(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    for number in range(KEPT + 3):
        outbox.keep(UnsentMessage(f"2026-11-{number + 1:02}T05:00:00Z", f"{number}", "text", {"a": "refused"}))

    assert [each.title for each in outbox.unsent()] == [f"{number}" for number in range(3, KEPT + 3)]


def test_the_heartbeat_asks_the_outside_address_with_the_result(tmp_path: Path, receiver: MessageReceiver) -> None:
    settings = Settings(data=tmp_path, morning_heartbeat_url=f"http://{receiver.place}/ping/a1?key=b2")

    found = send_heartbeat(settings, "attention", {"night": "failed", "red": 2})

    assert found == Delivery("heartbeat", True, None, "attention")
    ((method, path, _),) = receiver.received
    assert (method, urlsplit(path).path) == ("GET", "/ping/a1")
    assert parse_qs(urlsplit(path).query) == {
        "key": ["b2"],
        "result": ["attention"],
        "night": ["failed"],
        "red": ["2"],
    }


def test_a_heartbeat_that_is_refused_says_so_without_the_address(
    tmp_path: Path, receiver: MessageReceiver
) -> None:
    receiver.status = 404
    settings = Settings(data=tmp_path, morning_heartbeat_url=f"http://{receiver.place}/ping/a1b2c3")

    assert send_heartbeat(settings, "ok", {}) == Delivery("heartbeat", False, "answered with status 404", "ok")


def test_messages_and_heartbeat_leave_by_the_egress_profile(tmp_path: Path, receiver: MessageReceiver) -> None:
    settings = Settings(
        data=tmp_path,
        egress={"office": f"http://{receiver.place}"},
        morning_egress="office",
        morning_to=("json://ops.invalid/hook", "mailto://u:p@mail.invalid?to=a@mail.invalid"),
        morning_heartbeat_url="http://watch.invalid/ping",
    )

    web, mail = send_message(settings, "night", "text")
    heartbeat = send_heartbeat(settings, "ok", {})

    assert (web.sent, mail.sent, heartbeat is not None and heartbeat.sent) == (True, False, True)
    assert "cannot leave by a proxy" in str(mail.problem)
    assert [path for _, path, _ in receiver.received] == [
        "http://ops.invalid/hook",
        "http://watch.invalid/ping?result=ok",
    ]


def test_an_egress_profile_that_messages_cannot_use_is_refused_and_nothing_leaves(
    addressed: Settings, receiver: MessageReceiver
) -> None:
    settings = Settings(
        data=addressed.data,
        morning_to=addressed.morning_to,
        egress={"tor": "socks5://127.0.0.1:9"},
        morning_egress="tor",
    )

    with pytest.raises(
        SettingsError, match="LETAPIS_MORNING_EGRESS: expected an egress profile with an http:// proxy"
    ):
        send_message(settings, "night", "text")

    assert receiver.received == []
    assert Outbox(settings.data).unsent() == ()


def test_the_command_sends_a_test_and_says_what_came_of_each_address(
    tmp_path: Path, receiver: MessageReceiver
) -> None:
    env = {
        "LETAPIS_DATA": str(tmp_path),
        "LETAPIS_MORNING_TO": f"json://{receiver.place} json://127.0.0.1:9/",
        "LETAPIS_MORNING_HEARTBEAT_URL": f"http://{receiver.place}/ping",
    }

    ran = CliRunner(env=env).invoke(app, ["morning", "--test", "--json"])

    assert ran.exit_code == 3, ran.output
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [(row["kind"], row["to"], row["sent"]) for row in rows] == [
        ("message", "1 (JSON)", True),
        ("message", "2 (JSON)", False),
        ("message", "heartbeat", True),
    ]
    assert ["ping?result=test" in path for _, path, _ in receiver.received].count(True) == 1
    assert Outbox(tmp_path).unsent() == ()


def test_the_command_sends_the_message_that_it_shows(tmp_path: Path, receiver: MessageReceiver) -> None:
    env = {"LETAPIS_DATA": str(tmp_path), "LETAPIS_MORNING_TO": f"json://{receiver.place}"}

    ran = CliRunner(env=env).invoke(app, ["morning", "--send", "--json"])

    assert ran.exit_code == 0, ran.output
    row, sent = map(json.loads, ran.stdout.splitlines())
    ((_, _, body),) = receiver.received
    assert (row["result"], row["title"]) == ("failed", "Letapis: the archive does not answer")
    assert (json.loads(body)["title"], sent["sent"]) == (row["title"], True)


@pytest.mark.parametrize("option", ["--send", "--test"])
def test_without_a_receiver_the_command_names_the_setting(option: str, tmp_path: Path) -> None:
    ran = CliRunner(env={"LETAPIS_DATA": str(tmp_path)}).invoke(app, ["morning", option])

    assert ran.exit_code == 2
    assert "set LETAPIS_MORNING_TO" in ran.output
