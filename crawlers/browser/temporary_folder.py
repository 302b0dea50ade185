"""The folder in which a browser and its driver keep what they write while they run: profile, sockets, downloads.

It ends with the crawl. Where everything was killed at once, nobody was left to remove it: the next browser of the
same user does. A folder is in use while its maker holds a lock on it, which ends with the process at the latest.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PREFIX: Final = "letapis-browser-"
VARIABLE: Final = "TMPDIR"
SETTLED_S: Final = 60.0
"""A folder that is younger may not have its lock yet."""


class TemporaryFolder:
    """A new folder for one browser; removes those of browsers that are dead."""

    def __init__(self) -> None:
        _remove_of_dead()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @contextmanager
    def for_programs(self) -> Iterator[None]:
        """What is started within the block keeps its temporary files here."""
        before = os.environ.get(VARIABLE)
        os.environ[VARIABLE] = str(self.path)
        try:
            yield
        finally:
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before

    def remove(self) -> None:
        """The browser has ended; what cannot be removed now goes when the next one starts."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _remove_of_dead() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # another process is at it, or has it
            facts = path.lstat()
            if facts.st_uid != os.geteuid() or time.time() - facts.st_ctime < SETTLED_S:
                continue
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(folder)
