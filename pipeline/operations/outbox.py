"""Messages that have not reached everybody: kept as files in the data folder until they have.

In: a title, a body, and which addresses failed, by a digest of the address, since an address may hold a password.
Out: `UnsentMessage`s, the oldest first. The newest `KEPT` are kept: what they say can be had again of the archive.
A message that was kept here and has reached everybody leaves its name, so that whoever adds it once more, after a
crash, adds nothing. One process at a time sends what is kept (`alone`).
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from storage.private_folder import closed_folder

KEPT: Final = 14
SENT: Final = ".sent"


@dataclass(frozen=True, slots=True)
class UnsentMessage:
    """``failed``: by the digest of an address, why the message has not reached it; ``at`` as ISO 8601."""

    at: str
    title: str
    body: str
    failed: Mapping[str, str]


def name_of(address: str) -> str:
    """What stands for an address in a file."""
    return sha256(address.encode()).hexdigest()[:16]


class Outbox:
    """The folder ``messages`` of a data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "messages"

    def unsent(self) -> tuple[UnsentMessage, ...]:
        """Every kept message, the oldest first; a file that is none is left where it is."""
        found = []
        for path in sorted(self._folder.glob("*.json")) if self._folder.is_dir() else ():
            if path.with_suffix(SENT).exists():  # a process died between leaving the name and letting it go
                continue
            try:
                row = json.loads(path.read_text("utf-8"))
                found.append(UnsentMessage(row["at"], row["title"], row["body"], dict(row["failed"])))
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return tuple(found)

    def add(self, message: UnsentMessage) -> None:
        """Keep a message that is still to be sent, once; raises ``OSError``."""
        if not self._path(message).with_suffix(SENT).exists():
            self.keep(message)

    def keep(self, message: UnsentMessage) -> None:
        """Keep the message, or let it go where it has failed nowhere; raises ``OSError``."""
        path = self._path(message)
        if not message.failed:
            if path.exists():
                path.with_suffix(SENT).touch(mode=0o600)
                path.unlink(missing_ok=True)
            for old in sorted(self._folder.glob(f"*{SENT}"))[:-KEPT]:
                old.unlink(missing_ok=True)
            return
        closed_folder(self._folder)
        beside = path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(asdict(message), file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        for old in sorted(self._folder.glob("*.json"))[:-KEPT]:
            old.unlink(missing_ok=True)

    def keep_only(self, message: UnsentMessage, failed: Mapping[str, str]) -> None:
        """Keep the message for the addresses that it has not reached even now."""
        self.keep(replace(message, failed=dict(failed)))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other process sends what is kept, and keep others from it while the block runs.

        Where the folder cannot be made nothing is kept either, so nobody is waited for.
        """
        try:
            closed_folder(self._folder)
            descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            yield
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _path(self, message: UnsentMessage) -> Path:
        return self._folder / f"{message.at.replace(':', '')}.json"
