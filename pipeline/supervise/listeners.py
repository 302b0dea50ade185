"""Who listens on a loopback port, as the kernel knows it: so that a secret goes to our own server and to no other.

In: a port, and the process id of the stack that should have it. Out: the socket's inode number where every
listener of the port belongs to that stack. Raises `ForeignListener` where another program listens. A process
cannot feign this: sockets and parents are read from `/proc` (proc(5): `/proc/net/tcp`, `/proc/PID/fd`,
`/proc/PID/stat`), not from what the answering program says of itself.
"""

from pathlib import Path
from typing import Final

LISTEN: Final = "0A"
"""State of a listening socket in `/proc/net/tcp`."""

REACHED_BY_LOOPBACK: Final = frozenset(
    {"0100007F", "00000000", "0" * 32, "0000000000000000FFFF00000100007F", "0000000000000000FFFF000000000000"}
)
"""Local addresses that a connection to 127.0.0.1 can reach: itself, any address, and both as IPv6 writes them."""


class ForeignListener(Exception):
    """Another program than the stack's own listens on the port; no secret may be sent to it."""

    def __init__(self, port: int, whose: str) -> None:
        super().__init__(f"Port {port} is held by a program that does not belong to this stack ({whose})")
        self.port = port
        self.whose = whose


def listening_inodes(port: int) -> frozenset[str]:
    """Inode numbers of the sockets that listen for connections to this loopback port; empty where none does."""
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except FileNotFoundError:  # no IPv6 here
            continue
        for line in lines:
            columns = line.split()
            address, _, number = columns[1].rpartition(":")
            if columns[3] == LISTEN and int(number, 16) == port and address in REACHED_BY_LOOPBACK:
                found.add(columns[9])
    return frozenset(found)


def own_listener(port: int, stack_process: int) -> frozenset[str]:
    """The port's listening sockets, all of processes below ``stack_process``; empty where nothing listens yet.

    Raises `ForeignListener`.
    """
    inodes = listening_inodes(port)
    if not inodes:
        return inodes
    own: set[str] = set()
    for pid in below(stack_process):
        own |= sockets_of(pid)
    if foreign := inodes - own:
        raise ForeignListener(port, whose_sockets(foreign))
    return inodes


def sockets_of(pid: int) -> frozenset[str]:
    """Inode numbers of the sockets that a process has open; empty for processes of other users."""
    found = set()
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # gone in between, or another user's
        return frozenset()
    for descriptor in descriptors:
        try:
            target = str(descriptor.readlink())
        except OSError:  # closed in between, which says nothing of the others
            continue
        if target.startswith("socket:["):
            found.add(target[8:-1])
    return frozenset(found)


def whose_sockets(inodes: frozenset[str]) -> str:
    """The program that has one of these sockets, in words for a message."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and sockets_of(int(folder.name)) & inodes:
            try:
                name = (folder / "comm").read_text().strip()
            except OSError:
                continue
            return f"process {folder.name}, {name}"
    return "a process of another user"


def below(root: int) -> tuple[int, ...]:
    """Process ids of ``root`` and of everything that it or its descendants started."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                # The name in parentheses may hold anything; state and parent follow the last parenthesis.
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return tuple(found)
