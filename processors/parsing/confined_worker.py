"""A worker process for pages that a hostile page may kill but not leave: asked one frame at a time, replaced.

In: frames. Out: values checked against their types, or `PageNotRead` with the reason. The worker starts when the
first frame comes; one that goes beyond `PageLimits` ends it, and the next gets another. A frame on which the
worker crashed or lacked memory is tried once more by a fresh worker, since pages before it may have left that one
short, and then never. Raises ``DecoderUnavailable`` where no worker can be started.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TypeVar

from processors.parsing.limits import PageLimits
from processors.parsing.parsers import PageNotRead
from processors.parsing.result_json import from_json
from processors.sandbox.process import SandboxDied, SandboxedProcess, StartedWorker

_Value = TypeVar("_Value")


class ConfinedWorker:
    """One worker module; used by any number of threads. ``prologue`` are frames that each new worker gets
    first. ``first`` starts the first worker by other means; those that replace it are fresh interpreters.
    """

    def __init__(
        self,
        module: str,
        limits: PageLimits,
        *,
        prologue: tuple[bytes, ...] = (),
        first: Callable[[], StartedWorker] | None = None,
    ) -> None:
        self.limits = limits
        self._module = module
        self._prologue = prologue
        self._first = first
        self._process: SandboxedProcess | None = None
        self._one_at_a_time = threading.Lock()

    def start(self) -> None:
        """Start the worker before the first frame comes; returns when it has done its imports."""
        with self._one_at_a_time:
            if self._process is None:
                self._process = self._begun()

    def close(self) -> None:
        """End the worker; the next frame starts another."""
        with self._one_at_a_time:
            self._end()

    def ask(self, frame: bytes, of: type[_Value]) -> _Value:
        """What the worker makes of the frame."""
        with self._one_at_a_time:
            fresh = self._process is None
            try:
                return self._request(frame, of)
            except PageNotRead as why:
                if fresh or not why.limit or str(why) == self._too_long(frame):
                    raise
            return self._request(frame, of)

    def _request(self, frame: bytes, of: type[_Value]) -> _Value:
        try:
            if self._process is None:
                self._process = self._begun()
            self._process.seconds = self.limits.patience * self.limits.seconds_for(len(frame))
            answer = self._process.ask(frame)
            if answer[:1] == b"=":
                return from_json(answer[1:], of)
            lacked_memory, reason = json.loads(answer[1:])
        except (SandboxDied, ValueError, TypeError, KeyError, RecursionError) as gone:
            self._end()
            if isinstance(gone, SandboxDied) and gone.out_of_time:
                raise PageNotRead(self._too_long(frame), limit=True) from None
            raise PageNotRead(f"reading the page ended its worker: {gone}", limit=True) from None
        if lacked_memory:
            self._end()
            most = self.limits.memory_bytes >> 20
            raise PageNotRead(f"reading the page takes more than {most} MB of memory", limit=True)
        raise PageNotRead(str(reason), limit=False)

    def _too_long(self, frame: bytes) -> str:
        seconds = self.limits.seconds_for(len(frame))
        return f"reading the page takes more than {seconds:g} s of processor time"

    def _begun(self) -> SandboxedProcess:
        """A fresh worker, which has its prologue."""
        process = self._started()
        for first in self._prologue:
            process.ask(first)
        return process

    def _started(self) -> SandboxedProcess:
        limits, first = self.limits, self._first
        self._first = None
        return SandboxedProcess(
            self._module,
            json.dumps(asdict(limits)),
            limits.seconds,
            longest_answer_bytes=limits.answer_bytes,
            started=None if first is None else first(),
        )

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None
