"""Free loopback ports for the embedded services.

Taken from below the range that Linux gives to outgoing connections (32768 and up), so that nobody is handed one of
them between the look and the use.
"""

import random
import socket
from collections.abc import Iterable
from typing import Final

RANGE: Final = range(20000, 32768)

GRPC_OFFSET: Final = 10000
"""SeaweedFS's worker expects the admin server's gRPC port this far above its HTTP port, whatever the flags say."""


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count: int, *, within: range = RANGE, besides: Iterable[int] = ()) -> tuple[int, ...]:
    """So many different free ports, none of ``besides``; raises `OSError` if the range has not that many."""
    taken = set(besides)
    found: list[int] = []
    # Which port it becomes is no secret, so the system's random numbers are not needed.
    for port in random.sample(within, len(within)):
        if len(found) == count:
            break
        if port not in taken and is_free(port):
            found.append(port)
    if len(found) < count:
        raise OSError(f"fewer than {count} free loopback ports between {within.start} and {within.stop}")
    return tuple(found)
