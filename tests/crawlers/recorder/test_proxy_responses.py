"""Where no answer comes from the site, the engine gets an error and the reason is kept."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
import uvloop

from crawlers.http_client import Fetcher
from crawlers.model.capture import Note, NoteKind
from crawlers.model.job import CrawlLimits
from crawlers.recorder.proxy_responses import OUTCOME_FIELD, PROOF_FIELD, ProxyResponse, read_own_answer
from processors.http.message import parse_response
from processors.pages.outcome import Outcome
from tests.crawlers.recorder.origin_server import Origin, answer
from tests.crawlers.recorder.running_recorder import RunningRecorder, read_all

pytestmark = pytest.mark.slow

Start = Callable[..., RunningRecorder]
TARGET = b"Proxy-Recorder-Target: %s\r\n"
NONCE = b"Proxy-Recorder-Nonce: %s\r\n"


def ask_plainly(recorder: RunningRecorder, url: str, fields: bytes = b"") -> bytes:
    sock = recorder.connect()
    authorisation = b"Proxy-Authorization: %s\r\n" % recorder.credentials()
    sock.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n%s%s\r\n" % (url.encode(), authorisation, fields))
    return read_all(sock)


def ask_in_tunnel(recorder: RunningRecorder, host: str, path: str) -> bytes:
    sock = recorder.tunnel(f"{host}:443")
    sock.sendall(b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (path.encode(), host.encode()))
    return read_all(sock)


def only_note(recorder: RunningRecorder) -> Note:
    recorder.close()
    assert recorder.sink.exchanges == []
    [note] = recorder.sink.notes
    assert isinstance(note, Note)
    return note


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0177.0.0.01",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
    ],
)
def test_an_inner_address_is_refused_however_it_is_spelled(host: str, start_recorder: Start) -> None:
    recorder = start_recorder(allowed=())
    assert ask_plainly(recorder, f"http://{host}/latest/meta-data") == b""
    note = only_note(recorder)
    assert (note.kind, note.outcome) == (NoteKind.NO_RESPONSE, Outcome.REFUSED_BY_POLICY)
    assert note.url == f"http://{host}/latest/meta-data"
    assert "only public addresses may be reached" in note.reason
    assert note.request == b"GET /latest/meta-data HTTP/1.1\r\nHost: x\r\n\r\n"
    assert recorder.totals is not None
    assert recorder.totals.refused == 1
    assert recorder.totals.outcomes == {"refused_by_policy": 1}


@pytest.mark.parametrize(
    "host", [b"127%2e0.0.1", b"256.1.1.1", b"1.2.3.4.5", b"[fec0::1]", b"[3fff::1]", b"192.88.99.1"]
)
def test_the_recorder_refuses_what_the_form_refuses(host: bytes, start_recorder: Start) -> None:
    recorder = start_recorder(allowed=())
    sock = recorder.tunnel(f"{host.decode()}:80", tls=False)
    sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert read_all(sock) == b""
    assert only_note(recorder).outcome == Outcome.REFUSED_BY_POLICY


def test_a_refused_address_behind_tls_is_kept_with_its_whole_url(start_recorder: Start) -> None:
    recorder = start_recorder(allowed=())
    assert ask_in_tunnel(recorder, "127.0.0.1", "/a?b=c") == b""
    note = only_note(recorder)
    assert note.url == "https://127.0.0.1/a?b=c"
    assert note.outcome == Outcome.REFUSED_BY_POLICY


def test_a_rule_that_leads_elsewhere_is_judged_by_where_it_leads(start_recorder: Start) -> None:
    recorder = start_recorder(allowed=(), connect_to=("::127.0.0.1:1",))
    ask_plainly(recorder, "http://public.example/")
    assert only_note(recorder).outcome == Outcome.REFUSED_BY_POLICY


def test_a_name_that_does_not_resolve_is_unreachable(start_recorder: Start) -> None:
    recorder = start_recorder()
    assert ask_plainly(recorder, "http://no-such-name.invalid/") == b""
    note = only_note(recorder)
    assert note.outcome == Outcome.UNREACHABLE
    assert note.reason.startswith("the name no-such-name.invalid does not resolve")


def test_a_closed_port_is_unreachable(start_recorder: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    recorder = start_recorder()
    ask_plainly(recorder, f"http://127.0.0.1:{port}/")
    note = only_note(recorder)
    assert note.outcome == Outcome.UNREACHABLE
    assert f"port {port}" in note.reason


def test_a_site_that_never_answers_the_handshake_is_unreachable(start_recorder: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rule = f"::127.0.0.1:{silent.getsockname()[1]}"
        recorder = start_recorder(connect_to=(rule,), limits=CrawlLimits(connect_seconds=0.3))
        ask_in_tunnel(recorder, "silent.example", "/")
        note = only_note(recorder)
    assert (note.outcome, note.reason) == (
        Outcome.UNREACHABLE,
        "no connection to https://silent.example within 0.3 s",
    )


def test_a_site_that_closes_without_an_answer_is_unreachable(
    recorder: RunningRecorder, plain_origin: Origin
) -> None:
    plain_origin.handlers["/"] = answer(keep=False)
    assert ask_plainly(recorder, "http://site.example/") == b""
    note = only_note(recorder)
    assert (note.outcome, note.reason) == (
        Outcome.UNREACHABLE,
        "the site closed the connection without an answer",
    )


def test_a_certificate_nobody_vouches_for_is_unreachable(start_recorder: Start, secure_origin: Origin) -> None:
    recorder = start_recorder(connect_to=(f"::127.0.0.1:{secure_origin.port}",))
    ask_in_tunnel(recorder, "site.example", "/")
    note = only_note(recorder)
    assert note.outcome == Outcome.UNREACHABLE
    assert note.reason.startswith("https://site.example: invalid certificate: unable to get local issuer")


def test_a_certificate_for_another_name_is_unreachable(
    start_recorder: Start, secure_origin: Origin, site_authority_file: Path
) -> None:
    rule = f"::127.0.0.1:{secure_origin.port}"
    recorder = start_recorder(connect_to=(rule,), upstream_ca=site_authority_file)
    ask_in_tunnel(recorder, "other.example", "/")
    assert "Hostname mismatch" in only_note(recorder).reason


def test_a_source_may_allow_an_invalid_certificate_which_is_then_a_fact(
    start_recorder: Start, secure_origin: Origin, site_authority: trustme.CA
) -> None:
    secure_origin.handlers["/"] = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", keep=False)
    rule = f"::127.0.0.1:{secure_origin.port}"
    recorder = start_recorder(connect_to=(rule,), allow_invalid_certificate=True)
    assert ask_in_tunnel(recorder, "site.example", "/").endswith(b"hi")
    recorder.close()
    [exchange] = recorder.sink.exchanges
    assert exchange.tls is not None
    assert exchange.tls.problem == "invalid certificate: unable to get local issuer certificate"
    assert exchange.tls.protocol == "TLSv1.3"
    assert ssl.DER_cert_to_PEM_cert(exchange.tls.chain[-1])


def test_no_other_program_can_write_into_evidence(start_recorder: Start) -> None:
    recorder = start_recorder()
    for said in (
        b"",
        b"Proxy-Authorization: Basic cGFnZTp3cm9uZw==\r\n",
        b"Proxy-Authorization: Basic !!\r\n",
    ):
        sock = recorder.connect()
        sock.sendall(b"CONNECT site.example:443 HTTP/1.1\r\n%s\r\n" % said)
        assert read_all(sock).startswith(b"HTTP/1.1 407 ")
    recorder.close()
    assert recorder.sink.items == []


@pytest.mark.parametrize(
    "line", [b"GET / HTTP/1.1", b"GET https://a.example/ HTTP/1.1", b"CONNECT a.example HTTP/1.1", b"?"]
)
def test_what_is_no_request_to_a_proxy_is_answered_as_such(line: bytes, start_recorder: Start) -> None:
    recorder = start_recorder()
    sock = recorder.connect()
    sock.sendall(line + b"\r\nProxy-Authorization: " + recorder.credentials() + b"\r\n\r\n")
    assert read_all(sock).startswith(b"HTTP/1.1 400 ")


def test_an_engine_of_ours_is_told_why_with_a_proof_for_this_request(start_recorder: Start) -> None:
    recorder = start_recorder(allowed=())
    key = recorder.address.proof_key
    refusal = ProxyResponse(
        Outcome.REFUSED_BY_POLICY, "127.0.0.1 is a loopback address; only public addresses may be reached"
    )
    told = ask_plainly(recorder, "http://127.0.0.1/x", TARGET % b"http://127.0.0.1/x" + NONCE % b"one")
    response = parse_response(told)
    assert read_own_answer(response.headers, response.body, key, "one") == refusal
    assert read_own_answer(response.headers, response.body, "another", "one") is None

    with pytest.raises(ConnectionError) as refused:
        recorder.tunnel("127.0.0.1:443", fields=TARGET % b"https://127.0.0.1/y?z" + NONCE % b"two")
    response = parse_response(refused.value.args[0])
    assert response.status == 403
    assert read_own_answer(response.headers, response.body, key, "two") == refusal
    recorder.close()
    assert [note.url for note in recorder.sink.notes] == ["http://127.0.0.1/x", "https://127.0.0.1/y?z"]


def test_a_fetcher_never_takes_the_recorders_refusal_for_a_sites_answer(start_recorder: Start) -> None:
    recorder = start_recorder()
    fields = TARGET % b"http://a b/" + NONCE % b"one"
    response = parse_response(ask_plainly(recorder, "http://a@:1:2/", fields))
    told = read_own_answer(response.headers, response.body, recorder.address.proof_key, "one")
    assert told is not None
    assert told.outcome is Outcome.UNREACHABLE
    note = only_note(recorder)
    assert (note.url, note.reason, note.page_id) == ("http://a b/", told.reason, "page-1")


def test_a_proof_of_the_recorder_cannot_be_replayed_or_used_for_other_words(start_recorder: Start) -> None:
    recorder = start_recorder(allowed=())
    key = recorder.address.proof_key
    told = ask_plainly(recorder, "http://127.0.0.1/x", TARGET % b"http://127.0.0.1/x" + NONCE % b"one")
    assert key.encode() not in told
    assert recorder.address.password.encode() not in told
    response = parse_response(told)
    assert read_own_answer(response.headers, response.body, key, "two") is None
    assert read_own_answer(response.headers, b"the crawl has ended", key, "one") is None
    over = tuple(field for field in response.headers if field[0] != OUTCOME_FIELD)
    assert read_own_answer(over, response.body, key, "one") is None
    changed = tuple((name, "no outcome" if name == OUTCOME_FIELD else value) for name, value in response.headers)
    assert read_own_answer(changed, response.body, key, "one") is None


@pytest.mark.parametrize("name", [b"Proxy-Authorization", b"pROxY-authorization", b"PROXY-AUTHORIZATION "])
def test_the_password_goes_to_no_site_however_its_field_is_written(
    name: bytes, recorder: RunningRecorder, plain_origin: Origin
) -> None:
    plain_origin.handlers["/"] = answer(b"HTTP/1.1 204 No Content\r\n\r\n", keep=False)
    sock = recorder.connect()
    sock.sendall(b"GET http://a.example/ HTTP/1.1\r\nHost: x\r\n%s: %s\r\n\r\n" % (name, recorder.credentials()))
    assert read_all(sock).startswith(b"HTTP/1.1 204 ")
    assert plain_origin.log[0].request == b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_fetcher_takes_no_sites_words_for_the_recorders(recorder: RunningRecorder, plain_origin: Origin) -> None:
    """Even from a site that has seen the password, and a proof the recorder gave before."""
    told = ask_plainly(recorder, "http://127.0.0.1:1/", TARGET % b"http://127.0.0.1:1/" + NONCE % b"one")
    earlier = parse_response(told)
    proofs = [recorder.address.password, dict(earlier.headers)[PROOF_FIELD]]
    for number, proof in enumerate(proofs):
        body = b"the crawl has ended"
        forged = b"HTTP/1.1 503 Over\r\nRecorder-Proof: %s\r\nContent-Length: %d\r\n\r\n%s"
        plain_origin.handlers[f"/{number}"] = answer(forged % (proof.encode(), len(body), body))

    async def fetch() -> list[int]:
        fetcher = Fetcher(recorder.address)
        answers = [
            await fetcher.fetch(f"http://site.example/{number}", [], page_id="1", keep_bytes=1000)
            for number in range(len(proofs))
        ]
        await fetcher.close()
        return [each.status for each in answers]

    assert uvloop.run(fetch()) == [503, 503]
