"""The lock that says whether a crawl's spool folder belongs to a living process (``flock`` ends with its
holder)."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import StorageError

LOCK_NAME = "lock"


class CrawlAliveError(StorageError):
    """Another process holds the crawl's lock: it is being written or recovered now; come back later."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"Crawl {folder.name}: its spool folder is held by a living process; nothing was touched."
        )
        self.folder = folder


@contextmanager
def lock_crawl(folder: Path) -> Iterator[None]:
    """Hold the lock of a crawl's folder; raises ``CrawlAliveError`` where another process does."""
    descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CrawlAliveError(folder) from error
        yield
    finally:
        os.close(descriptor)
