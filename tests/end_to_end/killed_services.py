"""Services of a running stack to be killed, and what a stack leaves; for tests and `benchmarks.kills`."""

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

from pipeline.supervise.processes import KEEPER, children_of, processes_of_data_folder

SERVICES: Final = {
    "scheduler": b"scheduler",
    "API server": b"api-server",
    "object store": b"weed",
    "database": b"postgres",
}
"""A word of the command that each service's keeper was given: some services give themselves another title."""


def kill_service(data: Path, service: str) -> tuple[int, ...]:
    """SIGKILL to the service itself: its keeper lives and has to end what it had started. Returns whom it hit."""
    hit: list[int] = []
    for keeper in processes_of_data_folder(data):
        with suppress(OSError):  # it has ended since
            words = Path(f"/proc/{keeper}/cmdline").read_bytes().split(b"\0")
            names = {word.rpartition(b"/")[2] for word in words}
            if {KEEPER.name.encode(), SERVICES[service]} <= names:
                hit += children_of(keeper)
    for pid in hit:
        os.kill(pid, signal.SIGKILL)
    return tuple(hit)


def processes_writing(folder: Path) -> tuple[int, ...]:
    """Every process that has a file of the folder open, and its children: a crawl with its engine and browser."""
    found: list[int] = []
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # it has ended, or is another user's
            if descriptor.readlink().parent == folder and int(descriptor.parts[2]) != os.getpid():
                found.append(int(descriptor.parts[2]))
    return tuple({*found, *(child for pid in found for child in children_of(pid))})


def processes_naming(word: str) -> tuple[int, ...]:
    """Every other process with the word in its command or environment: Chromium's write over the latter."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue  # it has ended, or is another user's
            if word.encode() in said:
                found.append(int(process.name))
    return tuple(found)
