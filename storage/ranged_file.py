"""A file that is read by ranges from elsewhere, for readers that seek, such as `zipfile`."""

import io
from collections.abc import Callable
from typing import Any


class RangedFile(io.RawIOBase):
    """``read(offset, length)`` gives the bytes; wrap in `io.BufferedReader`, since each call may be a request."""

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
