"""Turns a WARC file into evidence: the only place where that happens.

In: a closed file, from our spool or from another tool. Out: `Deposited`. In this order: the file is read and
checked; uploaded under lock and read back; index and custody are written in one transaction; the custody entry
becomes a locked object, too; a second store, where one is configured, gets both as well, or the copies are
pending. Only when the first store has confirmed all of it does `deposit_file` return, and only then may the caller
delete the file. A crash between any two steps, then the same call again, gives exactly one deposit: the object is
found under its key with the same sha256, the row under that key, and the entry is pending until it is stored.
Raises `WarcDamageError`, `UnsupportedFileError`, `DepositRefusedError`, `FileUnreadableError` and the errors of
`storage.objects.errors`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import file_digest
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, text

from crawlers.model.iso_time import time_text
from processors.digest import Digest
from storage.archive import Archive
from storage.catalogue.hiding import is_purged
from storage.catalogue.tables import captures, warcs
from storage.catalogue.write_gate import enter
from storage.deposit.inspection import FileFaults, FileInspection, inspect_file
from storage.deposit.origin import RECEIVED, LeftBy, Origin, judge_origin, origin_in_custody
from storage.deposit.placement import (
    ROWS_AT_ONCE,
    ArchiveLocation,
    archive_location,
    captures_of_file,
    insert_captures,
    warc_row,
)
from storage.deposit.replication import ReplicaStatus, replicate_deposited
from storage.errors import StorageError, UnsupportedFileError
from storage.ledger.custody import append, deposit_of, publish_pending_entries
from storage.ledger.entry import NOT_MEASURED, Clock, CustodyEntry
from storage.ledger.file_custody import purged_file_of
from storage.ledger.received_files import RECEIVED_PREFIX, ReceivedStatement, append_received
from storage.objects.errors import ChecksumDiffersError
from storage.objects.model import StoredObject
from storage.objects.store import ObjectStore
from storage.sealing_keys import SealingKeys
from storage.warc.index import IndexedRecord, WarcFault
from storage.warc.reader import WarcDamageError


class DepositRefusedError(StorageError):
    """The file is whole, but cannot be stored where it says it belongs; a person has to examine it."""

    def __init__(self, name: str, what: str, expected: str, found: str) -> None:
        super().__init__(
            f"File {name}: {what}: expected {expected}, found {found}. It was not deposited and not changed; "
            "keep it and find out where it comes from."
        )
        self.name = name
        self.what = what
        self.expected = expected
        self.found = found


class FileUnreadableError(StorageError):
    """The file could not be read to its end, or no longer exists; repair the disk or deposit it again."""

    def __init__(self, name: str, found: str) -> None:
        super().__init__(
            f"File {name}: expected to read it to its end, found {found}. It was not deposited and not changed; "
            "see that it is there and can be read, then deposit it again."
        )
        self.name = name
        self.found = found


class OtherLabelError(UnsupportedFileError):
    """The bytes are deposited under another access label; the sentence does not disclose that."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "a file to index under this access label", "one that is kept whole")


@dataclass(frozen=True, slots=True)
class Deposited:
    """A file that is evidence now; ``already`` where an earlier call had deposited it. ``captures`` counts rows.

    ``origin`` and ``brought_by`` are what custody says of it; ``brought_by`` is None where its entry is sealed and
    was restored without a key. ``remarks`` say what this call found unusual in the file; ``faults`` are the places
    of it that are not indexed, ``damage`` is where reading ended before its end.
    """

    key: str
    version_id: str
    sha256: Digest
    captures: int
    already: bool
    crawl_id: str
    source_id: str
    records: int
    origin: Origin
    brought_by: str | None
    remarks: tuple[str, ...] = ()
    damage: WarcDamageError | None = None
    faults: tuple[WarcFault, ...] = ()
    second_copy: ReplicaStatus | None = None
    """None where no second store is configured."""

    @property
    def preserved(self) -> bool:
        """Whether every configured store has confirmed it."""
        return self.second_copy is None or self.second_copy.version_id is not None


def deposit_file(
    archive: Archive,
    path: Path,
    *,
    source_id: str | None = None,
    crawl_id: str | None = None,
    serial: int | None = None,
    expected: Digest | None = None,
    faults: FileFaults = FileFaults.REFUSED,
    left_by: LeftBy | None = None,
    received: ReceivedStatement | None = None,
    actor: str = "letapis",
    clock: Clock = NOT_MEASURED,
    most_rows: int | None = None,
) -> Deposited:
    """Deposit one file. The arguments must agree with what the file says of itself; ``expected`` is its sha256.

    ``left_by`` says of a file from the spool how its crawl ended. What no key of a crawl has signed is an import
    (`storage.deposit.origin`). Files that do not name a crawl of this software are stored under ``source_id`` (or
    ``imported``) and a crawl id made of their digest; the same bytes under whatever name are one deposit. Where
    ``faults`` are named, a damaged file is deposited, too: every byte is stored, the records that are certain are
    indexed, and custody says where the others are. Where a person ``received`` what is in the file, their
    statement is entered in the transaction of the deposit, and the file has the label that they give it; a file
    that was deposited before gets no entry here, and raises `OtherLabelError` where it has another label. A file
    with more than ``most_rows`` captures raises `UnsupportedFileError`; None: as many as it has.
    """
    with _readable(path):
        inspection = _inspect(path, expected, faults, most_rows)
    _require_not_purged(archive, path.name, inspection)
    if received is None:
        origin = judge_origin(archive, path, inspection, left_by)
    else:
        origin = Origin(RECEIVED, recovered=False, reason=None)
    location = archive_location(inspection, origin.kind, source_id=source_id)
    if received is not None:
        location = replace(location, access_label=received.access_label)
    if inspection.own is not None:
        _require_equal(path.name, "source", source_id, location.source_id)
        _require_equal(path.name, "crawl", crawl_id, location.crawl_id)
        _require_equal(path.name, "serial number", serial, location.serial)
    location = _existing_import_location(archive, inspection) or location
    if received is not None and location.access_label != received.access_label:
        raise OtherLabelError(path.name)
    with _readable(path):
        stored = _stored_before(archive, location.key, inspection) or _upload(
            archive.objects, location.key, path, inspection
        )
    with archive.writer.begin() as connection:
        entry = _write_index_and_custody(
            connection, archive.sealing, path.name, inspection, location, stored, actor, origin, clock
        )
        if entry is not None and received is not None:
            append_received(
                connection,
                archive.sealing,
                received,
                warc_key=location.key,
                capture_id=_capture_of_received(inspection, received),
                clock=clock,
            )
        elif received is not None:
            _require_label(connection, path.name, location.key, received.access_label)
        already = entry is None
        entry = entry or deposit_of(connection, location.key)
    publish_pending_entries(archive)
    return Deposited(
        key=location.key,
        version_id=stored.version_id,
        sha256=inspection.sha256,
        captures=len(inspection.rows),
        already=already,
        crawl_id=location.crawl_id,
        source_id=location.source_id,
        records=inspection.records,
        origin=origin_in_custody(entry.details),
        brought_by=entry.actor,
        remarks=inspection.remarks,
        damage=inspection.damage,
        faults=inspection.faults,
        second_copy=replicate_deposited(archive, location.key, path, actor=actor),
    )


def _require_label(connection: Connection, name: str, key: str, access_label: str) -> None:
    """A file that another deposit stored meanwhile has the label of that one."""
    found = connection.execute(select(warcs.c.access_label).where(warcs.c.key == key)).scalar_one()
    if found != access_label:
        raise OtherLabelError(name)


def _capture_of_received(inspection: FileInspection, received: ReceivedStatement) -> str | None:
    """The record that holds the bytes; None of a file that is stored as it was brought."""
    url = f"{RECEIVED_PREFIX}{received.sha256.hex}"
    return next((row.record_id for row in inspection.rows if row.url == url), None)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns an error of the disk into ours; `storage.objects.store` does the same for errors of the store."""
    try:
        yield
    except OSError as problem:
        raise FileUnreadableError(path.name, problem.strerror or str(problem)) from problem


def _stored_before(archive: Archive, key: str, inspection: FileInspection) -> StoredObject | None:
    """The object of an earlier deposit of these bytes, read back whole; None where there was none.

    Raises where the deposited version or its bytes are lost, whatever else is stored under the key.
    """
    query = select(warcs.c.object_version).where(warcs.c.key == key, warcs.c.sha256 == str(inspection.sha256))
    with archive.writer.connect() as connection:
        version_id = connection.execute(query).scalar_one_or_none()
    return None if version_id is None else archive.objects.confirm(key, version_id, sha256=inspection.sha256)


def _upload(objects: ObjectStore, key: str, path: Path, inspection: FileInspection) -> StoredObject:
    """Store the file; where the store received other bytes, check whether the file is still what was inspected."""
    _require_unchanged(path, inspection)
    try:
        return objects.put_new(key, path, sha256=inspection.sha256)
    except ChecksumDiffersError:
        _require_unchanged(path, inspection, check_digest=True)
        raise


def _require_not_purged(archive: Archive, name: str, inspection: FileInspection) -> None:
    """The bytes of a file out of which something was purged do not come back under any name."""
    with archive.writer.connect() as connection:
        purge = purged_file_of(connection, inspection.sha256)
    if purge is not None:
        expected = f"a file out of which nothing was purged; {purge.subject_id} was written anew in its place"
        found = f"{inspection.sha256}, the file before the purge of custody entry {purge.seq}"
        raise DepositRefusedError(name, "sha256", expected, found)


def _require_unchanged(path: Path, inspection: FileInspection, *, check_digest: bool = False) -> None:
    """A file that is written to while it is deposited is not whole, whoever writes."""
    what = "while it was deposited, its"
    _require_equal(path.name, f"{what} length in bytes", inspection.length_bytes, path.stat().st_size)
    if check_digest:
        with path.open("rb") as file:
            _require_equal(
                path.name,
                f"{what} sha256",
                inspection.sha256,
                Digest("sha256", file_digest(file, "sha256").digest()),
            )


def _inspect(path: Path, expected: Digest | None, faults: FileFaults, most_rows: int | None) -> FileInspection:
    """Inspect the file; where it is not the one that was closed, report that before anything else."""
    try:
        inspection = inspect_file(path, faults=faults, most_rows=most_rows)
    except (WarcDamageError, UnsupportedFileError) as problem:
        if expected is None:
            raise
        with path.open("rb") as file:
            _require_equal(
                path.name, "sha256", expected, Digest("sha256", file_digest(file, "sha256").digest()), problem
            )
        raise
    _require_equal(path.name, "sha256", expected, inspection.sha256)
    return inspection


def _require_equal(
    name: str,
    what: str,
    named: str | int | Digest | None,
    found: str | int | Digest,
    cause: StorageError | None = None,
) -> None:
    if named is not None and named != found:
        raise DepositRefusedError(name, what, str(named), str(found)) from cause


def _existing_import_location(archive: Archive, inspection: FileInspection) -> ArchiveLocation | None:
    """A file already stored under another name or source keeps its key: the same bytes are one deposit."""
    columns = [warcs.c[name] for name in ArchiveLocation.__dataclass_fields__]
    query = select(*columns).where(warcs.c.sha256 == str(inspection.sha256)).order_by(warcs.c.custody_seq)
    with archive.writer.connect() as connection:
        row = connection.execute(query).first()
    return None if row is None else ArchiveLocation(**row._mapping)


def custody_details(
    name: str, inspection: FileInspection, location: ArchiveLocation, stored: StoredObject, origin: Origin
) -> dict[str, Any]:
    """What the entry says of the deposit; with the object itself, enough to derive every row again."""
    return {
        "object_version": stored.version_id,
        "locked_until": time_text(stored.locked_until),
        "sha512": str(inspection.sha512),
        "length_bytes": inspection.length_bytes,
        "records": inspection.records,
        "captures": len(inspection.rows),
        **origin.details(),
        "source_id": location.source_id,
        "crawl_id": location.crawl_id,
        "serial": location.serial,
        "access_label": location.access_label,
        "file_name": name,
        "remarks": list(inspection.remarks),
        **({} if inspection.damage is None else {"damage": damage_json(inspection.damage)}),
        **({"faults": [asdict(fault) for fault in inspection.faults]} if inspection.faults else {}),
    }


def damage_json(damage: WarcDamageError) -> dict[str, Any]:
    """Where a file stops being whole, and why, as JSON-ready values."""
    return {name: getattr(damage, name) for name in ("record", "offset", "expected", "found")}


def _write_index_and_custody(
    connection: Connection,
    keys: SealingKeys | None,
    name: str,
    inspection: FileInspection,
    location: ArchiveLocation,
    stored: StoredObject,
    actor: str,
    origin: Origin,
    clock: Clock,
) -> CustodyEntry | None:
    """Write index and custody; None where both exist already."""
    enter(connection)
    # two deposits of one file at once: the second waits here and then finds the row
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": location.key})
    stored_digest = connection.execute(
        select(warcs.c.sha256).where(warcs.c.key == location.key)
    ).scalar_one_or_none()
    if stored_digest is not None:
        if stored_digest != str(inspection.sha256):
            raise DepositRefusedError(name, "digest in the index", stored_digest, str(inspection.sha256))
        return None
    if inspection.own is not None:
        _require_new_ids(connection, name, inspection.rows)
        _require_targets(connection, name, inspection.rows)
    insert_captures(connection, location.key, captures_of_file(inspection, location, stored.version_id))
    entry = append(
        connection,
        "deposited",
        keys=keys,
        subject_id=location.key,
        subject_digest=inspection.sha256,
        actor=actor,
        details=custody_details(name, inspection, location, stored, origin),
        clock=clock,
    )
    connection.execute(insert(warcs).values(**warc_row(inspection, location, stored.version_id, entry.seq)))
    return entry


def _require_new_ids(connection: Connection, name: str, rows: Sequence[IndexedRecord]) -> None:
    """A file that names records of another file is no crawl of ours, whatever it says."""
    ids = [row.record_id for row in rows]
    if len(set(ids)) != len(ids):
        twice = next(record_id for record_id in ids if ids.count(record_id) > 1)
        raise DepositRefusedError(name, "record ids", "each once", f"{twice} twice")
    for start in range(0, len(ids), ROWS_AT_ONCE):
        among = captures.c.id.in_(ids[start : start + ROWS_AT_ONCE])
        for found in connection.execute(select(captures.c.id, captures.c.warc_key).where(among).limit(1)):
            raise DepositRefusedError(name, "record ids", "new ones", f"{found.id}, which is in {found.warc_key}")


def _require_targets(connection: Connection, name: str, rows: Sequence[IndexedRecord]) -> None:
    """The payload that a revisit of ours refers to must be deposited, or be earlier in the same file."""
    earlier: dict[str, str] = {}
    for row in rows:
        if row.record_type != "revisit":
            earlier[row.record_id] = str(row.payload_digest)
            continue
        found = earlier.get(row.refers_to_id or "")
        if found is None:
            query = select(captures.c.payload_digest).where(
                captures.c.id == row.refers_to_id, captures.c.record_type == "response"
            )
            found = connection.execute(query).scalar_one_or_none()
        if found is None and is_purged(connection, row.refers_to_id or ""):
            continue  # purged while its crawl went on; it is hidden when it is read
        if found != str(row.payload_digest):
            what = f"target {row.refers_to_id} of the revisit at offset {row.offset_bytes}"
            raise DepositRefusedError(name, what, f"a deposited payload {row.payload_digest}", found or "none")
