"""An HTTP or SOCKS5 proxy as small as can be; connects everything to one port and logs what it was asked."""

import base64
import socket
import struct
import threading
import time
from contextlib import suppress

from tests.crawlers.recorder.running_recorder import read_exactly

SOCKS_ADDRESS_LENGTHS = {1: 4, 4: 16}


class Relay:
    """Listens on loopback; ``leaves_from`` is the address by which targets see it."""

    def __init__(
        self,
        port: int,
        *,
        socks: bool,
        credentials: tuple[str, str] | None = None,
        leaves_from: str = "127.0.0.1",
        refuses: bool = False,
        opens_with: tuple[bytes, ...] = (b"HTTP/1.1 200 OK\r\n\r\n",),
    ) -> None:
        self.asked: list[str] = []
        self._onward = port
        self._socks = socks
        self._credentials = credentials
        self._leaves_from = leaves_from
        self._refuses = refuses
        self._opens_with = opens_with
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        user = "" if self._credentials is None else f"{self._credentials[0]}:{self._credentials[1]}@"
        return f"{'socks5' if self._socks else 'http'}://{user}127.0.0.1:{self.port}"

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # or it would listen on until the next connection
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError, IndexError):
            admitted = self._greet_socks(sock) if self._socks else self._greet_http(sock)
            if not admitted:
                sock.close()
                return
            onward = socket.create_connection(("127.0.0.1", self._onward), source_address=(self._leaves_from, 0))
            threading.Thread(target=pour, args=(onward, sock), daemon=True).start()
            pour(sock, onward)

    def _greet_socks(self, sock: socket.socket) -> bool:
        """RFC 1928, and RFC 1929 where a password is wanted."""
        greeting = read_exactly(sock, 2)
        if not greeting:
            return False  # somebody who only looked whether anybody listens
        methods = greeting[1]
        wanted = 0 if self._credentials is None else 2
        if wanted not in read_exactly(sock, methods):
            sock.sendall(b"\x05\xff")
            return False
        sock.sendall(bytes([5, wanted]))
        if self._credentials is not None:
            read_exactly(sock, 1)
            said = tuple(read_exactly(sock, read_exactly(sock, 1)[0]).decode() for _ in range(2))
            sock.sendall(b"\x01\x00" if said == self._credentials else b"\x01\x01")
            if said != self._credentials:
                return False
        kind = read_exactly(sock, 4)[3]
        if kind == 3:
            host = read_exactly(sock, read_exactly(sock, 1)[0]).decode()
        else:
            family = socket.AF_INET if kind == 1 else socket.AF_INET6
            host = socket.inet_ntop(family, read_exactly(sock, SOCKS_ADDRESS_LENGTHS[kind]))
        self.asked.append(f"{host}:{struct.unpack('>H', read_exactly(sock, 2))[0]}")
        sock.sendall(bytes([5, 2 if self._refuses else 0]) + b"\x00\x01\x00\x00\x00\x00\x00\x00")
        return not self._refuses

    def _greet_http(self, sock: socket.socket) -> bool:
        """RFC 9110, section 9.3.6."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            data = sock.recv(1)
            if not data:
                return False
            head += data
        if self._credentials is not None:
            token = base64.b64encode(":".join(self._credentials).encode())
            if b"Basic " + token not in head:
                sock.sendall(b"HTTP/1.1 407 Who at 127.0.0.1 are you\r\nContent-Length: 0\r\n\r\n")
                return False
        self.asked.append(head.split()[1].decode())
        if self._refuses:
            sock.sendall(b"HTTP/1.1 403 Not from 127.0.0.1\r\nContent-Length: 0\r\n\r\n")
            return False
        for piece in self._opens_with:
            sock.sendall(piece)
            time.sleep(0.05 * (len(self._opens_with) > 1))
        return True


def pour(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes, and how it ends: whole, or broken off."""
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for sock in (source, target):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
