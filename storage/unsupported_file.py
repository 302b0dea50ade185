"""What is no file that can be taken in."""

from storage.errors import StorageError


class UnsupportedFileError(StorageError):
    """The file is none that is taken in; convert it with the tool that made it and try again."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"File {name}: expected {expected}, found {found}. Nothing of it was stored and it was not changed."
        )
        self.name = name
        self.expected = expected
        self.found = found
