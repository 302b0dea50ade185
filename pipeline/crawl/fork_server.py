"""Has processes forked by one that has done its imports: what is wanted is there at once, and shares its memory.

In: what is wanted, and the files that it finds open. Out: `ForkedProcess`: its process id, its end. The server
(`pipeline.crawl.fork_server_process`) is a fresh interpreter without the secrets of this installation, and never
sees a job: what it forks gets that through its own pipes. It stands under a keeper, so that it and all that it
forked end with this process, in whatever way that ends. Raises `ForkServerGone`.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from pipeline.crawl.secrets import engine_environment
from pipeline.supervise.processes import KEEPER
from processors.sandbox.process import DecoderUnavailable, StartedWorker

MOST_REQUEST_BYTES: Final = 1 << 16
MOST_FILES: Final = 8

PAUSE_S: Final = 30.0
"""After a server that ended by itself: what lets it end may let the next one end, too."""

START_S: Final = 60.0
"""How long its imports may take on a busy machine."""


class ForkServerGone(Exception):
    """The server has ended, or has not answered in time; what is wanted has to be started afresh."""


class ForkedProcess:
    """A process that the server has forked. It is told to end (SIGTERM) when this end is closed."""

    def __init__(self, status: socket.socket) -> None:
        self._status = status
        self._pid: int | None = None
        self._code: int | None = None
        self._ended = False

    @property
    def pid(self) -> int:
        """Its process id; waits until it is forked. Raises `ForkServerGone`."""
        if self._pid is None:
            self._pid = self._next_number(START_S)
        if self._pid is None:
            raise ForkServerGone
        return self._pid

    def poll(self) -> bool:
        """Whether it has ended, or its server has."""
        if not self._ended and self._pid is None:
            self._pid = self._next_number(0.0)
        if not self._ended and self._pid is not None:
            self._code = self._next_number(0.0)
        return self._ended

    def wait(self, timeout: float | None = None) -> int | None:
        """Its exit code, as `subprocess.Popen.wait` gives it; None where its server ended before it.

        Raises ``TimeoutError``.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._ended:
            rest = None if deadline is None else max(0.0, deadline - time.monotonic())
            number = self._next_number(rest)
            if self._pid is None:
                self._pid = number
            else:
                self._code = number
            if number is None and not self._ended:
                raise TimeoutError
        return self._code

    def kill(self) -> None:
        """Have the server end it, if it has not ended."""
        if not self._ended:
            with suppress(OSError):  # its server has ended, and all that it forked with it
                self._status.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Take leave of it."""
        self._ended = True
        self._status.close()

    def _next_number(self, within_s: float | None) -> int | None:
        """What the server says next; None where it says nothing in time, or nothing any more."""
        self._status.settimeout(within_s)
        try:
            message = self._status.recv(64)
        except (TimeoutError, BlockingIOError):
            return None
        except OSError:
            message = b""
        if not message or self._pid is not None:
            self.close()
        return int(message) if message else None


class ForkServer:
    """One server for a process that wants many; it starts when first needed, and again where it has ended.

    ``grace_s`` is how long what it forked may take to end.
    """

    def __init__(self, *, grace_s: float) -> None:
        self._grace_s = grace_s
        self._changing = threading.Lock()
        self._control: socket.socket | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._not_before = float("-inf")

    def fork(self, wanted: Mapping[str, Any], files: Sequence[int]) -> ForkedProcess:
        """Have a process forked that does what ``wanted`` names; returns at once."""
        with self._changing:
            self._start_if_needed()
            assert self._control is not None
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                try:
                    socket.send_fds(self._control, [json.dumps(dict(wanted)).encode()], [theirs.fileno(), *files])
                except OSError as gone:
                    ours.close()
                    raise ForkServerGone from gone
        return ForkedProcess(ours)

    def forked_parsers(self) -> StartedWorker:
        """A confined reader of pages; raises `DecoderUnavailable`."""
        their_input, to_worker = os.pipe()
        from_worker, their_output = os.pipe()
        pipes = os.fdopen(to_worker, "wb", buffering=0), os.fdopen(from_worker, "rb", buffering=0)
        try:
            return StartedWorker(self.fork({"what": "parsers"}, [their_input, their_output]), *pipes)
        except ForkServerGone as gone:
            for pipe in pipes:
                pipe.close()
            raise DecoderUnavailable("the process that forks decoders has ended") from gone
        finally:
            os.close(their_input)
            os.close(their_output)

    def end(self) -> None:
        """End the server and all that it forked; returns when none is left."""
        with self._changing:
            self._end()

    def _start_if_needed(self) -> None:
        if self._keeper is not None and self._keeper.poll() is None:
            return
        if time.monotonic() < self._not_before:
            raise ForkServerGone
        self._end()
        self._not_before = time.monotonic() + PAUSE_S
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stop = [str(int(signal.SIGTERM)), str(self._grace_s), "-", "-"]
        server = [sys.executable, "-m", "pipeline.crawl.fork_server_process", str(theirs.fileno())]
        with theirs:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(KEEPER), *stop, *server],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env=dict(engine_environment()),
                pass_fds=(theirs.fileno(),),
            )

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._keeper is not None:
            assert self._keeper.stdin is not None
            self._keeper.stdin.close()
            self._keeper.wait()
        self._control = self._keeper = None
