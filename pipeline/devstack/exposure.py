"""What other users of this machine, and pages in a browser here, can reach of a service: tried, not assumed.

In: process ids, and the ports that may answer everybody because they check each request (S3). Out: one sentence
for each port or Unix socket that answers without a key; none, and the service is closed. Nothing is changed by it:
HTTP and gRPC are greeted, with and without TLS, and of a socket the mode is read. Linux only: ``/proc``, proc(5),
unix(7).
"""

import socket
import ssl
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pipeline.supervise.listeners import LISTEN, sockets_of

ACCEPTING: Final = 1 << 16
"""Flag of a Unix socket in ``/proc/net/unix``: __SO_ACCEPTCON of include/linux/net.h."""

LOOPBACK: Final = ("0100007F", "00000000000000000000000001000000")
"""127.0.0.1 and ::1 as ``/proc/net`` writes them."""

GREETINGS: Final = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
)
"""HTTP/1.1, and the preface of HTTP/2 (RFC 9113, section 3.4), which gRPC speaks."""

WAIT_S: Final = 5.0
"""Seconds to wait for a response; a server that sends nothing in this time did not refuse either."""


def open_to_others(pids: Iterable[int], *, asks_for_a_key: Iterable[int] = ()) -> tuple[str, ...]:
    """One sentence for each port and socket of these processes that anybody here can use.

    ``asks_for_a_key``: ports that answer HTTP and judge every request; they have to refuse one without a key.
    """
    inodes = frozenset[str]().union(*(sockets_of(pid) for pid in pids))
    return (*_open_ports(inodes, frozenset(asks_for_a_key)), *_open_sockets(inodes))


def processes_started_with(argument: str) -> tuple[int, ...]:
    """Process ids of ours, or of everybody's for root, with this argument on their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                if argument.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:  # gone in between
                continue
    return tuple(found)


def _open_ports(inodes: frozenset[str], asks_for_a_key: frozenset[int]) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        file = Path(f"/proc/net/{table}")
        for line in file.read_text().splitlines()[1:] if file.exists() else ():  # there may be no IPv6
            columns = line.split()
            if columns[3] != LISTEN or columns[9] not in inodes:
                continue
            address, _, hexadecimal = columns[1].partition(":")
            port = int(hexadecimal, 16)
            if address not in LOOPBACK:
                yield f"Port {port} listens beyond this machine."
            family = "127.0.0.1" if table == "tcp" else "::1"
            for greeting in GREETINGS[:1] if port in asks_for_a_key else GREETINGS:
                for encrypted in (False, True):
                    if _answers(family, port, greeting, encrypted=encrypted):
                        spoken = "HTTP" if greeting == GREETINGS[0] else "gRPC"
                        with_tls = " over TLS" if encrypted else ""
                        yield f"Port {port} answers {spoken}{with_tls} without a key."


def _answers(host: str, port: int, greeting: bytes, *, encrypted: bool) -> bool:
    """Whether the greeting is answered with anything but a refusal; silence is no refusal."""
    try:
        with socket.create_connection((host, port), timeout=WAIT_S) as opened:
            if not encrypted:
                opened.sendall(greeting)
                return not _refusal(opened.recv(4096))
            anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
            anybody.set_alpn_protocols(["h2"] if greeting == GREETINGS[1] else ["http/1.1"])
            with anybody.wrap_socket(opened) as secret:
                secret.sendall(greeting)
                return not _refusal(secret.recv(4096))
    except TimeoutError:
        return True
    except OSError:  # refused, reset, or an alert: `ssl.SSLError` is one of them
        return False


def _refusal(answer: bytes) -> bool:
    """The end of the connection, 400 (Go's TLS servers to a plain request), 401 or 403 are refusals."""
    if not answer:
        return True
    status = answer.split(b" ", 2)[1:2]
    return answer.startswith(b"HTTP/1.") and status in ([b"400"], [b"401"], [b"403"])


def _open_sockets(inodes: frozenset[str]) -> Iterator[str]:
    for line in Path("/proc/net/unix").read_text().splitlines()[1:]:
        columns = line.split(maxsplit=7)
        if len(columns) < 8 or columns[6] not in inodes or not int(columns[3], 16) & ACCEPTING:
            continue
        if columns[7].startswith("@"):
            yield f"Socket {columns[7]} has no file whose mode could close it."
        elif _others_may_connect(Path(columns[7])):
            yield f"Socket {columns[7]} lets every user connect."


def _others_may_connect(path: Path) -> bool:
    """Whether its mode lets others write, which connecting needs, and each folder above lets them pass."""
    try:
        if not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return False
        return all(folder.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH) for folder in path.parents)
    except OSError:  # removed: nobody finds it by name
        return False
