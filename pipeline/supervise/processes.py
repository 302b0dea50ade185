"""A service's process as its parent sees it: start, is it alive, stop, kill; and ending what a dead parent left.

Each process runs under a keeper (`pipeline.supervise.keeper`), which ends it and all it started when this
process goes, in whatever way. Every process carries `MARK` in its environment, so that what survived even its
keeper is found at the next start. Raises `ServiceError`, with the last lines of the service's log.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MARK: Final = "LETAPIS_KEPT_FOR"
"""Environment variable of every kept process: the folder of the stack it belongs to."""

KEEPER: Final = Path(__file__).with_name("keeper.py")

LOG_KEPT_BYTES: Final = 10_000_000
"""A log longer than this is set aside (one generation) at the next start."""

KEEPER_REST_S: Final = 10.0
"""What a keeper may need after the grace: five seconds for the rest, and some to end them on a busy machine."""


class ServiceError(Exception):
    """An embedded service did not start or ended by itself; the operator reads the log named in the message."""


@dataclass(frozen=True)
class Account:
    """A system user that a service runs as when Letapis itself runs as root."""

    name: str
    uid: int
    gid: int


@dataclass(kw_only=True)
class SupervisedProcess:
    """One service process. ``home`` is the folder of the stack it belongs to.

    ``niceness``: with 5, what else runs gets three times its share of a busy core (nice(1)); it is inherited.
    """

    name: str
    command: Sequence[str]
    home: Path
    log: Path
    cwd: Path
    env: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 10.0
    account: Account | None = None
    niceness: int = 0
    _keeper: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the process under a new keeper; returns at once."""
        _rotate_log(self.log)
        whom = (str(self.account.uid), str(self.account.gid)) if self.account else ("-", "-")
        yielding = ("nice", "-n", str(self.niceness)) if self.niceness else ()
        keeper = (sys.executable, "-I", "-S", str(KEEPER), str(int(self.stop_signal)), str(self.grace_s), *whom)
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            self._keeper = subprocess.Popen(
                [*yielding, *keeper, *self.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env={**self.env, MARK: str(self.home)},
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._keeper is not None and self._keeper.poll() is None

    @property
    def keeper_pid(self) -> int | None:
        """Process id of its keeper; None before its start."""
        return None if self._keeper is None else self._keeper.pid

    @property
    def exit_code(self) -> int | None:
        """How the process ended; None while it runs or before its start."""
        return None if self._keeper is None else self._keeper.poll()

    def stop(self) -> None:
        """End the process and everything it started; returns when none is left."""
        if self._keeper is None:
            return
        self.begin_stop()
        try:
            self._keeper.wait(self.grace_s + KEEPER_REST_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def begin_stop(self) -> None:
        """Tell the keeper to end the process, without waiting for it."""
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()

    def kill(self) -> None:
        """End the process at once, as ``kill -9`` or a power cut would."""
        if self._keeper is None:
            return
        # The keeper itself is spared: it collects the dead, and goes when none is left.
        while self._keeper.poll() is None:
            for pid in children_of(self._keeper.pid):
                send(pid, signal.SIGKILL)
            time.sleep(0.01)
        self.begin_stop()

    def wait_until(self, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Return when ``ready`` says so; raises `ServiceError` when the process ends before, or time is up."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.alive:
                raise ServiceError(f"{self.name} ended with code {self.exit_code}.{self.log_tail()}")
            if time.monotonic() > deadline:
                raise ServiceError(f"{self.name} did not answer within {timeout_s:.0f} s.{self.log_tail()}")
            time.sleep(0.05)

    def log_tail(self, lines: int = 15) -> str:
        """The end of the log, for messages."""
        try:
            tail = self.log.read_text("utf-8", errors="replace").splitlines()[-lines:]
        except FileNotFoundError:
            return ""
        return f" The end of {self.log}:\n" + "\n".join(tail)


def children_of(pid: int) -> tuple[int, ...]:
    """Process ids of the direct children."""
    try:
        return tuple(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except FileNotFoundError:
        return ()


def end_below(keeper: int) -> None:
    """End at once everything that a keeper keeps; returns when it has gone, or waits to be collected."""
    while is_alive(keeper):
        for pid in children_of(keeper):
            send(pid, signal.SIGKILL)
        time.sleep(0.01)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def is_alive(pid: int) -> bool:
    """Whether the process runs; a dead one that nobody has collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def processes_of_data_folder(home: Path) -> tuple[int, ...]:
    """Process ids of every living process that carries the mark of this stack."""
    mark = f"{MARK}={home}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            marked = mark in (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # gone in between, or another user's
            continue
        if marked and is_alive(int(folder.name)):
            found.append(int(folder.name))
    return tuple(found)


def end_leftovers(home: Path, *, patience_s: float = 20.0) -> tuple[int, ...]:
    """End what an earlier stack of this folder left running; returns the process ids that were found.

    Keepers of a parent that was just killed are at work already, so they get ``patience_s`` before SIGKILL.
    """
    found = left = processes_of_data_folder(home)
    deadline = time.monotonic() + patience_s
    for pid in left:
        send(pid, signal.SIGTERM)
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = processes_of_data_folder(home)
    while left:
        for pid in left:
            send(pid, signal.SIGKILL)
        time.sleep(0.1)
        left = processes_of_data_folder(home)
    return found


def _rotate_log(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_KEPT_BYTES:
        log.replace(log.with_name(log.name + ".1"))
