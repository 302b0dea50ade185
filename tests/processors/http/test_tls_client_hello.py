"""What a client offers is read off its first bytes, whatever they are."""

import hashlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.http.tls_client_hello import ClientHello, NotAClientHello, is_grease, read_client_hello

pytestmark = pytest.mark.slow


def hello_of(context: ssl.SSLContext, name: str | None) -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@pytest.fixture(scope="module")
def first_bytes() -> bytes:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    return hello_of(context, "пошта.example")


def test_what_openssl_offers_is_read(first_bytes: bytes) -> None:
    hello = read_client_hello(first_bytes)
    assert hello.legacy_version == 0x0303
    assert hello.versions[0] == 0x0304
    assert hello.alpn == ("h2", "http/1.1")
    assert hello.server_name == "xn--80a1acn3a.example"
    assert 0x1301 in hello.ciphers
    assert {0, 10, 13, 16, 43} <= set(hello.extensions)
    assert hello.ja3_md5 == hashlib.md5(hello.ja3.encode()).hexdigest()


def test_ja3_is_what_its_authors_give_for_their_example() -> None:
    """The text in the README of github.com/salesforce/ja3, and its fingerprint there."""
    text = "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0"
    ciphers, extensions, groups = (tuple(map(int, part.split("-"))) for part in text.split(",")[1:4])
    hello = ClientHello(769, (0x1A1A, *ciphers), (*extensions, 0xFAFA), (), groups, (0,), (), (), None)
    assert (hello.ja3, hello.ja3_md5) == (text, "ada70206e40642a3e4461f35503241d5")


@pytest.mark.parametrize(("number", "grease"), [(0x0A0A, True), (0xFAFA, True), (0x0A1A, False), (0x1301, False)])
def test_grease_is_known(number: int, grease: bool) -> None:
    assert is_grease(number) is grease


def test_a_hello_in_several_records_is_the_same(first_bytes: bytes) -> None:
    payload = first_bytes[5:]
    cut = b"".join(
        b"\x16\x03\x01" + len(part).to_bytes(2) + part for part in (payload[:3], payload[3:50], payload[50:])
    )
    assert read_client_hello(cut) == read_client_hello(first_bytes)


@given(length=st.integers(0, 400))
def test_a_hello_that_is_not_whole_is_told_so(length: int) -> None:
    context = ssl.create_default_context()
    whole = hello_of(context, "example.org")
    with pytest.raises(NotAClientHello):
        read_client_hello(whole[: min(length, len(whole) - 1)])


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(wire: bytes) -> None:
    for first in (wire, b"\x16\x03\x01\x00\xff\x01" + wire):
        try:
            read_client_hello(first)
        except NotAClientHello as refused:
            assert str(refused)
