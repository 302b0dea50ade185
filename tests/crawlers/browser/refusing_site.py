"""A site on loopback that takes a browser's TLS and refuses the recorder's, by the ALPN of the ClientHello."""

import gzip
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from crawlers.recorder.certificates import CertificateAuthority

OFFERS_HTTP_2 = b"\x02h2"
"""As ALPN names it (RFC 7301, section 3.1): browsers offer it, the recorder does not."""

HANDSHAKE_FAILURE = bytes((0x15, 3, 3, 0, 2, 2, 40))
"""An alert, fatal (RFC 8446, section 6)."""


@dataclass(frozen=True)
class Answer:
    """What the server means to say: ``entity`` is sent with gzip where ``packed``."""

    entity: bytes
    media_type: str
    status: str = "200 OK"
    packed: bool = False
    fields: tuple[str, ...] = ()


@dataclass
class RefusingSite:
    """``requests`` are the heads and bodies of those that were answered; ``refused`` counts handshakes."""

    host: str
    folder: Path
    answers: dict[str, Answer]
    requests: list[bytes] = field(default_factory=list)
    refused: int = 0

    def __enter__(self) -> Self:
        authority = CertificateAuthority()
        self.authority = self.folder / "site-authority.pem"
        self.authority.write_text(authority.pem)
        self._context = authority.context_for(self.host)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connect_to = f"{self.host}:443:127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(20)
            try:
                if OFFERS_HTTP_2 not in _client_hello(connection):
                    self.refused += 1
                    connection.sendall(HANDSHAKE_FAILURE)
                    return
                with self._context.wrap_socket(connection, server_side=True) as secured:
                    while (request := _request(secured)) is not None:
                        self.requests.append(request)
                        secured.sendall(self._response(request))
            except OSError:
                return

    def _response(self, request: bytes) -> bytes:
        path = request.split(b" ", 2)[1].decode()
        answer = self.answers.get(path, Answer(b"", "text/plain", "404 Not Found"))
        entity = gzip.compress(answer.entity, mtime=0) if answer.packed else answer.entity
        lines = [
            f"HTTP/1.1 {answer.status}",
            f"Content-Type: {answer.media_type}",
            *answer.fields,
            *(("Content-Encoding: gzip",) if answer.packed else ()),
            f"Content-Length: {len(entity)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + entity


def _client_hello(connection: socket.socket) -> bytes:
    """The first record, left where it is (RFC 8446, section 5.1)."""
    head = connection.recv(5, socket.MSG_PEEK | socket.MSG_WAITALL)
    length = 5 + int.from_bytes(head[3:5])
    return connection.recv(length, socket.MSG_PEEK | socket.MSG_WAITALL)


def _request(secured: socket.socket) -> bytes | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = secured.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")),
        0,
    )
    while len(body) < length:
        body += secured.recv(65536)
    return head + b"\r\n\r\n" + body
