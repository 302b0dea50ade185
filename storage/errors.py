"""What can go wrong in storage: one base, each type with its values as fields.

Every message says what happened to which thing, what was expected and found, what is safe, and what to do next.
"""

from sqlalchemy.exc import OperationalError


class StorageError(Exception):
    """Base of all errors of this package; whoever runs the job shows the message and fails the run."""


DatabaseUnavailable = OperationalError
"""The database does not answer, under a name for those who know no SQL; whoever asked tries again later."""


class UnsupportedFileError(StorageError):
    """The file is none that is taken in; convert it with the tool that made it and try again."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"File {name}: expected {expected}, found {found}. Nothing of it was stored and it was not changed."
        )
        self.name = name
        self.expected = expected
        self.found = found
