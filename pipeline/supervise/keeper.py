"""Keeps one command and everything it starts, and ends all of it on request or when its own parent dies.

A script of the standard library alone (started with ``-I -S``, so that it costs little):

    keeper.py STOP_SIGNAL GRACE_S UID GID COMMAND...

What is forked and needs no command of its own is kept by `keep`.

Standard input is a pipe held by the parent: at its end, even after ``kill -9`` of the parent, the keeper sends
STOP_SIGNAL to the command, waits GRACE_S seconds, and then ends what is left. The keeper is the subreaper of all
its descendants, so a process that has left its group or lost its parent is still found; it goes only when it has
no child left, alive or dead. UID and GID are ``-`` or whom the command runs as. The exit code is the command's
(128 + signal).
"""

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
"""Numbers of linux/prctl.h."""

SECONDS_FOR_THE_REST = 5.0
"""How long descendants that outlived the command get between SIGTERM and SIGKILL."""

libc = ctypes.CDLL(None, use_errno=True)


def start(run: Callable[[], object], uid: str, gid: str) -> int:
    """Fork a process with a session of its own that does ``run`` and ends; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        keep_priority()
        os.umask(0o077)  # what a service writes, sockets included, is its account's alone
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if uid != "-":
            os.setgroups([])
            os.setgid(int(gid))
            os.setuid(int(uid))
        # After setuid, which would clear it. Without it, a keeper killed with -9 would leave the command running.
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        run()
    except OSError as problem:
        os.write(2, f"the keeper's process: {problem.strerror}\n".encode())
    finally:
        os._exit(127)


def execute(command: list[str]) -> None:
    """Become the command."""
    try:
        os.execvp(command[0], command)  # noqa: S606 - a shell is not wanted
    except OSError as problem:
        os.write(2, f"{command[0]}: {problem.strerror}\n".encode())


def keep_priority() -> None:
    """Have the new session yield as its starter does.

    Where Linux groups processes by session (sched(7), "The autogroup feature"), niceness counts inside a group
    alone, and a new group begins with none.
    """
    niceness = os.nice(0)
    if niceness > 0:
        try:  # noqa: SIM105 - contextlib would cost each start its import
            Path("/proc/self/autogroup").write_text(str(niceness))
        except OSError:  # no groups here, or too many changes at once
            pass


def descendants() -> list[int]:
    """Process ids of every living process below this one."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                # The name in parentheses may hold anything; state and parent follow the last parenthesis.
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                children.setdefault(int(parent), []).append(int(folder.name))
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def signal_all(number: int) -> None:
    """Send a signal to every descendant."""
    for pid in descendants():
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


class Watch:
    """Waits for what a keeper waits for: the end of its children, and the word or the end of its parent."""

    def __init__(self, command_pid: int) -> None:
        self.exit_code: int | None = None
        self.any_left = True
        self.must_stop = False
        self._command_pid = command_pid
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        self._watched = [0, self._woken]

    @property
    def stopping_or_ended(self) -> bool:
        """Whether the command has ended or has to."""
        return self.must_stop or self.exit_code is not None

    def until(self, reached: Callable[[], bool], within_s: float = float("inf")) -> None:
        """Return when ``reached`` says so, no child is left, or time is up."""
        deadline = time.monotonic() + within_s
        self._collect_the_dead()
        while self.any_left and not reached() and time.monotonic() < deadline:
            rest_s = None if within_s == float("inf") else max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select(self._watched, [], [], rest_s)
            if self._woken in ready and signal.SIGTERM in os.read(self._woken, 512):
                self.must_stop = True
            if 0 in ready and not os.read(0, 512):
                self.must_stop = True
                self._watched.remove(0)
            self._collect_the_dead()

    def _collect_the_dead(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self.any_left = False
                return
            if not pid:
                return
            if pid == self._command_pid:
                code = os.waitstatus_to_exitcode(status)
                self.exit_code = code if code >= 0 else 128 - code


def keep(run: Callable[[], object], stop_signal: int, grace_s: float, uid: str = "-", gid: str = "-") -> int:
    """Keep a process that does ``run`` until it ends or must end; returns its exit code."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # seen through the wake-up pipe
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    command_pid = start(run, uid, gid)
    watch = Watch(command_pid)

    watch.until(lambda: watch.stopping_or_ended)
    if watch.exit_code is None:
        os.kill(command_pid, stop_signal)
        watch.until(lambda: watch.exit_code is not None, within_s=grace_s)
    if watch.any_left:
        signal_all(signal.SIGTERM)
        watch.until(lambda: False, within_s=SECONDS_FOR_THE_REST)
    while watch.any_left:
        # Again and again: a dying parent may have forked in between.
        signal_all(signal.SIGKILL)
        watch.until(lambda: False, within_s=0.1)
    return 1 if watch.exit_code is None else watch.exit_code


def main(arguments: list[str]) -> int:
    """Keep the command; returns its exit code."""
    stop_signal, grace_s, uid, gid = int(arguments[0]), float(arguments[1]), arguments[2], arguments[3]
    return keep(lambda: execute(arguments[4:]), stop_signal, grace_s, uid, gid)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
