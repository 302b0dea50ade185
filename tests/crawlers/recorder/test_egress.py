"""The ways out: curl's connect-to rules, addresses pinned between look-up and connect, HTTP and SOCKS proxies."""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from crawlers.address_policy import AddressPolicy
from crawlers.recorder.egress import ConnectFailed, ConnectTo, DirectEgress, ProxyEgress, egress_for
from processors.pages.outcome import Outcome
from tests.crawlers.recorder.origin_server import Origin, answer
from tests.crawlers.recorder.relay_proxy import Relay
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of, read_all, read_exactly

pytestmark = pytest.mark.slow

Start = Callable[..., RunningRecorder]
HI = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.mark.parametrize(
    ("rule", "asked", "place"),
    [
        ("::127.0.0.1:8443", ("t.me", 443), ("127.0.0.1", 8443)),
        ("t.me:443:127.0.0.1:8443", ("t.me", 443), ("127.0.0.1", 8443)),
        ("T.ME:443:127.0.0.1:8443", ("t.me", 443), ("127.0.0.1", 8443)),
        ("t.me:443:127.0.0.1:8443", ("t.me", 80), ("t.me", 80)),
        ("t.me::127.0.0.1:", ("t.me", 80), ("127.0.0.1", 80)),
        (":80::8080", ("a.example", 80), ("a.example", 8080)),
        ("[::1]:443:[::2]:8443", ("::1", 443), ("::2", 8443)),
    ],
)
def test_connect_to_means_what_it_means_to_curl(rule: str, asked: tuple[str, int], place: tuple[str, int]) -> None:
    assert ConnectTo([rule]).destination(*asked) == place


def test_the_first_rule_that_matches_holds() -> None:
    rules = ConnectTo(["a.example:443:one:1", "a.example::two:2", ":::3"])
    assert [
        rules.destination("a.example", 443),
        rules.destination("a.example", 80),
        rules.destination("b.example", 80),
    ] == [
        ("one", 1),
        ("two", 2),
        ("b.example", 3),
    ]


@pytest.mark.parametrize("rule", ["", "a", "a:1:b", "a:1:b:x", "a:1:b:2:c", "a:99999:b:1"])
def test_a_rule_that_is_none_is_named(rule: str) -> None:
    with pytest.raises(ValueError, match="expected host:port:to-host:to-port"):
        ConnectTo([rule])


class Rebinding(asyncio.SelectorEventLoop):
    """A resolver that gives a public address to whoever checks and an inner one to whoever connects."""

    answers: tuple[str, ...] = ()
    asked = 0

    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
        address = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]


def test_the_address_that_was_judged_is_the_one_connected_to() -> None:
    with socket.create_server(("127.0.0.2", 0)) as judged:
        port = judged.getsockname()[1]
        loop = Rebinding()
        loop.answers = ("127.0.0.2", "127.0.0.3")
        direct = DirectEgress(AddressPolicy(["127.0.0.2/32"]), ConnectTo([]))
        opened = loop.run_until_complete(direct.open_socket("rebinding.example", port))
        loop.close()
        assert opened.sock.getpeername() == ("127.0.0.2", port)
        assert (opened.peer_ip, loop.asked) == ("127.0.0.2", 1)
        opened.sock.close()


def test_a_name_is_judged_anew_at_every_connection() -> None:
    with socket.create_server(("127.0.0.2", 0)) as judged:
        port = judged.getsockname()[1]
        loop = Rebinding()
        loop.answers = ("127.0.0.2", "10.0.0.1")
        direct = DirectEgress(AddressPolicy(["127.0.0.2/32"]), ConnectTo([]))
        loop.run_until_complete(direct.open_socket("rebinding.example", port)).sock.close()
        with pytest.raises(ConnectFailed) as refusal:
            loop.run_until_complete(direct.open_socket("rebinding.example", port))
        loop.close()
    assert refusal.value.outcome is Outcome.REFUSED_BY_POLICY
    assert "10.0.0.1 is a private address" in refusal.value.reason


class SeveralAddresses(asyncio.SelectorEventLoop):
    """A resolver that gives inner addresses before and after the one that may be reached."""

    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
        addresses = ("10.0.0.1", "127.0.0.1", "127.0.0.2", "169.254.169.254")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


def test_of_several_addresses_only_those_that_may_be_reached_are_tried() -> None:
    with socket.create_server(("127.0.0.2", 0)) as allowed:
        port = allowed.getsockname()[1]
        loop = SeveralAddresses()
        direct = DirectEgress(AddressPolicy(["127.0.0.2/32"]), ConnectTo([]))
        opened = loop.run_until_complete(direct.open_socket("several.example", port))
        loop.close()
        assert opened.peer_ip == "127.0.0.2"
        opened.sock.close()


def test_a_name_that_leads_inside_is_refused() -> None:
    loop = Rebinding()
    loop.answers = ("169.254.169.254",)
    with pytest.raises(ConnectFailed) as refusal:
        loop.run_until_complete(DirectEgress(AddressPolicy(), ConnectTo([])).open_socket("innocent.example", 80))
    loop.close()
    assert refusal.value.outcome is Outcome.REFUSED_BY_POLICY


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
def test_a_source_may_leave_through_a_proxy_which_resolves_its_names(
    scheme: str,
    secure: bool,
    start_recorder: Start,
    secure_origin: Origin,
    plain_origin: Origin,
    site_authority_file: Any,
) -> None:
    origin = secure_origin if secure else plain_origin
    origin.handlers["/"] = answer(HI)
    relay = Relay(origin.port, socks=scheme == "socks5", credentials=("me", "p@ss:word"))
    url = f"{scheme}://me:p%40ss%3Aword@127.0.0.1:{relay.port}"
    egress = egress_for(url, AddressPolicy(), ConnectTo([]))
    recorder = start_recorder(egress=egress, upstream_ca=site_authority_file)
    sock = recorder.tunnel(f"site.example:{443 if secure else 80}", tls=secure)
    sock.sendall(b"GET / HTTP/1.1\r\nHost: site.example\r\n\r\n")
    assert read_exactly(sock, len(HI)) == HI
    recorder.close()
    relay.close()
    assert relay.asked == [f"site.example:{443 if secure else 80}"]
    [exchange] = recorder.sink.exchanges
    assert exchange.peer_ip is None
    assert origin.log[0].request == b"GET / HTTP/1.1\r\nHost: site.example\r\n\r\n"


def test_a_proxy_that_is_away_makes_a_site_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    egress = ProxyEgress(f"socks5://127.0.0.1:{port}", AddressPolicy(), ConnectTo([]))
    with pytest.raises(ConnectFailed, match="the egress proxy gives no connection to site") as failure:
        asyncio.run(egress.open_socket("site.example", 443))
    assert failure.value.outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("trouble", ["away", "refuses", "password"])
def test_what_a_proxy_does_wrong_is_told_without_its_address_and_its_words(
    scheme: str, trouble: str, plain_origin: Origin
) -> None:
    credentials = ("me", "secret") if trouble == "password" else None
    relay = Relay(
        plain_origin.port, socks=scheme == "socks5", refuses=trouble == "refuses", credentials=credentials
    )
    if trouble == "away":
        relay.close()
    user = "me:other@" if trouble == "password" else ""
    egress = egress_for(f"{scheme}://{user}127.0.0.1:{relay.port}", AddressPolicy(), ConnectTo([]))
    with pytest.raises(ConnectFailed) as failure:
        asyncio.run(egress.open_socket("site.example", 443))
    relay.close()
    assert failure.value.outcome is Outcome.UNREACHABLE
    reason = failure.value.reason
    assert reason.startswith("the egress proxy gives no connection to site.example port 443: it ")
    for told in ("127.0.0.1", str(relay.port), "me", "other", "secret"):
        assert told not in reason.removeprefix("the egress proxy gives no connection to site.example port 443: ")
    assert plain_origin.connections == 0


@pytest.mark.parametrize(
    "host",
    ["0x7f.1", "127.0.0.1", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "[2002:a00:1::1]", "localhost", "nas.lan"],
)
@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_inner_names_are_refused_before_a_proxy_hears_of_them(
    scheme: str, host: str, start_recorder: Start, plain_origin: Origin
) -> None:
    relay = Relay(plain_origin.port, socks=scheme == "socks5")
    egress = egress_for(relay.url, AddressPolicy(), ConnectTo([]))
    recorder = start_recorder(egress=egress)
    sock = recorder.tunnel(f"{host}:80", tls=False)
    sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert read_all(sock) == b""
    recorder.close()
    relay.close()
    assert [note.outcome for note in recorder.sink.notes] == [Outcome.REFUSED_BY_POLICY]
    assert relay.asked == []


@pytest.mark.parametrize(
    ("opens_with", "said"),
    [
        (
            (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",),
            "refuses with code 101",
        ),
        ((b"HTTP/1.1 200 OK\r\n\r\n" + HI,), "it sent more than its answer"),
        ((b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40_000,), "its answer has no end within 16384 bytes"),
        ((b"\r\n" * 40_000,), "its answer is not HTTP"),
        ((b"HTTP/1.1 103 Hints\r\n\r\n" * 9,), "refuses with code 103"),
        ((b"SSH-2.0-x\r\n\r\n",), "its answer is not HTTP"),
    ],
    ids=["101", "surplus", "endless head", "empty lines", "endless 1xx", "other"],
)
def test_an_http_proxy_that_answers_oddly_opens_nothing(
    opens_with: tuple[bytes, ...], said: str, plain_origin: Origin
) -> None:
    relay = Relay(plain_origin.port, socks=False, opens_with=opens_with)
    with pytest.raises(ConnectFailed, match=said) as failure:
        asyncio.run(egress_for(relay.url, AddressPolicy(), ConnectTo([])).open_socket("site.example", 80))
    relay.close()
    assert failure.value.outcome is Outcome.UNREACHABLE


def test_an_http_proxys_answer_may_come_in_pieces_and_none_of_it_is_the_sites(
    start_recorder: Start, plain_origin: Origin
) -> None:
    plain_origin.handlers["/"] = answer(HI)
    pieces = (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nVia: 1.1", b" somebody\r\n", b"\r\n")
    relay = Relay(plain_origin.port, socks=False, opens_with=pieces)
    recorder = start_recorder(egress=egress_for(relay.url, AddressPolicy(), ConnectTo([])))
    sock = recorder.tunnel("site.example:80", tls=False)
    sock.sendall(b"GET / HTTP/1.1\r\nHost: site.example\r\n\r\n")
    assert read_exactly(sock, len(HI)) == HI
    recorder.close()
    relay.close()
    [exchange] = recorder.sink.exchanges
    assert (block_of(exchange.response), exchange.interim) == (HI, ())


def test_what_a_socks_proxy_sends_behind_its_answer_is_no_answer_of_the_site(
    start_recorder: Start, plain_origin: Origin
) -> None:
    """It comes before anything was asked."""

    def speak_first(sock: socket.socket) -> None:
        read_exactly(sock, 3)
        sock.sendall(b"\x05\x00")
        read_exactly(sock, 5 + len("site.example") + 2)
        sock.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00" + HI)
        sock.recv(1 << 16)
        sock.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: speak_first(listener.accept()[0]), daemon=True).start()
        url = f"socks5://127.0.0.1:{listener.getsockname()[1]}"
        recorder = start_recorder(egress=egress_for(url, AddressPolicy(), ConnectTo([])))
        fields = b"Proxy-Recorder-Target: http://site.example/\r\n"
        sock = recorder.tunnel("site.example:80", fields=fields, tls=False)
        assert read_all(sock) == b""
        recorder.close()
    assert recorder.sink.exchanges == []
    assert [note.content for note in recorder.sink.notes] == [HI]
