"""Media files to readings, in worker processes that a hostile file may kill but not leave.

``Decoders`` starts fresh interpreters (never forks), each with limits on address space, CPU time and open files,
no right to write a file and none of our environment, hands them content as an open file in memory that they cannot
write, and speaks JSON with them: what a worker that was taken over can send back is text, not a pickle. A worker
that dies or hangs is replaced, and its file comes back refused with the reason; no content makes a call raise.
"""

import os
import queue
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from types import TracebackType
from typing import Self

from processors.digest import sha256
from processors.fingerprints.image import ImageLimits
from processors.media.fingerprint_file import from_json, refusal, seconds_for
from processors.media.media_type import MediaFingerprints, sniff
from processors.sandbox.content_worker import ContentWorker
from processors.sandbox.process import DecoderUnavailable, SandboxDied

__all__ = ["DecoderUnavailable", "Decoders"]


class _MediaWorker(ContentWorker):
    """A decoder; the time that one file may take depends on what it is."""

    def __init__(self, limits: ImageLimits) -> None:
        self.limits = limits
        super().__init__("processors.media.decoder_worker", {"limits": asdict(limits)}, limits.seconds)

    def ask(self, content: bytes) -> bytes:
        """The answer for a file; raises ``SandboxDied``."""
        self.seconds = seconds_for(content, self.limits)
        return super().ask(content)


class Decoders:
    """Worker processes that read media: a context manager, for any number of files and threads.

    ``workers`` None means one for each core we may use; each starts when first needed. Ending the
    block ends them; when the process that holds them is killed, they end with it.
    """

    def __init__(self, workers: int | None = None, limits: ImageLimits | None = None) -> None:
        self.workers = workers or len(os.sched_getaffinity(0))
        self.limits = limits or ImageLimits()
        self._idle: queue.SimpleQueue[_MediaWorker | None] = queue.SimpleQueue()

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

    def fingerprint(self, content: bytes) -> MediaFingerprints:
        """Read one file; raises only ``DecoderUnavailable``."""
        worker = self._idle.get()
        try:
            if worker is None:
                worker = _MediaWorker(self.limits)
            return from_json(worker.ask(content))
        except (SandboxDied, ValueError, TypeError, KeyError) as reason:
            assert worker is not None
            worker.end()
            worker = None
            return refusal(sha256(content), sniff(content), str(reason))
        finally:
            self._idle.put(worker)

    def fingerprint_all(self, contents: Iterable[bytes]) -> Iterator[MediaFingerprints]:
        """Read many files at once, answers in the order of the files; holds two files per worker in memory."""
        running: deque[Future[MediaFingerprints]] = deque()
        with ThreadPoolExecutor(self.workers) as threads:
            for content in contents:
                running.append(threads.submit(self.fingerprint, content))
                if len(running) >= 2 * self.workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
