"""An exchange: one request and what the server sent for it, both to the byte, with the facts of their connection.

All times are aware UTC with microseconds. Nothing here is derived: what was made from a page, and facts about it,
are in ``crawlers.model.capture``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from processors.digest import Digest


class ByteSource(Protocol):
    """Bytes that may be too many for memory; they can be read any number of times until released."""

    @property
    def length_bytes(self) -> int:
        """How many bytes ``chunks`` gives in all."""
        ...

    @property
    def digest(self) -> Digest:
        """The sha256 of all of them."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """The bytes in order, in pieces of bounded size."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response as on the wire, with its digests.

    ``block`` holds every byte from the first of the start line; ``head_length`` counts those up to and including
    the empty line (0 where the bytes are not HTTP). The payload is the entity with transfer-encoding removed and
    content-encoding kept; ``payload_digest`` is None where a message has no payload at all.
    """

    block: bytes | ByteSource
    head_length: int
    block_digest: Digest
    payload_digest: Digest | None
    payload_length: int

    @property
    def length_bytes(self) -> int:
        """Length of the block."""
        return len(self.block) if isinstance(self.block, bytes) else self.block.length_bytes


class Fidelity(StrEnum):
    """What the bytes of an exchange are."""

    WIRE = "wire"
    """As they passed between the site and us."""
    BROWSER = "browser"
    """As the browser decoded and reported them: see `crawlers.model.browser_exchange`."""


class Truncation(StrEnum):
    """Why a message is shorter than it should be; the values of ``WARC-Truncated`` in WARC 1.1."""

    LENGTH = "length"
    TIME = "time"
    DISCONNECT = "disconnect"
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What the handshake of this very socket showed.

    ``chain`` is the DER of each certificate as the server sent them, leaf first. ``problem`` says why the chain
    would not have been accepted; None is a chain that was verified for the host name.
    """

    protocol: str
    cipher: str
    chain: tuple[bytes, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RedactedSpan:
    """Bytes of a message that a crawl with a login does not show: ``*`` stands in their place, line ends stay.

    ``message`` is ``request``, ``response`` or ``interim <number>``; ``offset`` counts from its first byte.
    ``commitment`` is the salted one to the bytes (as ISO 8859-1), under the name ``what``.
    """

    message: str
    what: str
    offset: int
    length: int
    commitment: Digest


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what the server answered, both to the byte where ``fidelity`` is ``wire``.

    Where it is ``browser``, both heads are put together from what the browser reports, the entity is as it decoded
    it, and ``left_out`` are the fields of the response that speak of the codings that it removed.
    ``peer_ip`` is None only where an egress proxy resolves names itself. ``interim`` are 1xx responses that came
    before the final one. ``problem`` labels bytes that break the protocol ("the response is not HTTP: ..."); they
    are kept all the same. ``redacted`` are the spans of credentials, in a crawl with a login. ``protocol`` is the
    version the status line names, in small letters (``http/1.1``), or ``http/0.9`` where there is none; what the
    browser reports (``h2``), and empty where it reports none.
    """

    crawl_id: str
    page_id: str | None
    url: str
    request: Message
    response: Message
    status: int | None
    media_type: str | None
    content_encoding: str | None
    protocol: str
    started_at: datetime
    first_byte_at: datetime
    ended_at: datetime
    peer_ip: str | None
    peer_port: int
    tls: TlsFacts | None = None
    interim: tuple[bytes, ...] = ()
    truncated: Truncation | None = None
    problem: str | None = None
    redacted: tuple[RedactedSpan, ...] = ()
    fidelity: Fidelity = Fidelity.WIRE
    left_out: tuple[tuple[str, str], ...] = ()
