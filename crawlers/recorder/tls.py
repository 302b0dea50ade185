"""TLS over bytes in hand: what came in and what must go out, without a socket.

One ``TlsPipe`` for each side of the recorder. Facts of the handshake (protocol, cipher, full chain) are taken
from the very connection that carries the exchange. Sessions are never resumed, so the server's chain is always
sent.
"""

import ssl
import sys
from contextlib import suppress
from pathlib import Path
from typing import Protocol, cast

from crawlers.model.exchange import TlsFacts

RECORD_BYTES = 16 << 10  # one TLS record holds no more (RFC 8446, section 5.1)


class TlsFailed(Exception):
    """The handshake, or what came after it, failed; ``invalid_certificate`` tells the one a source may allow."""

    def __init__(self, reason: str, *, invalid_certificate: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.invalid_certificate = invalid_certificate


class TlsPipe:
    """One side of a TLS connection."""

    def __init__(self, context: ssl.SSLContext, *, server_side: bool, server_hostname: str | None = None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side, server_hostname)
        self.established = False
        self.closed_by_peer = False
        """Whether the peer said that it has sent everything (close_notify)."""

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the wire; gives the plain bytes within. Raises ``TlsFailed``."""
        self._incoming.write(data)
        plain: list[bytes] = []
        try:
            if not self.established:
                self._tls.do_handshake()
                self.established = True
            while True:
                piece = self._tls.read(RECORD_BYTES)
                if not piece:
                    self.closed_by_peer = True
                    break
                plain.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.closed_by_peer = True
        except ssl.SSLError as error:
            if not plain:
                raise _failed(error) from error
            # what was decrypted is kept; the fault shows again with the next bytes
        return plain[0] if len(plain) == 1 else b"".join(plain)

    def begin(self) -> bytes:
        """The client's first bytes."""
        with suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self.waiting()

    def seal(self, plain: bytes) -> bytes:
        """The bytes for the wire that carry ``plain``, and whatever else waits to be sent."""
        self._tls.write(plain)
        return self._outgoing.read()

    def waiting(self) -> bytes:
        """What the handshake wants to have sent."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def close(self) -> bytes:
        """The bytes that say that no more will come."""
        with suppress(ssl.SSLError):  # the peer's own close_notify is not waited for
            self._tls.unwrap()
        return self._outgoing.read()

    def facts(self, problem: str | None) -> TlsFacts:
        """What the handshake showed."""
        cipher = self._tls.cipher()
        return TlsFacts(
            protocol=self._tls.version() or "unknown",
            cipher=cipher[0] if cipher else "unknown",
            chain=_chain(self._tls),
            problem=problem,
        )


def verifying_context(upstream_ca: Path | None) -> ssl.SSLContext:
    """Trusts what the system trusts, and the authority in ``upstream_ca`` besides."""
    context = ssl.create_default_context()
    if upstream_ca is not None:
        context.load_verify_locations(cafile=upstream_ca)
    context.set_alpn_protocols(["http/1.1"])
    return context


def lenient_context() -> ssl.SSLContext:
    """For sources that may show an invalid certificate: verifies nothing, and speaks with servers of another
    age."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Certificate(Protocol):
    def public_bytes(self, encoding: int) -> bytes: ...


class _ChainOfPython311(Protocol):
    def get_unverified_chain(self) -> list[_Certificate] | None: ...


def _chain(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """The certificates as the server sent them, DER, leaf first."""
    if sys.version_info >= (3, 13):
        return tuple(tls.get_unverified_chain())
    hidden = cast(_ChainOfPython311, tls._sslobj)  # type: ignore[attr-defined] # public from 3.13 on
    encoding_der = 2
    return tuple(certificate.public_bytes(encoding_der) for certificate in hidden.get_unverified_chain() or ())


def _failed(error: ssl.SSLError) -> TlsFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailed(f"invalid certificate: {error.verify_message}", invalid_certificate=True)
    reason = error.reason or str(error)
    return TlsFailed(f"TLS failed: {reason.replace('_', ' ').lower()}")
