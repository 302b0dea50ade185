"""Keeps the second copy: brings the replica what it is owed, and says what it still lacks.

In: an archive. Out: `CopyReport`. That the replica is away, or refuses something, raises nothing: it stays owed,
with the reason, and the next run brings it, at the latest after ten minutes (DAG `copies`). Trouble of the first
store or the database raises. Without a replica nothing is done, and the report says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from storage.archive import Archive
from storage.deposit.replication import Copied, PendingCopy, count_pending_entries, pending_copies, replicate
from storage.ledger.entry import Entry
from storage.objects.errors import StoreError

NO_SECOND_COPY: Final = "no second store configured"
NAMED_AT_MOST: Final = 20

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What one run came to; ``configured`` is False where there is no replica, and all else is empty then."""

    configured: bool
    copied: tuple[Entry, ...] = ()
    entries: int = 0
    pending: tuple[PendingCopy, ...] = ()
    pending_entries: int = 0
    problems: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the replica has all there is."""
        return not self.pending and not self.pending_entries

    def sentences(self) -> tuple[str, ...]:
        """What a person should know, a line each."""
        if not self.configured:
            return (f"Second copy: {NO_SECOND_COPY} (LETAPIS_REPLICA_ENDPOINT).",)
        summary = f"Second copy: {len(self.copied)} copied and {self.entries} entries of custody brought."
        problems = (f"Second copy: {problem}" for problem in self.problems)
        return (*([summary] if self.copied or self.entries else []), *problems, *self.pending_sentences())

    def pending_sentences(self) -> tuple[str, ...]:
        """What is owed, a line each, the oldest first; empty where the replica has all there is."""
        named = [describe_pending(pending) for pending in self.pending[:NAMED_AT_MOST]]
        more = len(self.pending) - len(named)
        sentences = [*named, *([f"Second copy: {more} more are owed."] if more else [])]
        if self.pending_entries:
            sentences.append(f"Second copy: {self.pending_entries} entries of custody are owed to the replica.")
        return tuple(sentences)


def replicate_pending(archive: Archive, *, actor: str, on_progress: OnProgress = lambda _: None) -> CopyReport:
    """Bring the replica everything that it is owed."""
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
    """What is owed now; nothing is asked of the replica."""
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


def describe_copied(entry: Entry) -> str:
    """One confirmed copy as a line."""
    return f"Second copy: {entry.subject_id} is in the replica, under lock, read back ({entry.subject_digest})."


def describe_pending(pending: PendingCopy) -> str:
    """One owed copy as a line."""
    since = f"{pending.since:%Y-%m-%d %H:%M} UTC"
    return (
        f"Second copy: {pending.entry.subject_id} is in the first store alone, owed to the replica since {since}."
    )


def copied_json(entry: Entry) -> dict[str, Any]:
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
    """The same of one that is owed."""
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
