"""The log's signing key as a file of its owner, and beside it the last checkpoint that it has signed.

In: a path outside store and database. Out: `SigningKey`, bytes of the last checkpoint. Guaranteed: a key that
others could read, or that somebody else owns, is refused; files are written under another name, synced and
renamed, so that a crash leaves the old or the new one. The state beside the key outlives a restored database and a
restored store.
Raises `LogKeyError`; no message contains a secret.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from processors.transparency_log.signed_note import PRIVATE, SigningKey
from storage.errors import StorageError
from storage.private_folder import OTHERS, folder_of_secret

LAST_SIGNED: Final = ".last"
"""The name of the state file is that of the key file with this behind it."""
NEXT_KEY: Final = ".next"
"""The same of a key that is to replace it, while that is under way."""


class LogKeyError(StorageError):
    """The key of the log cannot be used; its owner mends the file. Nothing was signed."""

    def __init__(self, path: Path, expected: str, found: str, way_out: str) -> None:
        super().__init__(
            f"Key of the log {path}: expected {expected}, found {found}. Nothing was signed, and nothing was "
            f"changed; {way_out}"
        )
        self.path = path
        self.expected = expected
        self.found = found


def read_signing_key(path: Path) -> SigningKey:
    """The key in the file, which must be its owner's alone."""
    text = _read_private(path)
    try:
        return SigningKey.parse(text.decode().strip())
    except (ValueError, UnicodeDecodeError) as problem:
        raise LogKeyError(
            path, f"one line {PRIVATE}<origin>+<hash>+<key>", f"something else ({problem})", FROM_A_COPY
        ) from problem


def make_signing_key(path: Path, origin: str) -> SigningKey:
    """Make a key for the log ``origin``; raises ``FileExistsError`` where a file stands there."""
    key = SigningKey.generate(origin)
    key.verifier_key  # noqa: B018 - a name that no key can have is refused before anything is written
    folder_of_secret(path.parent)
    if os.path.lexists(path):
        raise FileExistsError(path)
    _write_private(path, f"{key.private_text()}\n".encode(), replace=False)
    return key


@dataclass(frozen=True, slots=True)
class SigningState:
    """The file with the last checkpoint that the key has signed."""

    path: Path

    @classmethod
    def beside(cls, key: Path) -> "SigningState":
        """The one that belongs to a key file."""
        return cls(key.with_name(f"{key.name}{LAST_SIGNED}"))

    def read(self) -> bytes | None:
        """The signed note; None before the first."""
        if not os.path.lexists(self.path):
            return None
        return _read_private(self.path)

    def write(self, note: bytes) -> None:
        """Replace it; returns when it is on the disk."""
        folder_of_secret(self.path.parent)
        _write_private(self.path, note, replace=True)


FROM_A_COPY: Final = (
    "bring the file back from your copy of it, or set LETAPIS_LOG_KEY to where it is. If it is lost for good, see "
    "docs/lost-log-key.md."
)


def _read_private(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as problem:
        raise LogKeyError(path, "a file", "none", FROM_A_COPY) from problem
    except OSError as problem:
        way_out = "make it a plain file that the user of Letapis may read."
        raise LogKeyError(path, "a file that can be read", str(problem.strerror), way_out) from problem
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise LogKeyError(path, "a file", "something else", "set LETAPIS_LOG_KEY to the file of the key.")
        if found.st_uid != os.geteuid():
            owner, us = f"a file of user {found.st_uid}", f"a file of this user ({os.geteuid()})"
            raise LogKeyError(path, us, owner, f"give it to the user of Letapis: chown {os.geteuid()} {path}")
        if found.st_mode & OTHERS:
            mode = f"mode {stat.S_IMODE(found.st_mode):04o}"
            way_out = f"close it with `chmod 600 {path}`, and rotate the key if others may have read it."
            raise LogKeyError(path, "mode 0600, a file of its owner alone", mode, way_out)
        return file.read(1 << 20)


def _write_private(path: Path, content: bytes, *, replace: bool) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)  # left by a process that was killed
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if replace:
        draft.replace(path)
    else:
        os.link(draft, path)  # unlike a rename, it fails where something stands there
        draft.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names of a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
