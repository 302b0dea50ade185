"""The inside of an expendable process: answers one file after another until its input ends.

Frames on standard input and output: eight bytes of length, big-endian, then the bytes; the first out is ``READY``.
Limits are set before the first byte of content is seen.
"""

import math
import os
import resource
from collections.abc import Callable
from typing import BinaryIO

LENGTH_BYTES = 8
READY = b"ready"
OPEN_FILES = 16


def serve(
    answer: Callable[[bytes], bytes],
    *,
    memory_bytes: int,
    seconds: float | Callable[[bytes], float],
    confine_more: Callable[[], None] = lambda: None,
) -> None:
    """Answer until standard input ends; ``seconds`` is the CPU time each file may take, or gives it for a file.

    ``confine_more`` takes more from this process than the limits do, before the first byte of content is seen.
    """
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)  # a library that prints must not speak between our frames
    _confine(memory_bytes)
    confine_more()
    with os.fdopen(source, "rb") as contents, os.fdopen(sink, "wb") as answers:
        _send(READY, answers)
        while head := contents.read(LENGTH_BYTES):
            content = contents.read(int.from_bytes(head, "big"))
            _allow_seconds(seconds(content) if callable(seconds) else seconds)
            _send(answer(content), answers)


def _confine(memory_bytes: int) -> None:
    """No more address space than this, no file written, no core left behind."""
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        _, hardest = resource.getrlimit(limit)
        allowed = value if hardest == resource.RLIM_INFINITY else min(value, hardest)
        resource.setrlimit(limit, (allowed, allowed))


def _allow_seconds(seconds: float) -> None:
    """CPU time from now on; its end kills us, so that nothing spins on when our parent is gone."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hardest = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(usage.ru_utime + usage.ru_stime + seconds) + 1, hardest))


def _send(text: bytes, answers: BinaryIO) -> None:
    answers.write(len(text).to_bytes(LENGTH_BYTES, "big") + text)
    answers.flush()
