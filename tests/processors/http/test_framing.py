"""However the network cuts a stream, the same messages come out of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.http.body import Body, ChunkedBody, NoBody, OpenBody, SizedBody
from processors.http.framing import MessageFramer, NotAMessage
from processors.http.head import head_values, is_chunked, read_head, status_of
from processors.http.message import parse_response

pytestmark = pytest.mark.slow


def body_of(head: bytes) -> Body | None:
    read = read_head(head)
    status = status_of(read)
    if status is None:
        raise NotAMessage("no status line")
    if status[0] < 200:
        return None
    if status[0] == 204:
        return NoBody()
    if is_chunked(read.fields):
        return ChunkedBody()
    lengths = head_values(read.fields, "content-length")
    return SizedBody(int(lengths[0])) if lengths and lengths[0].isdigit() else OpenBody()


Seen = tuple[bytes, bytes, bytes, tuple[bytes, ...], str | None, bool]


def messages(pieces: list[bytes]) -> list[Seen]:
    seen: list[Seen] = []
    framer = MessageFramer(body_of, b"HTTP/")
    for piece in pieces:
        rest = piece
        while rest:
            rest = framer.feed(rest)
            if framer.done:
                seen.append(view(framer))
                framer = MessageFramer(body_of, b"HTTP/")
    framer.close()
    if framer.begun:
        seen.append(view(framer))
    return seen


def view(framer: MessageFramer) -> Seen:
    assert framer.length == sum(len(piece) for piece in framer.pieces)
    return (
        framer.head,
        b"".join(framer.pieces),
        b"".join(framer.payload),
        tuple(framer.before),
        framer.problem,
        framer.done,
    )


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    at = sorted({place % (len(stream) + 1) for place in places})
    return [stream[a:b] for a, b in zip([0, *at], [*at, len(stream)], strict=True)]


def chunked(parts: list[bytes], extension: bytes, trailer: bytes) -> bytes:
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts if part)
    return body + b"0\r\n" + trailer + b"\r\n"


parts = st.lists(st.binary(max_size=40), max_size=5)
sized = st.binary(max_size=60).map(
    lambda body: b"HTTP/1.1 200 OK\r\nContent-Length:%d\r\n\r\n%s" % (len(body), body)
)
in_chunks = st.builds(
    lambda ps, extension, trailer: (
        b"HTTP/1.1 200\r\nTransfer-encoding: Chunked\r\n\r\n" + chunked(ps, extension, trailer)
    ),
    parts,
    st.sampled_from([b"", b";name=value", b' ; q="a;b"', b"  "]),
    st.sampled_from([b"", b"Expires: 0\r\n", b"no colon here\r\nX: y\r\n"]),
)
bodiless = st.just(b"HTTP/1.1 204 No Content\nX : odd\r\n folded\nno colon\n\n")
interim = st.just(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
stray = st.sampled_from([b"", b"", b"\r\n"])
whole = st.builds(
    lambda before, hint, message: before + hint + message,
    stray,
    st.just(b"") | interim,
    sized | in_chunks | bodiless,
)
tail = st.one_of(
    st.just(b""),
    st.binary(max_size=60),
    st.binary(max_size=60).map(lambda body: b"HTTP/1.0 200 OK\r\n\r\n" + body),
    st.binary(max_size=60).map(lambda body: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body),
    st.binary(max_size=60).map(
        lambda body: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + body
    ),
    sized.map(lambda message: message[: len(message) // 2]),
)
streams = st.builds(lambda messages, end: b"".join(messages) + end, st.lists(whole, max_size=4), tail)


@given(streams, st.lists(st.integers(0, 10_000), max_size=12))
def test_any_split_of_a_stream_yields_the_same_messages(stream: bytes, places: list[int]) -> None:
    assert messages(cut(stream, places)) == messages([stream])


@given(streams)
def test_bytes_one_at_a_time_yield_the_same_messages(stream: bytes) -> None:
    assert messages([stream[at : at + 1] for at in range(len(stream))]) == messages([stream])


@given(streams)
def test_no_byte_is_lost_or_added(stream: bytes) -> None:
    assert b"".join(b"".join(before) + block for _, block, _, before, _, _ in messages([stream])) == stream


@given(streams)
def test_a_stored_block_reads_back_to_the_payload_seen_on_the_wire(stream: bytes) -> None:
    for head, block, payload, _, _, _ in messages([stream]):
        read = parse_response(block)
        assert read.body == payload
        assert read.head_length == len(head)


@given(parts)
def test_chunks_are_removed_from_the_payload_and_stay_in_the_block(pieces: list[bytes]) -> None:
    stream = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(pieces, b";x", b"A: b\r\n")
    [(_, block, payload, _, problem, done)] = messages([stream])
    assert (block, payload, problem, done) == (stream, b"".join(pieces), None, True)


def test_a_body_that_only_says_chunked_is_taken_as_it_is_and_labelled() -> None:
    stream = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<html>\nplain</html>"
    [(_, block, payload, _, problem, _)] = messages([stream])
    assert block == stream
    assert payload == b"<html>\nplain</html>"
    assert problem == "chunked body: expected a chunk size, found b'<html>\\n'"


def test_what_does_not_begin_like_http_is_kept_and_labelled() -> None:
    [(head, block, payload, _, problem, _)] = messages([b"SSH-2.0-Open", b"SSH_9.2\r\n"])
    assert (head, block, payload) == (b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"SSH-2.0-OpenSSH_9.2\r\n")
    assert problem is not None
