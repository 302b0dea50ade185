"""The server itself: one port for both schemes, the clock, the log, captured pages, hosts that misbehave."""

import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawlers.watchlist.loader import read_watchlist
from samples import expected
from samples.clock import FileClock
from samples.extra import extra_pages, page_at
from samples.sites import SampleSites
from tests.samples.conftest import Visitor

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def started(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, object]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "samples", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    ready: dict[str, object] = json.loads(process.stdout.readline())
    return process, ready


def test_the_command_says_where_it_listens_and_ends_on_term(tmp_path: Path) -> None:
    process, ready = started("--folder", str(tmp_path), "--day", "2")
    with process:
        assert ready["connect_to"] == f"::127.0.0.1:{ready['port']}"
        assert ready["authority"] == str(tmp_path / "authority.pem")
        assert isinstance(ready["hosts"], list)
        assert {"t.me", "vesnik.pryklad.example"} <= set(ready["hosts"])
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.parametrize("host", ["endless.pryklad.example", "silent.pryklad.example", "slow.pryklad.example"])
def test_an_answer_without_end_does_not_keep_the_command_from_ending(host: str) -> None:
    process, ready = started()
    port = ready["port"]
    assert isinstance(port, int)
    with (
        process,
        socket.create_connection(("127.0.0.1", port)) as listening,
        socket.create_connection(("127.0.0.1", port)) as deaf,
        socket.create_connection(("127.0.0.1", port)),  # says nothing at all
    ):
        for client in (listening, deaf):
            client.sendall(f"GET /page HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        if host != "silent.pryklad.example":
            assert listening.recv(1000)
        process.terminate()
        assert process.wait(30) == 0


def test_the_command_ends_when_its_parent_dies(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys; subprocess.run([sys.executable, '-m', 'samples'])"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    port = json.loads(parent.stdout.readline())["port"]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 10
    while parent.stdout.readline() != "" and time.monotonic() < deadline:
        pass  # the pipe closes when the last process that holds it is gone
    parent.stdout.close()
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=2).connect()


def test_the_day_file_turns_the_clock_of_a_running_server(tmp_path: Path) -> None:
    day = tmp_path / "day"
    with SampleSites(clock=FileClock(day)) as sites:
        visitor = Visitor(sites)
        address = f"{expected.NEWS_ADDRESS}{expected.NEW_ARTICLE}"
        assert visitor.get(address).status == 404
        day.write_text("2\n")
        assert visitor.get(address).status == 200
        with pytest.raises(TypeError, match="clock of their own"):
            sites.set_day(1)


def test_a_day_without_content_is_refused() -> None:
    with pytest.raises(ValueError, match="not 4"):
        SampleSites(day=4)


def test_one_port_speaks_both_schemes(visitor: Visitor) -> None:
    answer = visitor.get("http://t.me/s/pryklad_vestki")
    assert (answer.status, answer.header("location")) == (301, "https://t.me/s/pryklad_vestki")
    assert visitor.get("http://sud.pryklad.example/rasklad/").status == 200


def test_the_log_holds_every_request_in_order(visitor: Visitor) -> None:
    visitor.get("https://sud.pryklad.example/rasklad/?page=2", accept_language="be")
    visitor.sites.set_day(2)
    visitor.get("http://sud.pryklad.example/")
    first, second = visitor.sites.requests_log
    assert first.url == "https://sud.pryklad.example/rasklad/?page=2"
    assert ("accept-language", "be") in first.headers
    assert (second.scheme, second.target, second.day) == ("http", "/", 2)


def test_a_page_goes_out_compressed_only_where_it_is_asked_for(visitor: Visitor) -> None:
    plain = visitor.get("https://t.me/s/pryklad_monitor")
    packed = visitor.get("https://t.me/s/pryklad_monitor", accept_encoding="gzip, br")
    assert (plain.header("content-encoding"), packed.header("content-encoding")) == (None, "gzip")
    assert packed.header("transfer-encoding") == "chunked"
    assert packed.body.startswith(b"<!DOCTYPE html>")


def test_a_part_of_a_video_can_be_asked_for(visitor: Visitor) -> None:
    url = "https://img.vesnik.pryklad.example/uploads/bridge--w960--q80.jpg"
    whole = visitor.get(url).body
    part = visitor.get(url, range="bytes=100-199")
    assert (part.status, part.body) == (206, whole[100:200])
    assert part.header("content-range") == f"bytes 100-199/{len(whole)}"
    assert visitor.get(url, range="bytes=-50").body == whole[-50:]
    assert visitor.get(url, range="bytes=99999999-").status == 416


def test_captured_pages_are_served_under_their_own_addresses(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_bytes(b"<meta charset=windows-1251>\xcf\xf0\xe8\xe2\xe5\xf2")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a b.jpg").write_bytes(b"jpeg")
    extra = page_at("https://court.example.org/list?day=1", page) | extra_pages(
        [f"http://files.example.org/x={tmp_path / 'folder'}"]
    )
    with SampleSites(extra=extra) as sites:
        visitor = Visitor(sites)
        answer = visitor.get("https://court.example.org/list?day=1")
        assert (answer.header("content-type"), answer.body) == ("text/html", page.read_bytes())
        assert visitor.get("https://court.example.org/list").status == 404
        assert visitor.get("https://files.example.org/x/a%20b.jpg").body == b"jpeg"


def test_an_extra_page_without_a_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected an address"):
        extra_pages([f"https://a.example/={tmp_path / 'nothing'}"])


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("forbidden", 403),
        ("challenge", 403),
        ("restricted", 451),
        ("limited", 429),
        ("empty", 200),
        ("elsewhere", 302),
    ],
)
def test_hosts_refuse_each_in_its_way(visitor: Visitor, host: str, status: int) -> None:
    assert visitor.get(f"https://{host}.pryklad.example/").status == status


@pytest.mark.parametrize("path", ["/", "/chunked"])
def test_a_host_closes_in_the_middle_of_the_body(visitor: Visitor, path: str) -> None:
    with pytest.raises(http.client.IncompleteRead):
        visitor.get(f"https://cut.pryklad.example{path}")


def test_a_host_answers_with_garbage(visitor: Visitor) -> None:
    with pytest.raises(http.client.BadStatusLine):
        visitor.get("https://garbage.pryklad.example/")


def test_a_host_resets_the_connection(visitor: Visitor) -> None:
    with pytest.raises((ConnectionResetError, ssl.SSLError)):
        visitor.get("https://reset.pryklad.example/")


@pytest.mark.parametrize("host", ["untrusted", "misnamed"])
def test_two_hosts_have_certificates_not_to_be_trusted(visitor: Visitor, host: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        visitor.get(f"https://{host}.pryklad.example/")


def test_the_sites_close_while_a_client_still_waits() -> None:
    for _ in range(10):  # the request and the end of the server meet within a millisecond, not each time alike
        with SampleSites() as sites:
            context = ssl.create_default_context(cafile=str(sites.authority))
            connection = http.client.HTTPSConnection("127.0.0.1", sites.port, context=context, timeout=10)
            context.check_hostname = False
            connection.connect()
            time.sleep(0.05)
            connection.request("GET", "/", headers={"Host": "silent.pryklad.example"})
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            connection.getresponse()
        connection.close()


@pytest.mark.parametrize("name", ["watchlist.yaml", "watchlist-registers.yaml", "watchlist-trouble.yaml"])
def test_the_watch_lists_are_valid_and_name_hosts_that_are_served(sites: SampleSites, name: str) -> None:
    watchlist = read_watchlist(ROOT / "samples" / name)
    hosts = {seed.split("/")[2] for source in watchlist.sources for seed in source.seeds}
    assert hosts - set(sites.hosts) <= {"nowhere.invalid"}


def test_connect_to_each_leaves_other_names_alone(sites: SampleSites) -> None:
    assert f"t.me:443:127.0.0.1:{sites.port}" in sites.connect_to_each
    assert len(sites.connect_to_each) == 2 * len(sites.hosts)


@pytest.mark.realdata
def test_a_captured_channel_page_arrives_byte_for_byte(realdata: Path) -> None:
    captured = realdata / "telegram" / "layout-2026" / "s-durov-excerpt.html"
    with SampleSites(extra=page_at("https://t.me/s/durov", captured, "text/html; charset=utf-8")) as sites:
        visitor = Visitor(sites)
        assert visitor.get("https://t.me/s/durov").body == captured.read_bytes()
        assert visitor.get("https://t.me/s/pryklad_monitor").status == 200
