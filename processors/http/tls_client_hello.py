"""Reads what a client offers at the beginning of TLS: versions, ciphers, extensions, protocols, in their order.

In: the first bytes of a connection. Out: ``ClientHello``, with the JA3 text by which servers know clients again.
Raises ``NotAClientHello``. Sources: RFC 8446, sections 4.1.2 and 5.1; RFC 8701 (GREASE); JA3,
github.com/salesforce/ja3.
"""

import hashlib
from dataclasses import dataclass

HANDSHAKE = 22
CLIENT_HELLO = 1
SERVER_NAME, GROUPS, POINT_FORMATS, SIGNATURES, ALPN, VERSIONS = 0, 10, 11, 13, 16, 43
"""Extension types of the IANA registry, as of 2026."""


class NotAClientHello(ValueError):
    """The bytes are no ClientHello, or not the whole of one; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class ClientHello:
    """Numbers as the IANA registries have them, GREASE included, in the order in which they were offered."""

    legacy_version: int
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...]
    versions: tuple[int, ...]
    groups: tuple[int, ...]
    point_formats: tuple[int, ...]
    signatures: tuple[int, ...]
    alpn: tuple[str, ...]
    server_name: str | None

    @property
    def ja3(self) -> str:
        """JA3's text: version, ciphers, extensions, groups, point formats; GREASE left out."""
        lists = (self.ciphers, self.extensions, self.groups, self.point_formats)
        joined = ["-".join(str(number) for number in numbers if not is_grease(number)) for numbers in lists]
        return ",".join((str(self.legacy_version), *joined))

    @property
    def ja3_md5(self) -> str:
        """JA3's fingerprint: md5 of its text, in hexadecimal."""
        return hashlib.md5(self.ja3.encode(), usedforsecurity=False).hexdigest()


def is_grease(number: int) -> bool:
    """Whether the number means nothing and only keeps servers tolerant (RFC 8701)."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def read_client_hello(wire: bytes) -> ClientHello:
    """Read the first message of a connection; what follows it is not looked at."""
    message = _Bytes(_handshake(wire))
    if message.number(1) != CLIENT_HELLO:
        raise NotAClientHello("expected a ClientHello, found another handshake message")
    body = _Bytes(message.take(message.number(3)))
    legacy_version = body.number(2)
    body.take(32)  # random
    body.vector(1)  # session id
    ciphers = body.vector(2).numbers(2)
    body.vector(1)  # compression methods
    kinds: list[int] = []
    contents: dict[int, bytes] = {}
    if body.left:
        extensions = body.vector(2)
        while extensions.left:
            kind = extensions.number(2)
            kinds.append(kind)
            contents[kind] = extensions.vector(2).rest()
    return ClientHello(
        legacy_version=legacy_version,
        ciphers=ciphers,
        extensions=tuple(kinds),
        versions=_numbers(contents.get(VERSIONS), 1, 2),
        groups=_numbers(contents.get(GROUPS), 2, 2),
        point_formats=_numbers(contents.get(POINT_FORMATS), 1, 1),
        signatures=_numbers(contents.get(SIGNATURES), 2, 2),
        alpn=_protocols(contents.get(ALPN)),
        server_name=_server_name(contents.get(SERVER_NAME)),
    )


class _Bytes:
    """Bytes read from their beginning on."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._content) - self._at

    def take(self, length: int) -> bytes:
        if length > self.left:
            raise NotAClientHello(f"expected {length} more bytes, found {self.left}")
        self._at += length
        return self._content[self._at - length : self._at]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width))

    def vector(self, width: int) -> "_Bytes":
        """What stands behind its own length."""
        return _Bytes(self.take(self.number(width)))

    def rest(self) -> bytes:
        return self.take(self.left)

    def numbers(self, width: int) -> tuple[int, ...]:
        found = []
        while self.left:
            found.append(self.number(width))
        return tuple(found)


def _handshake(wire: bytes) -> bytes:
    """The handshake bytes of the TLS records at the beginning, as many as its message needs."""
    records, gathered = _Bytes(wire), b""
    while len(gathered) < 4 or len(gathered) < 4 + int.from_bytes(gathered[1:4]):
        if records.number(1) != HANDSHAKE:
            raise NotAClientHello("expected a TLS handshake record")
        records.take(2)  # legacy record version
        fragment = records.vector(2).rest()
        if not fragment:
            raise NotAClientHello("expected a handshake message, found an empty record")
        gathered += fragment
    return gathered


def _numbers(content: bytes | None, length_width: int, width: int) -> tuple[int, ...]:
    return () if content is None else _Bytes(content).vector(length_width).numbers(width)


def _protocols(content: bytes | None) -> tuple[str, ...]:
    if content is None:
        return ()
    listed, found = _Bytes(content).vector(2), []
    while listed.left:
        found.append(listed.vector(1).rest().decode("latin-1"))
    return tuple(found)


def _server_name(content: bytes | None) -> str | None:
    if not content:
        return None
    listed = _Bytes(content).vector(2)
    listed.number(1)  # kind of name: 0 is a host's
    return listed.vector(2).rest().decode("latin-1")
