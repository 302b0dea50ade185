"""Makes a backup and says of one what is in it: what `letapis backup` does.

In: `Settings`, a passphrase, the path of a file. Out: `MadeBackup`, `CheckedBackup`. Guaranteed: a backup stands
under its name whole, for its owner alone, never over another file, and was read back and opened before it is
spoken of. Raises `BackupFileError`, the errors of `pipeline.backup.gathering`, ``OSError`` and
``FileExistsError``.
"""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.backup.contents import Contents, read_contents
from pipeline.backup.gathering import gather, kept_things, of_archive
from pipeline.backup.last_backup import Difference, LastBackup, differences, digests_of, note_backup
from pipeline.backup.sealed_file import LARGEST_BYTES, BackupFileError, open_backup, seal_backup
from pipeline.config.settings import Settings
from storage.log.key_file import sync_folder


@dataclass(frozen=True, slots=True)
class MadeBackup:
    """What was written where."""

    file: Path
    contents: Contents


@dataclass(frozen=True, slots=True)
class CheckedBackup:
    """What is in a backup, what this installation has that it lacks, and how far custody has come since.

    ``entries_since`` is None where either number is not known.
    """

    contents: Contents
    differences: tuple[Difference, ...]
    entries_since: int | None


def make_backup(settings: Settings, given: Mapping[str, str], passphrase: str, to: Path) -> MadeBackup:
    """Gather, seal, write, read back, and note in the data folder that it was made."""
    contents = gather(settings, given)
    sealed = seal_backup(contents.as_bytes(), passphrase)
    write_new(to, sealed)
    read = read_backup(to, passphrase)
    if read.bytes_of != contents.bytes_of:
        raise BackupFileError("what was written", "something else", f"The disk of {to} is damaged; use another.")
    made = LastBackup(contents.manifest.made_at, str(to.absolute()), digests_of(contents))
    with suppress(OSError):  # the backup is made; the data folder may be another user's
        note_backup(settings.data, made)
    return MadeBackup(to, contents)


def read_backup(file: Path, passphrase: str) -> Contents:
    """The contents of a file; raises `BackupFileError` and ``OSError``."""
    with file.open("rb") as opened:
        content = opened.read(LARGEST_BYTES + 1)
    return read_contents(open_backup(content, passphrase))


def check_backup(settings: Settings, given: Mapping[str, str], passphrase: str, file: Path) -> CheckedBackup:
    """Open a backup, and hold the installation as it is now against it."""
    contents = read_backup(file, passphrase)
    now = of_archive(settings).custody_entries
    then = contents.manifest.archive.custody_entries
    since = None if now is None or then is None else now - then
    return CheckedBackup(contents, differences(digests_of(contents), kept_things(settings, given)), since)


def write_new(to: Path, content: bytes) -> None:
    """Write a file for its owner alone, whole or not at all; raises ``FileExistsError`` where one stands there."""
    draft = to.with_name(f".{to.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, to)  # unlike a rename, it fails where something stands there
        except FileExistsError:
            raise
        except OSError:  # a stick with FAT knows no links
            if os.path.lexists(to):
                raise FileExistsError(to) from None
            draft.rename(to)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(to.parent)
