"""Files with a secret: their owner's alone, made once and read whole.

In: a path outside store and database. Out: bytes. Raises `NotPrivateError`, from which whoever asks makes the
sentence for their own file; no message contains a byte of it.
"""

import os
import stat
from pathlib import Path

from storage.private_folder import OTHERS, folder_of_secret


class NotPrivateError(ValueError):
    """The file cannot be read, is none, or others may read it too."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected = expected
        self.found = found


def read_private_file(path: Path, most_bytes: int) -> bytes:
    """The first ``most_bytes`` of the file; raises `NotPrivateError`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as problem:
        raise NotPrivateError("a file that can be read", problem.strerror or str(problem)) from problem
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise NotPrivateError("a file", "something else")
        if mode & OTHERS:
            raise NotPrivateError("a file of its owner alone (mode 0600)", f"mode {stat.S_IMODE(mode):04o}")
        return os.read(descriptor, most_bytes)
    finally:
        os.close(descriptor)


def make_private_file(path: Path, content: bytes) -> None:
    """Write a file for its owner alone; raises ``FileExistsError`` where something stands there.

    What the disk does not take whole is not left there, since the next reader would take it for the secret.
    """
    folder_of_secret(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
