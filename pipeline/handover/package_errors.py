"""Why a package could not be frozen or built: each says that nothing is left under its final name.

The other errors of `storage` (such as a damaged file) pass through as they are; they are sentences already.
"""

import errno
from pathlib import Path

from storage.errors import StorageError
from storage.objects.errors import StoreUnreachableError


class PackageRefusedError(StorageError):
    """The selection cannot become a package; whoever chose it chooses anew, or does what the message says."""

    def __init__(self, subject: str, expected: str, found: str, way_out: str) -> None:
        super().__init__(
            f"Package, {subject}: expected {expected}, found {found}. Nothing was built and nothing was "
            f"disclosed; {way_out}"
        )
        self.subject = subject
        self.expected = expected
        self.found = found


class StoreAwayError(StorageError):
    """The store did not answer while something was handed over; the operator starts it, and it is done again."""

    def __init__(self, subject: str, problem: StoreUnreachableError, safe: str, way_out: str) -> None:
        super().__init__(
            f"{subject}: expected an object store that answers, found none at {problem.endpoint} "
            f"({problem.doing}: {problem.found}). {safe} See that the store runs, then {way_out}"
        )
        self.endpoint = problem.endpoint


class PackageDiskError(StorageError):
    """The disk did not take the package; the operator makes room or names another folder."""

    def __init__(self, folder: Path, problem: OSError) -> None:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        found = "a full disk" if full else (problem.strerror or str(problem))
        super().__init__(
            f"Package {folder}: expected a disk that takes it, found {found}. Nothing is left under that name, "
            "and what was written beside it is gone. Make room or name another folder, and build it again of the "
            "same selection: the bytes will be the same."
        )
        self.folder = folder
        self.is_full = full
