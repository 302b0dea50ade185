"""The custody status of a deposited file: since when, in which stores, proved by which timestamps.

In: an archive, a file's key. Out: `CustodyStatus`. It claims what the chain of custody says and no more: the first
store confirmed the file at its deposit, the second when custody says ``copied``, and a timestamp over an entry
after the deposit shows that the file existed at that time. `storage.integrity.verification` checks whether this
still holds.
"""

from dataclasses import dataclass

from sqlalchemy import and_, or_, select

from storage.archive import Archive
from storage.deposit.replication import ReplicaStatus, replica_status
from storage.deposit.timestamps import OBTAINED, PendingTimestamp, pending_timestamps
from storage.ledger.custody import entry_of
from storage.ledger.entry import CustodyEntry
from storage.ledger.file_custody import FileInCustody, file_in_custody
from storage.ledger.retention import RENEWED, Versions, locks_from_custody
from storage.ledger.tables import custody


@dataclass(frozen=True, slots=True)
class CustodyStatus:
    """What custody says of the file.

    ``second_copy`` is None where no second store is configured and none ever was.

    ``tokens`` are the first timestamp of each authority that covers it, ``pending_tokens`` those that will cover
    it once they are obtained. ``locked_until`` is what custody says of each version (key, version id), renewals
    included.
    """

    file: FileInCustody
    second_copy: ReplicaStatus | None
    tokens: tuple[CustodyEntry, ...]
    pending_tokens: tuple[PendingTimestamp, ...]
    locked_until: Versions

    @property
    def deposited(self) -> CustodyEntry:
        """The entry of its deposit."""
        return self.file.deposited

    @property
    def preserved(self) -> bool:
        """Whether every configured store has confirmed it."""
        return self.second_copy is None or self.second_copy.version_id is not None


def custody_status(archive: Archive, key: str) -> CustodyStatus | None:
    """The custody status of the file; None where custody has no entry of its deposit."""
    with archive.reader.connect() as connection:
        file = file_in_custody(connection, key)
        if file is None:
            return None
        deposited = file.deposited
        copied = replica_status(connection, key)
        renewed = and_(custody.c.event == RENEWED, custody.c.details.contains({"objects": [{"key": key}]}))
        about = select(custody).where(or_(custody.c.subject_id == key, renewed))
        locked_until = locks_from_custody(entry_of(each) for each in connection.execute(about))
        later = (
            select(custody)
            .where(custody.c.event == OBTAINED, custody.c.details["seq"].as_integer() > deposited.seq)
            .order_by(custody.c.details["seq"].as_integer(), custody.c.seq)
        )
        tokens: dict[str, CustodyEntry] = {}
        for found in connection.execute(later):
            tokens.setdefault(found.details["authority"], entry_of(found))
        pending: dict[str, PendingTimestamp] = {}
        for each in reversed(pending_timestamps(connection)):
            if each.entry.seq > deposited.seq and each.authority not in tokens:
                pending.setdefault(each.authority, each)
    known = archive.replica is not None or copied.version_id is not None
    return CustodyStatus(
        file, copied if known else None, tuple(tokens.values()), tuple(pending.values()), locked_until
    )
