"""Judges locks: whether an object is locked for as long as it should be, and whether that time has run out.

In: what the store says of a lock, the entry of custody that names the object, the days of the settings. Out:
`Mismatch`es and `VerificationRemark`s. A lock that is missing, or ends sooner than custody says or the settings
ask for, is a mismatch. A lock that has expired at the time that was set is a remark: its object can be deleted
from then on.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from processors.digest import Digest
from storage.findings import Mismatch, VerificationRemark
from storage.ledger.entry import CustodyEntry
from storage.objects.keys import root_key

RENEWED: Final = "lock_renewed"
"""The event of an entry that names objects and until when their locks were renewed."""

BETWEEN: Final = timedelta(hours=2)
"""A lock counts from the beginning of the upload (`storage.objects.store.UPLOAD_MAY_TAKE`), an entry is
younger.
"""

Versions = Mapping[tuple[str, str], datetime]
"""Until when custody says that a version (key, version id) was locked."""


@dataclass(frozen=True, slots=True)
class RetentionLock:
    """What the store says of the lock of one object, which an entry from ``named_at`` names."""

    key: str
    version_id: str
    until: datetime | None
    named_at: datetime


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """What is expected of locks in one store, looked at ``at`` a moment; ``days`` are those of the settings."""

    days: int
    at: datetime
    by_custody: Versions
    held: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By key and version in this store the entry of custody that puts a legal hold on it."""

    def required_until(self, lock: RetentionLock) -> tuple[datetime, str]:
        """Until when it must last at least, and why."""
        of_settings = lock.named_at + timedelta(days=self.days) - BETWEEN
        custody_until = self.by_custody.get((lock.key, lock.version_id))
        if custody_until is not None and custody_until > of_settings:
            return custody_until, "which custody says it was"
        return of_settings, f"{self.days} days from {_moment(lock.named_at)}"

    def judge(self, lock: RetentionLock, what: str = "lock") -> Iterator[Mismatch | VerificationRemark]:
        """Mismatches and remarks about one lock; nothing where it lasts as it should."""
        if lock.until is None:
            yield Mismatch(what, "locked", "not locked")
            return
        required, why = self.required_until(lock)
        ran_out = lock.until <= self.at
        if lock.until < required:
            over = ", which is over" if ran_out else ""
            yield Mismatch(
                what, f"until {_moment(required)} at least ({why})", f"until {_moment(lock.until)}{over}"
            )
        elif ran_out:
            kept = self.held.get((lock.key, lock.version_id))
            until_then = MAY_BE_DELETED if kept is None else f"the legal hold of custody entry {kept} keeps it"
            yield VerificationRemark(f"{what} ran out on {_moment(lock.until)}, as it was set; {until_then}")

    def judge_hold(self, key: str, version_id: str, *, held: bool) -> Iterator[Mismatch]:
        """A mismatch where custody has a legal hold on this version and the store has not."""
        entry = self.held.get((key, version_id))
        if entry is not None and not held:
            yield Mismatch("legal hold", f"on (custody entry {entry})", "off, or not told to this key")

    def judge_many(self, locks: Iterable[RetentionLock], what: str) -> Iterator[Mismatch | VerificationRemark]:
        """The same of many: their number and the first of each kind."""
        wrong: list[tuple[RetentionLock, Mismatch]] = []
        over: list[RetentionLock] = []
        for lock in locks:
            for found in self.judge(lock):
                if isinstance(found, Mismatch):
                    wrong.append((lock, found))
                else:
                    over.append(lock)
        if wrong:
            lock, first = wrong[0]
            yield Mismatch(f"locks of {len(wrong)} {what}, the first {lock.key}", first.expected, first.found)
        if over:
            first_over = min(lock.until for lock in over if lock.until is not None)
            yield VerificationRemark(
                f"locks of {len(over)} {what} ran out, the first on {_moment(first_over)}, as they were set; "
                f"{MAY_BE_DELETED}"
            )


MAY_BE_DELETED: Final = "who has the store's keys can delete it now (`letapis audit --renew` locks it again)"


def holds_from_custody(entries: Iterable[CustodyEntry], store: str) -> dict[tuple[str, str], int]:
    """The versions in this store on which a legal hold is, by key and version, with the entry that says so."""
    holds: dict[int, tuple[tuple[str, str], ...]] = {}
    for entry in entries:
        if entry.event == "held":
            of_store = (row for row in entry.details["objects"] if row["store"] == store)
            holds[entry.seq] = tuple((row["key"], row["object_version"]) for row in of_store)
        elif entry.event == "released":
            holds.pop(entry.details["hold"], None)
    return {version: seq for seq, versions in holds.items() for version in versions}


def locks_from_custody(entries: Iterable[CustodyEntry]) -> Versions:
    """Until when custody says that each version was locked: at its deposit, its copy, or when that was renewed."""
    until_by_version: dict[tuple[str, str], datetime] = {}
    for entry in entries:
        for key, version_id, until in _locks_in(entry):
            if until is not None:
                moment = datetime.fromisoformat(until)
                until_by_version[key, version_id] = max(moment, until_by_version.get((key, version_id), moment))
    return until_by_version


def _locks_in(entry: CustodyEntry) -> Iterator[tuple[str, str, str | None]]:
    details = entry.details
    match entry.event:
        case "deposited" | "purged" | "extension_deposited":
            yield entry.subject_id, details["object_version"], details.get("locked_until")
        case "timestamped":
            yield entry.subject_id, details["object_version"], details.get("locked_until")
            roots = root_key(Digest.parse(details["roots"]))
            yield roots, details["root_version"], details.get("root_locked_until")
        case "time_renewed":
            yield (
                root_key(Digest.parse(details["roots"])),
                details["root_version"],
                details.get("root_locked_until"),
            )
            for row in details["records"]:
                yield row["key"], row["object_version"], row.get("locked_until")
                roots = root_key(Digest.parse(row["token_roots"]))
                yield roots, row["token_roots_version"], row.get("token_roots_locked_until")
        case "revocation_asked":
            for row in details["answers"]:
                yield row["key"], row["object_version"], row.get("locked_until")
        case "copied":
            for row in details["objects"]:
                yield row["key"], row["object_version"], row.get("locked_until")
        case "lock_renewed":
            for row in details["objects"]:
                yield row["key"], row["object_version"], details["locked_until"]


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
