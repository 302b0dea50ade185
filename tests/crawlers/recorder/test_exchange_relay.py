"""What the site sent is what the engine gets and what is kept, byte for byte, whatever it is."""

import pytest

from processors.digest import sha256
from processors.http.head import head_end
from processors.http.message import parse_response
from tests.crawlers.recorder.origin_server import Origin, answer
from tests.crawlers.recorder.running_recorder import RunningRecorder, block_of, read_all, read_exactly
from tests.crawlers.recorder.server_answers import KINDS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("secure", [True, False], ids=["https", "http"])
@pytest.mark.parametrize("name", KINDS)
def test_the_engine_and_the_capture_get_the_bytes_of_the_wire(
    name: str, secure: bool, recorder: RunningRecorder, secure_origin: Origin, plain_origin: Origin
) -> None:
    kind = KINDS[name]
    origin = secure_origin if secure else plain_origin
    origin.handlers["/p?q=1"] = answer(*kind.pieces, keep=kind.keep)
    sent = b"".join(kind.pieces)
    fields = b"hOsT: site.example\r\nX-Odd : kept\r\n" + kind.request_fields
    for_site = kind.method + b" /p?q=1 HTTP/1.1\r\n" + fields + b"\r\n" + kind.request_body
    if secure:
        sock = recorder.tunnel("site.example:443")
        sock.sendall(for_site)
    else:
        sock = recorder.connect()
        authorisation = b"Proxy-Authorization: " + recorder.credentials() + b"\r\nPROXY-Connection: keep-alive\r\n"
        sock.sendall(
            kind.method
            + b" http://site.example/p?q=1 HTTP/1.1\r\n"
            + authorisation
            + fields
            + b"\r\n"
            + kind.request_body
        )

    got = read_exactly(sock, len(sent)) if kind.keep else read_all(sock)
    sock.close()
    recorder.close()

    # A browser could take what is no HTTP for words of its proxy, where it asks it for a plain page.
    could_be_the_proxys = not secure and (kind.status is None or head_end(sent) is None)
    assert got == (b"" if could_be_the_proxys else sent)
    [served] = origin.log
    assert served.request == for_site
    [exchange] = recorder.sink.exchanges
    assert recorder.sink.notes == []
    assert block_of(exchange.request) == for_site
    assert b"".join(exchange.interim) + block_of(exchange.response) == sent
    assert exchange.interim == kind.interim
    assert exchange.response.block_digest == sha256(block_of(exchange.response))
    assert exchange.response.payload_digest == sha256(kind.payload)
    assert exchange.response.payload_length == len(kind.payload)
    assert parse_response(block_of(exchange.response)).body == kind.payload
    assert exchange.status == kind.status
    assert exchange.truncated == kind.truncated
    assert exchange.problem == kind.problem
    assert exchange.url == ("https" if secure else "http") + "://site.example/p?q=1"
    assert exchange.page_id == "page-1"
    assert exchange.peer_ip == "127.0.0.1"
    assert exchange.peer_port == origin.port
    assert (exchange.tls is not None) == secure
    assert exchange.started_at <= exchange.first_byte_at <= exchange.ended_at
