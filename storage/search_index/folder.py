"""Where the index of a host lies: which folder is in use, who writes.

In: the folder of the setting ``LETAPIS_SEARCH_INDEX``. Out: paths. The file ``current`` names the folder in use
and is replaced in one step; folders that are not in use are removed by the writer. Whoever writes holds the lock
on ``writer.lock``, which ends with its process. Raises `IndexBusyError`.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ulid import ULID

from storage.errors import StorageError
from storage.private_folder import closed_folder, new_closed_folder
from storage.search_index.schema import index_version

CURRENT: Final = "current"
LOCK: Final = "writer.lock"
REBUILD: Final = "rebuild"
_PREFIX: Final = "index-"


class IndexBusyError(StorageError):
    """Another process brings the index of this host up to date."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"Another process writes the search index in {folder}: the API server brings it up to date by itself. "
            "Nothing was changed. To make it anew, stop the API server of this host first, or wait until it has."
        )
        self.folder = folder


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Be the one who writes while the block runs; raises `IndexBusyError`."""
    closed_folder(folder)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise IndexBusyError(folder) from busy
        yield
    finally:
        os.close(descriptor)


def current_index(folder: Path) -> Path | None:
    """The index in use, None where there is none that this version can read."""
    try:
        name = (folder / CURRENT).read_text("ascii").strip()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return None
    found = folder / name
    readable = name.startswith(f"{_PREFIX}{index_version()}-") and "/" not in name and found.is_dir()
    return found if readable else None


def new_index(folder: Path) -> Path:
    """An empty folder for an index of this version, beside the one in use."""
    return new_closed_folder(folder / f"{_PREFIX}{index_version()}-{str(ULID()).lower()}")


def use(folder: Path, index: Path) -> None:
    """Let an index take the place of the one in use, and remove every other."""
    beside = folder / f"{CURRENT}.new"
    with beside.open("w", encoding="ascii") as file:
        file.write(index.name)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / CURRENT)
    (folder / REBUILD).unlink(missing_ok=True)
    remove_others(folder, index)


def request_rebuild(folder: Path) -> None:
    """Ask whoever writes to make the index anew."""
    (folder / REBUILD).touch(mode=0o600)


def rebuild_is_requested(folder: Path) -> bool:
    """Whether the index is to be made anew."""
    return (folder / REBUILD).exists()


def remove_others(folder: Path, kept: Path | None) -> None:
    """Remove what interrupted or replaced indexes have left."""
    for each in folder.iterdir():
        if each.name.startswith(_PREFIX) and each != kept:
            shutil.rmtree(each, ignore_errors=True)
