"""A worker as a fork of a process that has done its imports: there at once, and as confined as a fresh one.

In: what it does on its standard input and output. Out: `StartedWorker`. To be called in a process that has seen
neither content nor a secret, and has one thread: the worker has all that is in its memory.
"""

import os
import signal
import time
from collections.abc import Callable
from typing import Final

from processors.sandbox.process import WORKER_ENVIRONMENT, StartedWorker

LOOK_EVERY_S: Final = 0.01


class ForkedWorker:
    """The process, a child of ours."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def kill(self) -> None:
        """End it at once; until its code is taken the number is its own."""
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, minus a signal's number where one ended it; raises ``TimeoutError``."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._code is None:
            pid, status = os.waitpid(self.pid, 0 if deadline is None else os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
            elif deadline is not None and time.monotonic() > deadline:
                raise TimeoutError
            else:
                time.sleep(LOOK_EVERY_S)
        return self._code


def forked_worker(run: Callable[[], None]) -> StartedWorker:
    """Fork a worker that runs ``run``; it finds the pipes on its standard input and output."""
    their_input, to_worker = os.pipe()
    from_worker, their_output = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(to_worker)
            os.close(from_worker)
            become_worker(their_input, their_output)
            run()
        finally:
            os._exit(0)
    os.close(their_input)
    os.close(their_output)
    pipes = os.fdopen(to_worker, "wb", buffering=0), os.fdopen(from_worker, "rb", buffering=0)
    return StartedWorker(ForkedWorker(pid), *pipes)


def become_worker(source: int, sink: int) -> None:
    """Make these two files standard input and output, have no others, and nothing of our environment."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number, file in enumerate((source, sink, nowhere)):
        os.dup2(file, number)
    for file in {source, sink, nowhere} - {0, 1, 2}:
        os.close(file)
    os.environ.clear()
    os.environ.update(WORKER_ENVIRONMENT)
