"""Loopback ports for the embedded services: which are free, and holding one from its choice to its use.

Taken from below the range that Linux gives to outgoing connections (32768 and up), so that nobody is handed one of
them between the look and the use. Two stacks that start together must not choose the same one: a service of
Airflow listens half a minute after its port was chosen. So a chosen port is held by a name, an abstract Unix
socket (unix(7)): every user of the machine sees it, it lives in the same network namespace as the port, and it
goes with the process that holds it, however that ends. Other programs know nothing of it: who answers on a port is
looked at before it is trusted (`pipeline.supervise.listeners`).
"""

import random
import socket
from collections.abc import Iterable
from typing import Final, Self

RANGE: Final = range(20000, 32768)

GRPC_OFFSET: Final = 10000
"""SeaweedFS's worker expects the admin server's gRPC port this far above its HTTP port, whatever the flags say."""


class ReservedPort:
    """A free port that no other stack of this machine will choose until `release` or the end of this process."""

    def __init__(self, port: int, name: socket.socket) -> None:
        self.port = port
        self._name = name

    @classmethod
    def take(cls, port: int) -> Self | None:
        """Hold the port; None where another stack holds it or a program listens on it."""
        name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            name.bind(_name_of(port))
        except OSError:
            name.close()
            return None
        if not _nothing_listens(port):
            name.close()
            return None
        return cls(port, name)

    @classmethod
    def take_any(cls, *, within: range = RANGE) -> Self:
        """Hold any free port; raises `OSError` if the range has none."""
        for port in _shuffled(within):
            if (reserved := cls.take(port)) is not None:
                return reserved
        raise OSError(f"no free loopback port between {within.start} and {within.stop}")

    def release(self) -> None:
        """Let others choose it."""
        self._name.close()


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now, and no stack holds it."""
    reserved = ReservedPort.take(port)
    if reserved is None:
        return False
    reserved.release()
    return True


def free_ports(count: int, *, within: range = RANGE, besides: Iterable[int] = ()) -> tuple[int, ...]:
    """So many different free ports, none of ``besides``, not held; raises `OSError` if there are not that many."""
    taken = set(besides)
    found: list[int] = []
    for port in _shuffled(within):
        if len(found) == count:
            break
        if port not in taken and is_free(port):
            found.append(port)
    if len(found) < count:
        raise OSError(f"fewer than {count} free loopback ports between {within.start} and {within.stop}")
    return tuple(found)


def _shuffled(within: range) -> list[int]:
    # Which port it becomes is no secret, so the system's random numbers are not needed.
    return random.sample(within, len(within))


def _name_of(port: int) -> str:
    return f"\0letapis/port/{port}"


def _nothing_listens(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
