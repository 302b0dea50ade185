"""Media files to readings, in worker processes that a hostile file may kill but not leave.

``Decoders`` starts fresh interpreters (never forks), each with limits on address space, CPU time and open files,
no right to write a file and none of our environment, and speaks JSON with them: what a worker that was taken over
can send back is text, not a pickle. A worker that dies or hangs is replaced, and its file comes back refused with
the reason; no content makes a call raise.
"""

import json
import os
import queue
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from types import TracebackType
from typing import Self

from processors.decode_worker import LENGTH_BYTES, READY
from processors.digest import sha256
from processors.media import MediaReading, sniff
from processors.picture import Limits
from processors.reading import from_text, refusal

START_SECONDS = 60.0
LONGEST_ANSWER_BYTES = 16 << 20
PIPE_BYTES = 1 << 16
DEATHS: dict[int, str] = {
    signal.SIGKILL: "the decoder was killed on it",
    signal.SIGSEGV: "the decoder crashed on it",
    signal.SIGABRT: "the decoder gave up on it",
    signal.SIGXCPU: "decoding took too long",
}
QUIET = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
"""The whole environment of a worker; threads of its own would only cost it address space."""


class DecoderUnavailable(Exception):
    """A worker process could not be started: the installation is broken, no file is to blame."""


class _Gone(Exception):
    """The worker died or ran out of time; the message says which."""


class _Worker:
    """One process and the two pipes to it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.process = subprocess.Popen(  # noqa: S603  our own interpreter on our own module
            [sys.executable, "-I", "-m", "processors.decode_worker", json.dumps(asdict(limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=QUIET,
            bufsize=0,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.to_worker, self.from_worker = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.to_worker, False)
        os.set_blocking(self.from_worker, False)
        try:
            answer = self._receive(time.monotonic() + START_SECONDS)
        except _Gone as reason:
            self.end()
            raise DecoderUnavailable(f"decoder process did not start: {reason}; run `letapis doctor`") from None
        if answer != READY:
            self.end()
            raise DecoderUnavailable(f"decoder process: expected {READY!r}, found {answer[:40]!r}")

    def ask(self, content: bytes) -> bytes:
        """The worker's answer; raises ``_Gone``."""
        deadline = time.monotonic() + self.limits.seconds
        self._send(len(content).to_bytes(LENGTH_BYTES, "big"), deadline)
        self._send(content, deadline)
        return self._receive(deadline)

    def end(self) -> None:
        """Kill the process and take leave of it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, content: bytes, deadline: float) -> None:
        rest = memoryview(content)
        while rest:
            self._wait([], [self.to_worker], deadline)
            try:
                rest = rest[os.write(self.to_worker, rest[: 16 * PIPE_BYTES]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise _Gone(self._death()) from None

    def _receive(self, deadline: float) -> bytes:
        length = int.from_bytes(self._read(LENGTH_BYTES, deadline), "big")
        if length > LONGEST_ANSWER_BYTES:
            raise _Gone(f"the decoder answered with {length} bytes")
        return self._read(length, deadline)

    def _read(self, length: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            self._wait([self.from_worker], [], deadline)
            part = os.read(self.from_worker, min(length - len(parts), PIPE_BYTES))
            if not part:
                raise _Gone(self._death())
            parts += part
        return bytes(parts)

    def _wait(self, readers: list[int], writers: list[int], deadline: float) -> None:
        waiting = select.poll()
        for reader in readers:
            waiting.register(reader, select.POLLIN)
        for writer in writers:
            waiting.register(writer, select.POLLOUT)
        if not waiting.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise _Gone(f"decoding took longer than {self.limits.seconds:g} s")

    def _death(self) -> str:
        code = self.process.wait(timeout=START_SECONDS)
        return DEATHS.get(-code, f"the decoder ended on it with code {code}")


class Decoders:
    """Worker processes that read media: a context manager, for any number of files and threads.

    ``workers`` None means one for each core we may use; each starts when first needed. Ending the
    block ends them; when the process that holds them is killed, they end with it.
    """

    def __init__(self, workers: int | None = None, limits: Limits | None = None) -> None:
        self.workers = workers or len(os.sched_getaffinity(0))
        self.limits = limits or Limits()
        self._idle: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        for _ in range(self.workers):
            self._idle.put(None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in range(self.workers):
            worker = self._idle.get()
            if worker is not None:
                worker.end()

    def fingerprint(self, content: bytes) -> MediaReading:
        """Read one file; raises only ``DecoderUnavailable``."""
        worker = self._idle.get()
        try:
            if worker is None:
                worker = _Worker(self.limits)
            return from_text(worker.ask(content))
        except (_Gone, ValueError, TypeError, KeyError) as reason:
            assert worker is not None
            worker.end()
            worker = None
            return refusal(sha256(content), sniff(content), str(reason))
        finally:
            self._idle.put(worker)

    def fingerprint_all(self, contents: Iterable[bytes]) -> Iterator[MediaReading]:
        """Read many files at once, answers in the order of the files; holds two files per worker in memory."""
        running: deque[Future[MediaReading]] = deque()
        with ThreadPoolExecutor(self.workers) as threads:
            for content in contents:
                running.append(threads.submit(self.fingerprint, content))
                if len(running) >= 2 * self.workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
