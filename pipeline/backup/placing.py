"""Puts files of a backup in their places: whole or not at all, for their owner alone, nothing thrown away.

In: a path, bytes. Out: where the file that stood there is kept now, if one did. Guaranteed: a process that is
killed leaves the old or the new file under the name, and at most a draft beside it, which the next one removes.
Raises ``OSError``.
"""

import os
from pathlib import Path
from typing import Final

from storage.log.key_file import sync_folder
from storage.private_folder import folder_of_secret

DRAFT: Final = ".{}.recovering"
BEFORE: Final = "{}.before-recovery"


def place_file(path: Path, content: bytes, *, keep_other: bool) -> Path | None:
    """Write the file; with ``keep_other`` what stands there is kept beside it, and its new place returned."""
    folder_of_secret(path.parent)
    draft = path.with_name(DRAFT.format(path.name))
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside = _keep_beside(path) if keep_other and path.is_file() else None
    draft.replace(path)
    sync_folder(path.parent)
    return beside


def _keep_beside(path: Path) -> Path:
    """Give the file a second name, unless a run that was killed has done so."""
    number = 1
    while True:
        beside = path.with_name(BEFORE.format(path.name) + ("" if number == 1 else f"-{number}"))
        try:
            os.link(path, beside)
        except FileExistsError:
            if beside.is_file() and beside.read_bytes() == path.read_bytes():
                return beside
            number += 1
        else:
            sync_folder(path.parent)
            return beside
