"""How much of the disk crawls leave free, so that what they captured can be deposited and the database goes on.

In: the spool's folder, how much is to stay free, whether the store stands on the same disk. Out: a sentence where
there is less. A crawl looks before it begins and all the time while it writes (`pipeline.crawl.crawl_process`): it
ends with that sentence, its files closed. Depositing into a store on the same disk takes the room of the spool
once more, and the embedded store takes nothing more when one percent of its disk is left (SeaweedFS 4,
`volume.minFreeSpace`).
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from storage.errors import StorageError

KEEPS_FREE: Final = "LETAPIS_CRAWL_KEEPS_FREE"
"""The variable that passes it to a crawl's own process."""

SHARE_OF_STORE: Final = 0.0125
"""Of the disk, above the percent at which the embedded store stops."""


class NoRoomError(StorageError):
    """The disk is too full to begin a crawl; room has to be made on it first."""


@dataclass(frozen=True, slots=True)
class Room:
    """``store_beside``: the object store is the embedded one, whose folder is on the spool's disk."""

    keep_free_bytes: int
    store_beside: bool

    def shortfall(self, spool_dir: Path) -> str | None:
        """What is missing, in a sentence; None where there is room enough."""
        disk = shutil.disk_usage(spool_dir)
        needed = self.keep_free_bytes
        what = "the database and the logs"
        if self.store_beside:
            needed = max(needed, int(disk.total * SHARE_OF_STORE)) + _length_bytes(spool_dir)
            what = "the database, the logs, and the deposit of what is in the spool"
        if disk.free >= needed:
            return None
        return (
            f"the disk of {spool_dir} is nearly full: {_gigabytes(disk.free)} free, and {_gigabytes(needed)} are "
            f"kept for {what}. What was captured is whole and is deposited; make room, then harvest again"
        )

    def require(self, spool_dir: Path) -> None:
        """Raises `NoRoomError` where there is less."""
        path = next(folder for folder in (spool_dir, *spool_dir.parents) if folder.exists())
        if (found := self.shortfall(path)) is not None:
            raise NoRoomError(f"Nothing was fetched: {found}.")

    def variables(self) -> dict[str, str]:
        """The environment that passes it to a crawl's own process."""
        return {KEEPS_FREE: f"{self.keep_free_bytes} {'beside' if self.store_beside else 'elsewhere'}"}


def room_from_environment() -> Room | None:
    """What `variables` has passed to this process; None where it was not."""
    length, _, store = os.environ.get(KEEPS_FREE, "").partition(" ")
    return Room(int(length), store == "beside") if length else None


def _gigabytes(length: int) -> str:
    return f"{length / 10**9:.1f} GB"


def _length_bytes(folder: Path) -> int:
    """What the folder holds; what goes away while it is looked at is not there any more."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(f"{path}/{name}").st_blocks * 512
            except FileNotFoundError:
                continue
    return total
