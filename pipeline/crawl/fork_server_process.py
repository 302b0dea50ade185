"""The process that forks for `pipeline.crawl.fork_server`, started as a module with the number of a socket.

In: over the socket, what is wanted as one JSON object, with the files for it; the first
of them is a socket on which this process answers with the process id, and at its end with the exit code. Out: a
crawl under a keeper of its own (`pipeline.crawl.forked_crawl`), or a confined reader of pages. It ends once nobody
can ask it any more, or on SIGTERM, after all that it forked has ended.

It imports everything before the first fork, starts no thread, opens nothing, and never sees a job or a page: what
one process that it forked is given, no other has in its memory.
"""

import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

from crawlers.engine.imports import import_what_crawls_use
from crawlers.log_lines import begin_json_lines
from pipeline.crawl.fork_server import MOST_FILES, MOST_REQUEST_BYTES
from pipeline.crawl.forked_crawl import keep_forked_crawl
from processors.parsing.forked_parsers import import_parsers, serve_forked

Wanted = Callable[[Mapping[str, Any], Sequence[int]], int]
"""What runs in a forked process, given what was wanted and its files: returns the exit code."""

WANTED: Final[Mapping[str, Wanted]] = {"crawl": keep_forked_crawl, "parsers": serve_forked}


class Server:
    """Forks on request, and says when what it forked has ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._answers: dict[int, socket.socket] = {}
        self._signalled: set[int] = set()
        self._ending = False
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        signal.set_wakeup_fd(self._wake)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda *_: None)  # seen through the pipe

    def serve(self) -> None:
        """Until nobody can ask any more and all have ended."""
        while self._answers or not self._ending:
            by_number = {
                answer.fileno(): pid for pid, answer in self._answers.items() if pid not in self._signalled
            }
            listened = () if self._ending else (self._control,)
            ready, _, _ = select.select([self._woken, *listened, *by_number], [], [])
            if self._woken in ready and signal.SIGTERM in os.read(self._woken, 512):
                self._begin_end()
            for number in ready:
                if number in by_number:  # who wanted it sends nothing, so this is the end of its interest
                    self._signal_to_end(by_number[number])
            self._collect_the_dead()
            if self._control in ready:
                self._fork_next()

    def _fork_next(self) -> None:
        request, files, _, _ = socket.recv_fds(self._control, MOST_REQUEST_BYTES, MOST_FILES)
        if not files:
            self._begin_end()
            return
        answer = socket.socket(fileno=files[0])
        pid = os.fork()
        if pid == 0:
            answer.close()
            self._leave_to_child()
            run_and_exit(json.loads(request), files[1:])
        for each in files[1:]:
            os.close(each)
        self._answers[pid] = answer
        self._send(pid, pid)

    def _leave_to_child(self) -> None:
        """Let go, in the child, of all that is the server's."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        self._control.close()
        for answer in self._answers.values():
            answer.close()
        os.close(self._woken)
        os.close(self._wake)

    def _begin_end(self) -> None:
        if not self._ending:
            self._ending = True
            for pid in self._answers:
                self._signal_to_end(pid)

    def _signal_to_end(self, pid: int) -> None:
        """Signal it once; it is our child and not collected, so this is nobody else's number."""
        if pid not in self._signalled:
            self._signalled.add(pid)
            os.kill(pid, signal.SIGTERM)

    def _collect_the_dead(self) -> None:
        while self._answers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            self._send(pid, os.waitstatus_to_exitcode(status))
            self._answers.pop(pid).close()
            self._signalled.discard(pid)

    def _send(self, pid: int, number: int) -> None:
        try:
            self._answers[pid].send(str(number).encode())
        except OSError:  # nobody wants to know any more
            return


def run_and_exit(wanted: Mapping[str, Any], files: Sequence[int]) -> NoReturn:
    """Do in a forked process what is wanted; whatever happens, the code of the server never goes on in it."""
    code = 70  # EX_SOFTWARE
    try:
        code = WANTED[wanted["what"]](wanted, files)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main(arguments: list[str]) -> None:
    """Import, then serve."""
    begin_json_lines()
    import_what_crawls_use(browser=True)
    import_parsers()
    gc.collect()
    gc.freeze()  # what is there now is never looked at again, so that its memory stays shared
    if threading.active_count() != 1:
        raise SystemExit("the fork server: expected one thread after the imports; a fork would lose the others")
    Server(socket.socket(fileno=int(arguments[0]))).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
