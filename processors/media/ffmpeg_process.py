"""The ``ffmpeg`` program at work on one hostile file: confined, and ended with the block.

In: an open file, the program's arguments, until when. Out: a `ProgramOutput` that gives what it writes as it is
asked for. The program gets the bytes as an open file that it can only read, no more memory than ``PROGRAM_BYTES``,
none of our environment, and dies with us. Its arguments are ours alone: the content is never one. Raises
``NoProgram``.
"""

import ctypes
import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from processors.media.ffmpeg import program

PROGRAM_BYTES = 768 << 20
"""Address space of the program, beside our own limit: both together stay below a gigabyte of memory in use."""

SAID_BYTES = 64 << 10
PIPE_BYTES = 1 << 20
PR_SET_PDEATHSIG = 1


@contextmanager
def running(
    file: int, arguments: Sequence[str], messages: bytearray, deadline: float
) -> Iterator["ProgramOutput"]:
    """The program on the open file until the block ends; ``said`` takes the beginning of what it says."""
    os.lseek(file, 0, os.SEEK_SET)
    process = subprocess.Popen(  # noqa: S603  the program of ``ffmpeg_program``; the content is no argument
        [program(), "-hide_banner", "-nostdin", "-nostats", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"LC_ALL": "C.UTF-8"},
        pass_fds=[file],
        preexec_fn=_confine,  # safe: this process has one thread
    )
    try:
        yield ProgramOutput(process, messages, deadline)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


class ProgramOutput:
    """Both outputs of the program: frames as they are asked for, and the beginning of what it says."""

    def __init__(self, process: "subprocess.Popen[bytes]", messages: bytearray, deadline: float) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.frames, self.words = process.stdout.fileno(), process.stderr.fileno()
        self.messages, self.deadline, self.late = messages, deadline, False
        self.waiting = bytearray()
        self.outputs = selectors.PollSelector()
        for output in (self.frames, self.words):
            self.outputs.register(output, selectors.EVENT_READ)

    def line(self, most: int) -> bytes:
        """The next line without its end; shorter or empty at the end of the output."""
        while (end := self.waiting.find(b"\n")) < 0 and len(self.waiting) < most and self._more():
            pass
        taken = bytes(self.waiting[: end if end >= 0 else most])
        del self.waiting[: len(taken) + 1]
        return taken

    def some(self, most: int) -> bytes:
        """What comes next, at most so many bytes; empty at the end of the output or of the time."""
        if not self.waiting:
            self._more()
        taken = bytes(self.waiting[:most])
        del self.waiting[: len(taken)]
        return taken

    def exit_code(self) -> int | None:
        """How the program ended, once both its outputs have; None where it has not, and is not waited for."""
        return None if self.late or self.outputs.get_map() else self.process.wait()

    def exactly(self, length: int) -> bytes | None:
        """So many bytes, or None where the output ends before."""
        while len(self.waiting) < length:
            if not self._more():
                return None
        taken = bytes(self.waiting[:length])
        del self.waiting[:length]
        return taken

    def _more(self) -> bool:
        """Take in what is there, waiting for it; False at the end of both outputs or of the time."""
        while self.outputs.get_map():
            ready = self.outputs.select(max(0.0, self.deadline - time.monotonic()))
            if not ready:
                self.late = True
                return False
            got = False
            for key, _ in ready:
                part = os.read(key.fd, PIPE_BYTES)
                if not part:
                    self.outputs.unregister(key.fd)
                elif key.fd == self.frames:
                    self.waiting += part
                    got = True
                elif len(self.messages) < SAID_BYTES:
                    self.messages += part
            if got:
                return True
        return False


def _confine() -> None:
    """In the program's process, before it starts: die with us, and no more memory than this."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _, hardest = resource.getrlimit(resource.RLIMIT_AS)
    allowed = PROGRAM_BYTES if hardest == resource.RLIM_INFINITY else min(PROGRAM_BYTES, hardest)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
