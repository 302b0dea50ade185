"""Worker processes that a hostile file may kill but not leave: asked over two pipes, replaced when they end.

A worker is a fresh interpreter that runs one of our worker modules (`worker`), or a fork of one that has done its
imports and has seen neither content nor a secret (`processors.sandbox.forked_worker`): limits on address space,
CPU time and open files, no right to write a file, none of our environment. What it answers is text, not a pickle.
Raises ``SandboxDied`` with the reason in words when it died or took too long, and ``DecoderUnavailable`` when none
can be started.
"""

import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import IO, Protocol

from processors.sandbox.worker import LENGTH_BYTES, READY

START_SECONDS = 60.0
LONGEST_ANSWER_BYTES = 16 << 20
PIPE_BYTES = 1 << 16
DEATHS: dict[int, str] = {
    signal.SIGKILL: "the decoder was killed on it",
    signal.SIGSEGV: "the decoder crashed on it",
    signal.SIGABRT: "the decoder gave up on it",
    signal.SIGXCPU: "decoding took too long",
}
WORKER_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
"""The whole environment of a worker; threads of its own would only cost it address space."""


class DecoderUnavailable(Exception):
    """A worker process could not be started: the installation is broken, no file is to blame."""


class SandboxDied(Exception):
    """The worker died or ran out of time; the message says which, ``out_of_time`` whether it was time."""

    def __init__(self, reason: str, *, out_of_time: bool = False) -> None:
        super().__init__(reason)
        self.out_of_time = out_of_time


class WorkerProcess(Protocol):
    """A worker's process, as `subprocess.Popen` has it; None is a code that nobody knows."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def kill(self) -> None:
        """End it at once."""

    def wait(self, timeout: float | None = None) -> int | None:
        """Its exit code, once it has ended."""


@dataclass(frozen=True, slots=True)
class StartedWorker:
    """A worker that somebody has started: its process, and the pipes to and from it."""

    process: WorkerProcess
    to_worker: IO[bytes]
    from_worker: IO[bytes]


class SandboxedProcess:
    """One process and the two pipes to it: ``limits`` is its argument, ``seconds`` what one file may take.

    ``open_files`` are numbers of files of ours that it finds open under the same numbers. ``started`` is a worker
    that was started by other means than as a fresh interpreter.
    """

    def __init__(
        self,
        module: str,
        limits: str,
        seconds: float,
        *,
        longest_answer_bytes: int = LONGEST_ANSWER_BYTES,
        open_files: tuple[int, ...] = (),
        started: StartedWorker | None = None,
    ) -> None:
        self.seconds = seconds
        self.longest_answer_bytes = longest_answer_bytes
        worker = started or _fresh(module, limits, open_files)
        self.process = worker.process
        self._pipes = (worker.to_worker, worker.from_worker)
        self.to_worker, self.from_worker = worker.to_worker.fileno(), worker.from_worker.fileno()
        os.set_blocking(self.to_worker, False)
        os.set_blocking(self.from_worker, False)
        try:
            answer = self._receive(time.monotonic() + START_SECONDS)
        except SandboxDied as reason:
            self.end()
            raise DecoderUnavailable(f"decoder process did not start: {reason}; run `letapis doctor`") from None
        if answer != READY:
            self.end()
            raise DecoderUnavailable(f"decoder process: expected {READY!r}, found {answer[:40]!r}")

    def ask(self, content: bytes) -> bytes:
        """The worker's answer; raises ``SandboxDied``."""
        deadline = time.monotonic() + self.seconds
        self._send(len(content).to_bytes(LENGTH_BYTES, "big"), deadline)
        self._send(content, deadline)
        return self._receive(deadline)

    def end(self) -> None:
        """Kill the process and take leave of it."""
        self.process.kill()
        self.process.wait()
        for pipe in self._pipes:
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
                raise self._exit_reason() from None

    def _receive(self, deadline: float) -> bytes:
        length = int.from_bytes(self._read(LENGTH_BYTES, deadline), "big")
        if length > self.longest_answer_bytes:
            raise SandboxDied(f"the decoder answered with {length} bytes")
        return self._read(length, deadline)

    def _read(self, length: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            self._wait([self.from_worker], [], deadline)
            part = os.read(self.from_worker, min(length - len(parts), PIPE_BYTES))
            if not part:
                raise self._exit_reason()
            parts += part
        return bytes(parts)

    def _wait(self, readers: list[int], writers: list[int], deadline: float) -> None:
        waiting = select.poll()
        for reader in readers:
            waiting.register(reader, select.POLLIN)
        for writer in writers:
            waiting.register(writer, select.POLLOUT)
        if not waiting.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise SandboxDied(f"decoding took longer than {self.seconds:g} s", out_of_time=True)

    def _exit_reason(self) -> SandboxDied:
        code = self.process.wait(timeout=START_SECONDS)
        if code is None:
            return SandboxDied("the decoder ended on it")
        reason = DEATHS.get(-code, f"the decoder ended on it with code {code}")
        return SandboxDied(reason, out_of_time=-code == signal.SIGXCPU)


def _fresh(module: str, limits: str, open_files: tuple[int, ...]) -> StartedWorker:
    process = subprocess.Popen(  # noqa: S603  our own interpreter on our own module
        [sys.executable, "-I", "-m", module, limits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=WORKER_ENVIRONMENT,
        pass_fds=open_files,
        bufsize=0,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    return StartedWorker(process, process.stdin, process.stdout)
