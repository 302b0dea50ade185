"""A raw-socket web server that answers with exactly the bytes a test gives it, and logs what it got and sent."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from crawlers.recorder.http_messages import parse_request, request_body
from processors.http.framing import MessageFramer


@dataclass
class Served:
    """One request as it came, and all bytes that went out in answer to it."""

    path: str
    request: bytes
    sent: bytearray = field(default_factory=bytearray)


class Channel:
    """What a handler answers through."""

    def __init__(self, sock: socket.socket, served: Served) -> None:
        self.sock = sock
        self.served = served

    def send(self, data: bytes) -> None:
        self.served.sent += data
        self.sock.sendall(data)

    def receive(self) -> bytes:
        return self.sock.recv(1 << 16)


Handler = Callable[[Channel], bool | None]
"""Answers one request; True keeps the connection for the next."""


def answer(*pieces: bytes, keep: bool = True, pause_s: float = 0.0) -> Handler:
    def handle(channel: Channel) -> bool:
        for piece in pieces:
            channel.send(piece)
            time.sleep(pause_s)
        return keep

    return handle


class Origin:
    """Serves handlers by path, with TLS where a context is given."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.handlers: dict[str, Handler] = {}
        self.log: list[Served] = []
        self.connections = 0
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        sock = raw
        try:
            if self._context is not None:
                sock = self._context.wrap_socket(raw, server_side=True)
            rest = b""
            while True:
                framer = MessageFramer(request_body)
                while not framer.done:
                    data = rest or sock.recv(1 << 16)
                    if not data:
                        return
                    rest = framer.feed(data)
                served = Served(parse_request(framer.head).target, b"".join(framer.pieces))
                self.log.append(served)
                if not self.handlers[served.path](Channel(sock, served)):
                    if isinstance(sock, ssl.SSLSocket):
                        with suppress(OSError):
                            sock.unwrap()
                    return
        except OSError:
            pass
        finally:
            sock.close()
