"""The thread that turns relayed bytes into kept captures, so that the relay never waits for a disk.

Comes in: pieces of messages and finished exchanges, in order, from the event loop. Goes out: calls of
``CaptureSink.keep``, one at a time. Large messages go to nameless temporary files in the crawl's folder. The first
error, above all a full disk, ends the writer: ``failed`` then has it, and nothing is kept after it.
"""

import asyncio
import hashlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from crawlers.model.capture import Captured
from crawlers.model.exchange import Message
from crawlers.model.protocols import CaptureSink
from processors.digest import Digest
from processors.http.body import PayloadPiece

SPILL_BYTES = 512 << 10
"""Above this a message goes to disk."""
READ_BYTES = 1 << 20
MOST_WAITING_BYTES = 32 << 20
"""When more waits for the writer, reading from sites pauses until half of it is done."""


class TemporaryBytes:
    """A ``ByteSource`` in a temporary file that has no name: it goes when nobody holds it, even after a crash."""

    def __init__(self, file: BinaryIO, length_bytes: int, digest: Digest) -> None:
        self._file = file
        self.length_bytes = length_bytes
        self.digest = digest

    def chunks(self) -> Iterator[bytes]:
        """The bytes from the first, in pieces of up to a MiB."""
        self._file.seek(0)
        while chunk := self._file.read(READ_BYTES):
            yield chunk


class MessageBuffer:
    """The bytes of one message as they gather in the writer's thread, and their digests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pieces: list[PayloadPiece] = []
        self._payload: list[PayloadPiece] = []
        self._length = 0
        self._payload_length = 0
        self._file: BinaryIO | None = None
        self._sha256 = hashlib.sha256()
        self._payload_sha256 = hashlib.sha256()

    def add(self, pieces: Sequence[PayloadPiece], payload: Sequence[PayloadPiece]) -> None:
        """Take the next bytes; ``payload`` are those of them that belong to the payload."""
        self._pieces += pieces
        self._payload += payload
        self._length += sum(map(len, pieces))
        self._payload_length += sum(map(len, payload))
        if self._length > SPILL_BYTES:
            self._spill()

    def message(self, head_length: int, *, has_payload: bool = True) -> Message:
        """The whole message."""
        if self._file is not None:
            self._spill()
            block: bytes | TemporaryBytes = TemporaryBytes(self._file, self._length, self._digest(self._sha256))
        else:
            block = b"".join(self._pieces)
            self._sha256.update(block)
            if self._payload_length == self._length - head_length:
                self._payload_sha256.update(memoryview(block)[head_length:])
            else:
                self._payload_sha256.update(b"".join(self._payload))
        return Message(
            block=block,
            head_length=head_length,
            block_digest=self._digest(self._sha256),
            payload_digest=self._digest(self._payload_sha256) if has_payload else None,
            payload_length=self._payload_length,
        )

    def content(self) -> bytes | TemporaryBytes:
        """The bytes alone, for what is no message."""
        if self._file is None:
            return b"".join(self._pieces)
        self._spill()
        return TemporaryBytes(self._file, self._length, self._digest(self._sha256))

    def _spill(self) -> None:
        try:
            self._write_out()
        except OSError as error:
            reason = (
                f"a large body could not be kept in {self._folder}: {error.strerror}, with "
                f"{disk_usage(self._folder).free} bytes free there; make room, then run again"
            )
            raise OSError(error.errno, reason) from error

    def _write_out(self) -> None:
        if self._file is None:
            spilled = TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - it lives as long as the message
            self._file = cast(BinaryIO, spilled)
        block, payload = b"".join(self._pieces), b"".join(self._payload)
        self._sha256.update(block)
        self._payload_sha256.update(payload)
        view = memoryview(block)
        while view:
            view = view[self._file.write(view) :]
        self._pieces.clear()
        self._payload.clear()

    @staticmethod
    def _digest(sha256: "hashlib._Hash") -> Digest:
        return Digest("sha256", sha256.digest())


class WriterThread:
    """Runs jobs one after the other in a thread of its own."""

    def __init__(self, sink: CaptureSink, folder: Path) -> None:
        self.folder = folder
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Never has a result; an exception when nothing can be kept any more."""
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[tuple[Callable[[], None], int] | None] = queue.SimpleQueue()
        self._submitted_bytes = 0
        self._done_bytes = 0
        self._on_room: Callable[[], None] | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    @property
    def is_saturated(self) -> bool:
        """Whether so much waits that reading should pause."""
        return self._submitted_bytes - self._done_bytes > MOST_WAITING_BYTES

    def submit(self, job: Callable[[], None], cost_bytes: int) -> None:
        """Have the job done after all before it; ``cost_bytes`` is what it holds in memory until then."""
        self._submitted_bytes += cost_bytes
        self._jobs.put((job, cost_bytes))

    def keep(self, item: Captured) -> None:
        """For jobs: hand the item to the sink."""
        self._sink.keep(item)

    def call_on_room(self, callback: Callable[[], None]) -> None:
        """Call back in the event loop once half of what may wait is done."""
        self._on_room = callback
        self._jobs.put((lambda: None, 0))  # so that the thread looks again, even when it has just finished all

    async def keep_async(self, item: Captured) -> None:
        """Keep the item after all that was given before; returns when it is kept, raises what keeping raised."""
        kept: asyncio.Future[None] = self._loop.create_future()

        def job() -> None:
            try:
                self._sink.keep(item)
            except Exception as error:
                self._loop.call_soon_threadsafe(_fail, kept, error)
                raise
            self._loop.call_soon_threadsafe(_done, kept)

        self.submit(job, 0)
        await asyncio.wait({kept, self.failed}, return_when=asyncio.FIRST_COMPLETED)
        (kept if kept.done() else self.failed).result()

    async def close(self) -> None:
        """Return when all that was given is kept; raises what made the writer fail."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (entry := self._jobs.get()) is not None:
            job, cost_bytes = entry
            if self._error is None:
                try:
                    job()
                except Exception as error:
                    self._error = error
                    self._loop.call_soon_threadsafe(_fail, self.failed, error)
            del job, entry
            self._done_bytes += cost_bytes
            callback = self._on_room
            if callback is not None and self._submitted_bytes - self._done_bytes <= MOST_WAITING_BYTES // 2:
                self._on_room = None
                self._loop.call_soon_threadsafe(callback)


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # it may be that nobody waits for this one; ``close`` raises it in any case


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
