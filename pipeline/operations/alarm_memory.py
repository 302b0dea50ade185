"""What alarms have been reported, and the message that is about to go out: one file of the data folder.

In: the data folder. Out: `Memory`. It is replaced whole, by one rename, so that whoever is killed leaves it as it
was before or after; a message in it was decided and not yet handed to the outbox. One process at a time
works with it (`AlarmMemory.alone`). A file that cannot be read begins anew: alarms are then reported once more.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from pipeline.operations.outbox import UnsentMessage
from storage.private_folder import closed_folder

NAME: Final = "alarms.json"


@dataclass(frozen=True, slots=True)
class Lasting:
    """An alarm that was reported: since when it is known, and when it was last in a message."""

    since: datetime
    reported_at: datetime
    sentence: str


@dataclass(frozen=True, slots=True)
class Memory:
    """``message``: what is still to be handed to the outbox; ``sources_at``: when sources were last looked at."""

    lasting: Mapping[str, Lasting] = field(default_factory=dict)
    message: UnsentMessage | None = None
    sources_at: datetime | None = None


class AlarmMemory:
    """The file of a data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "messages" / "alarms"

    def read(self) -> Memory:
        """What stands there; an empty memory where nothing does."""
        try:
            row = json.loads((self._folder / NAME).read_text("utf-8"))
            message = row["message"]
            return Memory(
                {key: _lasting(each) for key, each in row["lasting"].items()},
                None if message is None else UnsentMessage(**message),
                None if row["sources_at"] is None else datetime.fromisoformat(row["sources_at"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return Memory()

    def write(self, memory: Memory) -> None:
        """Replace it; returns when it is on the disk. Raises ``OSError``."""
        folder = closed_folder(self._folder)
        draft = folder / f"{NAME}.new"
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(memory), file, ensure_ascii=False, indent=1, default=datetime.isoformat)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / NAME)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until no other process judges alarms over this folder; raises ``OSError``."""
        descriptor = os.open(closed_folder(self._folder) / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _lasting(row: Mapping[str, str]) -> Lasting:
    since, reported_at = (datetime.fromisoformat(row[name]) for name in ("since", "reported_at"))
    return Lasting(since, reported_at, row["sentence"])
