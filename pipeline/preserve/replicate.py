"""Makes the pending copies in the replica, and reports which copies are still pending.

In: an archive. Out: `CopyReport`. Nothing is raised when the replica is unavailable or refuses something: the copy
stays pending, with the reason, and the next run tries again, at the latest after ten minutes (DAG `copies`).
Errors of the first store and the database are raised. Without a replica nothing is done; the report says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from storage.archive import Archive
from storage.deposit.replication import Copied, PendingCopy, count_pending_entries, pending_copies, replicate
from storage.ledger.entry import CustodyEntry
from storage.objects.errors import StoreError

NO_SECOND_COPY: Final = "no second store is configured"
NAMED_AT_MOST: Final = 20

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CopyReport:
    """The result of one run; ``configured`` is False where there is no replica, and all else is empty then."""

    configured: bool
    copied: tuple[CustodyEntry, ...] = ()
    entries: int = 0
    pending: tuple[PendingCopy, ...] = ()
    pending_entries: int = 0
    problems: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the replica has everything that the first store has."""
        return not self.pending and not self.pending_entries

    def sentences(self) -> tuple[str, ...]:
        """The report as lines for a person."""
        if not self.configured:
            return (f"Second copy: {NO_SECOND_COPY} (LETAPIS_REPLICA_ENDPOINT).",)
        summary = f"Second copy: {len(self.copied)} objects and {self.entries} custody entries were copied."
        problems = (f"Second copy: {problem}" for problem in self.problems)
        return (*([summary] if self.copied or self.entries else []), *problems, *self.pending_sentences())

    def pending_sentences(self) -> tuple[str, ...]:
        """Pending copies, a line each, the oldest first; empty where the replica is complete."""
        named = [describe_pending(pending) for pending in self.pending[:NAMED_AT_MOST]]
        more = len(self.pending) - len(named)
        sentences = [*named, *([f"Second copy: {more} more copies are pending."] if more else [])]
        if self.pending_entries:
            sentences.append(f"Second copy: {self.pending_entries} custody entries are pending for the replica.")
        return tuple(sentences)


def replicate_pending(archive: Archive, *, actor: str, on_progress: OnProgress = lambda _: None) -> CopyReport:
    """Make every pending copy in the replica; return what was copied and what is still pending."""
    if archive.replica is None:
        report = CopyReport(configured=False)
    else:
        try:
            archive.replica.ensure_bucket()
        except StoreError as unfit:
            report = _report_unchanged(archive, str(unfit))
        else:
            report = _report_of(replicate(archive, actor=actor))
    for sentence in report.sentences():
        on_progress(sentence)
    return report


def replication_status(archive: Archive) -> CopyReport:
    """What is pending now, read from the database alone; no request is sent to the replica."""
    return CopyReport(configured=False) if archive.replica is None else _report_unchanged(archive)


def _report_of(copied: Copied) -> CopyReport:
    return CopyReport(True, copied.copied, copied.entries, copied.pending, copied.pending_entries, copied.problems)


def _report_unchanged(archive: Archive, *problems: str) -> CopyReport:
    with archive.reader.connect() as connection:
        return CopyReport(
            True,
            pending=pending_copies(connection),
            pending_entries=count_pending_entries(connection),
            problems=problems,
        )


def describe_copied(entry: CustodyEntry) -> str:
    """One confirmed copy as a line."""
    return (
        f"Second copy: {entry.subject_id} is stored in the replica, is locked, and was read back "
        f"({entry.subject_digest})."
    )


def describe_pending(pending: PendingCopy) -> str:
    """One pending copy as a line."""
    since = f"{pending.since:%Y-%m-%d %H:%M} UTC"
    return (
        f"Second copy: {pending.entry.subject_id} is in the first store only; its copy is pending since {since}."
    )


def copied_json(entry: CustodyEntry) -> dict[str, Any]:
    """The JSON keys of kind ``copy``, of one that the replica has confirmed."""
    return {
        "kind": "copy",
        "state": "copied",
        "key": entry.subject_id,
        "sha256": str(entry.subject_digest),
        "seq": entry.details["seq"],
        "since": None,
        "confirmed_at": entry.at,
        "objects": entry.details["objects"],
    }


def pending_copy_json(pending: PendingCopy) -> dict[str, Any]:
    """The same keys, of a copy that is pending."""
    return {
        "kind": "copy",
        "state": "owed",
        "key": pending.entry.subject_id,
        "sha256": str(pending.entry.subject_digest),
        "seq": pending.entry.seq,
        "since": pending.since,
        "confirmed_at": None,
        "objects": [],
    }
