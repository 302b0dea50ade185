"""The file of a frozen selection: its room is taken before numbers are given, its name when it is whole.

In: a path. Out: a `SelectionFile`, which takes room on the disk first and the bytes later. Guaranteed: under the
final name is a whole file or none, readable by its owner alone; what fails leaves nothing beside it. Raises
`SelectionFileError`.
"""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import StorageError
from storage.warc.writer import sync_folder


class SelectionFileError(StorageError):
    """The disk does not take the file of a selection; whoever hands over makes room or names another file."""

    def __init__(self, path: Path, problem: OSError) -> None:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        self.found = "a full disk" if full else (problem.strerror or str(problem))
        super().__init__(
            f"Selection {path}: expected a folder with room for it, found {self.found}. Nothing is left under "
            "that name and nothing was disclosed. Make room or name another file, and freeze again."
        )
        self.path = path
        self.is_full = full


class SelectionFile:
    """A file that is not yet under its name."""

    def __init__(self, path: Path, descriptor: int, begun: Path) -> None:
        self._path = path
        self._descriptor = descriptor
        self._begun = begun

    def reserve(self, length_bytes: int) -> None:
        """Take so much room on the disk, so that writing as much cannot fail for the want of it."""
        try:
            os.posix_fallocate(self._descriptor, 0, length_bytes)
        except OSError as problem:
            raise SelectionFileError(self._path, problem) from problem

    def keep(self, content: bytes) -> None:
        """Write the bytes, and give the file its name."""
        try:
            with os.fdopen(os.dup(self._descriptor), "wb") as file:
                file.write(content)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
            self._begun.rename(self._path)
            sync_folder(self._path.parent)
        except OSError as problem:
            raise SelectionFileError(self._path, problem) from problem


@contextmanager
def selection_file(path: Path) -> Iterator[SelectionFile]:
    """A file that is begun beside ``path``; without `SelectionFile.keep` nothing stays of it."""
    try:
        descriptor, begun = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".begun", dir=path.parent)
    except OSError as problem:
        raise SelectionFileError(path, problem) from problem
    try:
        yield SelectionFile(path, descriptor, Path(begun))
    finally:
        os.close(descriptor)
        Path(begun).unlink(missing_ok=True)
