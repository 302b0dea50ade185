"""Files that are views of others: read by ranges from elsewhere, or hashed while they are read."""

import io
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO, Protocol


class RangedFile(io.RawIOBase):
    """A file read by ranges, for readers that seek, such as `zipfile`.

    ``read(offset, length)`` gives the bytes; wrap in `io.BufferedReader`, since each call may be a request.
    """

    def __init__(self, read: Callable[[int, int], bytes], length_bytes: int) -> None:
        self._read = read
        self._length_bytes = length_bytes
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to ``offset`` bytes from the start, here, or the end; returns where that is from the start."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length_bytes}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as the file goes."""
        length = min(len(buffer), max(0, self._length_bytes - self._at))
        content = self._read(self._at, length) if length else b""
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)


class Hash(Protocol):
    """A digest that runs along."""

    def update(self, content: bytes, /) -> None:
        """Take more bytes."""
        ...


class TeeReader:
    """Hands on what it reads from ``inner`` and feeds it to ``hashes``; reads forward only.

    A thread of its own hashes one piece while the next is worked on, since hashing does not hold up the
    interpreter. The hashes are whole once the reader was left as a context.
    """

    def __init__(self, inner: BinaryIO, hashes: tuple[Hash, ...]) -> None:
        self._inner = inner
        self._hashes = hashes
        self._beside = ThreadPoolExecutor(max_workers=1)
        self._last: Future[None] | None = None
        self.length_bytes = 0

    def __enter__(self) -> "TeeReader":
        return self

    def __exit__(self, *_: object) -> None:
        with self._beside:
            if self._last is not None:
                self._last.result()

    def read(self, most: int, /) -> bytes:
        """Up to ``most`` bytes; empty at the end."""
        content = self._inner.read(most)
        if content:
            if self._last is not None:
                self._last.result()
            self._last = self._beside.submit(self._feed, content)
        self.length_bytes += len(content)
        return content

    def _feed(self, content: bytes) -> None:
        for running in self._hashes:
            running.update(content)
