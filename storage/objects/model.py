"""What an object store says of what it holds: versions, heads, locks. Values only; no requests are sent here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from processors.digest import Digest

PRIMARY: Final = "primary"
REPLICA: Final = "replica"
"""Names of stores: the one that evidence goes to first, and the second copy."""

LockMode = Literal["governance", "compliance"]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version of one object, confirmed by the store, and until when it is locked according to the store."""

    key: str
    version_id: str
    sha256: Digest
    length_bytes: int
    locked_until: datetime


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What the store says of one version; ``sha256`` only where it covers the whole object.

    ``locked_until`` is None where it is not locked, and in the past where a lock ran out. ``held``: a legal hold
    is on, as far as the key may know.
    """

    key: str
    version_id: str
    length_bytes: int
    sha256: Digest | None
    lock_mode: LockMode | None
    locked_until: datetime | None
    held: bool = False

    def is_locked_until(self, moment: datetime) -> bool:
        """Whether the lock lasts until then."""
        return self.locked_until is not None and self.locked_until >= moment


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """One line of the store's list; a ``delete_marker`` hides the key from readers who name no version."""

    key: str
    version_id: str
    length_bytes: int
    latest: bool
    delete_marker: bool
    stored_at: datetime
