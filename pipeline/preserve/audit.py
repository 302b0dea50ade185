"""Audits the archive: hashes the next share of it again, in every store, against index, custody and locks.

In: an archive, the number of weeks within which every file is to be hashed again, roots of time authorities,
whether locks are renewed. Out: `AuditReport`. Besides the share, every audit checks the whole chain of custody,
objects in the stores that no custody entry names, and again whatever the last audit found wrong. The entry
``audited`` records how far the audit has come; it is written at the end, so a run that was killed is repeated. A
second store that is unavailable is itself a mismatch; if the first one is unavailable, its error is raised.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from pipeline.preserve.verify import verified_json
from storage.archive import Archive
from storage.deposit.replication import NAMING, pending_copies
from storage.findings import Mismatch, Verified
from storage.integrity.audit_share import (
    AUDITED,
    KEPT_AT_MOST,
    SUBJECT,
    Share,
    last_audit,
    next_share,
    wrong_before,
)
from storage.integrity.extension_verification import strays_among_extensions, verify_extensions
from storage.integrity.log_verification import verify_log
from storage.integrity.retention_renewal import Renewal, renew_locks
from storage.integrity.timestamp_verification import unexpected_tokens, verify_tokens
from storage.integrity.verification import (
    ExpectedObjects,
    expected_of_archive,
    unexpected_objects,
    verify_chain,
    verify_deposits,
    verify_sealed_objects,
)
from storage.ledger.chain import read_chain
from storage.ledger.custody import append_and_publish
from storage.ledger.file_custody import DEPOSITED, PURGED
from storage.ledger.retention import MAY_BE_DELETED
from storage.objects.errors import StoreError
from storage.objects.store import ObjectStore

OnProgress = Callable[[str], None]
OnEach = Callable[["AuditedObject"], None]
PROGRESS_EVERY: Final = 100


@dataclass(frozen=True, slots=True)
class AuditedObject:
    """One object that was checked, in one store."""

    store: str
    verified: Verified

    def as_json(self) -> dict[str, Any]:
        """The keys of kind ``verify``, and the store."""
        return verified_json(self.verified) | {"store": self.store}

    def sentences(self) -> tuple[str, ...]:
        """Every mismatch as a line."""
        where = f"{self.verified.subject} ({self.store})"
        problems = self.verified.problems
        return tuple(f"{where}: {each.what}: expected {each.expected}, found {each.found}" for each in problems)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The result of one audit; ``share`` of all ``files`` and tokens, in every one of ``stores``."""

    share: Share
    files: int
    stores: tuple[str, ...]
    looked_at: int
    wrong: tuple[AuditedObject, ...]
    locks_over: int
    """Objects whose lock has expired, at the time that was set."""
    renewals: tuple[Renewal, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Counts as JSON-ready values."""
        return {
            "kind": "audit",
            "looked_at": self.looked_at,
            "wrong": len(self.wrong),
            "share": len(self.share.entries),
            "of": self.files,
            "bytes": self.share.length_bytes,
            "left_of_this_round": self.share.left,
            "stores": list(self.stores),
            "locks_over": self.locks_over,
            "locks_renewed": sum(each.renewed for each in self.renewals),
        }

    def sentences(self) -> tuple[str, ...]:
        """The report, and a line on renewed or expired locks."""
        if self.renewals:
            renewed = [
                f"The locks of {each.renewed} objects in {each.store} were renewed "
                f"until {each.until:%Y-%m-%d %H:%M} UTC."
                for each in self.renewals
            ]
            return (self.sentence(), *renewed, *self.not_renewed())
        if self.locks_over:
            return (
                self.sentence(),
                f"The locks of {self.locks_over} of them have expired at the time that was set; {MAY_BE_DELETED}.",
            )
        return (self.sentence(),)

    def not_renewed(self) -> tuple[str, ...]:
        """Why locks could not be renewed, a line each."""
        return tuple(f"A lock was not renewed: {problem}" for each in self.renewals for problem in each.problems)

    @property
    def files_of_share(self) -> tuple[str, ...]:
        """The keys of the WARC files among the share."""
        return tuple(entry.subject_id for entry in self.share.entries if entry.event in (DEPOSITED, PURGED))

    def sentence(self) -> str:
        """The report in a line."""
        left = (
            f"{self.share.left} of this round are still to come" if self.share.left else "this round is complete"
        )
        where = " and ".join(self.stores)
        return (
            f"{len(self.share.entries)} of {self.files} files and timestamps were hashed again in {where} "
            f"({self.share.length_bytes} bytes each), {left}; {self.looked_at} objects were checked, "
            f"{len(self.wrong)} are wrong."
        )


def audit(
    archive: Archive,
    *,
    weeks: int,
    actor: str,
    roots: Mapping[str, bytes] = MappingProxyType({}),
    renew: bool = False,
    on_each: OnEach = lambda _: None,
    on_progress: OnProgress = lambda _: None,
) -> AuditReport:
    """Audit the next share, and record the audit and its result in the chain of custody.

    With ``renew`` the locks of the share, and of every custody entry, are extended where they end before the
    next round is complete.
    """
    with archive.reader.connect() as connection:
        last = last_audit(connection)
        pending = {each.entry.seq for each in pending_copies(connection)}
    first = _expected(archive, archive.objects, renew=renew)
    naming = [
        chained.entry
        for chained in first.chain.entries
        if chained.entry.event in NAMING and not first.is_superseded(chained.entry)
    ]
    after = 0 if last is None else int(last.details["last_seq"])
    share = next_share(naming, after=after, weeks=weeks)
    again = wrong_before(last)
    on_progress(
        f"{len(share.entries)} of {len(naming)} files and timestamps are checked, "
        f"and {len(again)} that were wrong in the last audit."
    )
    seqs = {entry.seq for entry in share.entries} | {entry.seq for entry in naming if entry.subject_id in again}
    checked: list[AuditedObject] = []
    for each in _objects_to_check(archive, first, seqs, pending, roots, renew=renew):
        checked.append(each)
        on_each(each)
        if len(checked) % PROGRESS_EVERY == 0:
            on_progress(f"{len(checked)} objects checked ...")
    stores = tuple(store.name for store in _stores(archive))
    report = AuditReport(
        share,
        len(naming),
        stores,
        len(checked),
        wrong=tuple(each for each in checked if not each.verified.ok),
        locks_over=sum(bool(each.verified.remarks) for each in checked),
    )
    if renew:
        before = datetime.now(UTC) + timedelta(weeks=2 * weeks)
        on_progress("Renewing locks ...")
        report = replace(report, renewals=tuple(_renewed(archive, seqs, before, actor)))
    append_and_publish(archive, AUDITED, subject_id=SUBJECT, actor=actor, details=_details(report, weeks, after))
    return report


def _renewed(archive: Archive, seqs: set[int], before: datetime, actor: str) -> Iterator[Renewal]:
    for store in _stores(archive):
        try:
            yield renew_locks(archive, store, read_chain(store, archive.sealing), seqs, before=before, actor=actor)
        except StoreError as away:
            if store is archive.objects:
                raise
            yield Renewal(store.name, before, 0, (str(away),))


def _details(report: AuditReport, weeks: int, after: int) -> dict[str, Any]:
    mismatches = [each.as_json() for each in report.wrong[:KEPT_AT_MOST]]
    counts = {name: value for name, value in report.as_json().items() if name != "kind"}
    return {**counts, "weeks": weeks, "after": after, "last_seq": report.share.last_seq, "mismatches": mismatches}


def _stores(archive: Archive) -> tuple[ObjectStore, ...]:
    return (archive.objects,) if archive.replica is None else (archive.objects, archive.replica)


def _expected(archive: Archive, store: ObjectStore, *, renew: bool) -> ExpectedObjects:
    """What is expected of a store. Where locks are renewed, a lock that became too short because the number of
    days was raised later is not wrong, since it is about to be renewed; one that is shorter than custody says was
    shortened, and stays wrong.
    """
    expected = expected_of_archive(archive, store)
    return replace(expected, locks=replace(expected.locks, days=0)) if renew else expected


def _objects_to_check(
    archive: Archive,
    first: ExpectedObjects,
    seqs: set[int],
    pending: set[int],
    roots: Mapping[str, bytes],
    *,
    renew: bool,
) -> Iterator[AuditedObject]:
    yield from (AuditedObject(archive.objects.name, each) for each in _check(first, seqs, roots))
    if archive.replica is None:
        return
    name = archive.replica.name
    try:
        second = _expected(archive, archive.replica, renew=renew)
        yield from (AuditedObject(name, each) for each in _check(second, seqs - pending, roots))
    except StoreError as away:
        yield AuditedObject(name, Verified(name, (Mismatch("store", "to be checked completely", str(away)),)))


def _check(expected: ExpectedObjects, seqs: set[int], roots: Mapping[str, bytes]) -> Iterator[Verified]:
    files = expected.files
    keys = {key for key, file in files.items() if file.newest.seq in seqs}
    yield from verify_deposits(expected, keys | ((expected.index or {}).keys() - files.keys()))
    yield from verify_tokens(expected.objects, expected.chain, expected.locks, roots, among=seqs)
    yield from verify_extensions(expected.objects, expected.chain, expected.locks, among=seqs)
    yield from unexpected_objects(expected)
    yield from unexpected_tokens(expected.objects, expected.chain)
    yield from strays_among_extensions(expected.objects, expected.chain)
    yield verify_sealed_objects(expected)
    yield verify_chain(expected)
    yield from verify_log(expected.objects, expected.chain, expected.locks, expected.signed)
