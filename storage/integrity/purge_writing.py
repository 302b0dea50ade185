"""Writes a deposited file anew without the records of a purge, and lets index and custody follow.

In: an archive, the order, what goes of one file. Out: the entry ``purged``. Guaranteed: every other record was
held against the index before anything was stored; store first, then index and custody in one transaction, so that
a kill in between leaves a version that the same call finds again. The new file never lies on this machine under a
name. Raises `PurgePostponedError`, `PurgeRefusedError`, and the errors of store and database.
"""

import tempfile
import uuid
from collections.abc import Mapping, Sequence
from io import SEEK_SET
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from sqlalchemy import Connection, bindparam, select, update

from crawlers.model.iso_time import time_text
from storage.archive import Archive
from storage.catalogue.captures import Capture, capture_row
from storage.catalogue.earlier_readings import forget_earlier_of_record
from storage.catalogue.forgetting import forget_captures
from storage.catalogue.hiding import apply_hiding
from storage.catalogue.tables import captures, warcs
from storage.catalogue.write_gate import enter
from storage.deposit.inspection import FileFaults, FileInspection, inspect_stream
from storage.deposit.origin import file_name_of
from storage.deposit.placement import captures_of_file, warc_row
from storage.errors import StorageError
from storage.integrity.deposited_file import location_of
from storage.integrity.purge_scope import PurgedCapture
from storage.ledger.custody import append, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.file_custody import PURGED, FileInCustody, file_in_custody
from storage.ledger.withdrawals import WithdrawalAct
from storage.objects.model import StoredObject
from storage.private_folder import closed_folder
from storage.similarity.compare import forget_media, link_new_media
from storage.warc.places import PlaceMap
from storage.warc.records import WarcRecord, tombstone_record
from storage.warc.writing_anew import RecordAt, RemovedRecord, WrittenAnew, write_anew

PLACED: Final = ("object_version", "offset_bytes", "length_bytes", "within_bytes")
NOT_OF_THE_FILE: Final = frozenset({*PLACED, "access_label"})


class PurgePostponedError(StorageError):
    """It cannot be done now, and will be tried again; the sentence says what has to happen first."""


class PurgeRefusedError(StorageError):
    """The file is not what it must be for records to be taken out of it; a person has to look."""

    def __init__(self, key: str, what: str, expected: str, found: str) -> None:
        super().__init__(
            f"Purge in {key}: {what}: expected {expected}, found {found}. Nothing was stored and nothing was "
            f"removed; run `letapis verify {key}`."
        )


def write_file_anew(
    archive: Archive,
    order: WithdrawalAct,
    key: str,
    gone: Sequence[PurgedCapture],
    dependents: Sequence[str],
    *,
    actor: str,
) -> CustodyEntry:
    """Take the records of these captures out of their file; what stands for them (``dependents``) stays."""
    with archive.reader.connect() as connection:
        file = file_in_custody(connection, key)
        label = connection.scalar(select(warcs.c.object_version).where(warcs.c.key == key))
        offsets = list(connection.scalars(select(captures.c.offset_bytes).where(captures.c.warc_key == key)))
    if file is None or label is None:
        raise PurgeRefusedError(key, "file", "one that custody and index know", "none")
    if order.basis is None:
        raise PurgePostponedError(
            f"The purge of custody entry {order.seq} waits: its legal basis, which stands in the place of each "
            "record, is sealed, and no key is here that opens it."
        )
    version_id = str(label)
    found = archive.objects.digest(key, version_id)
    if found != file.sha256:
        raise PurgeRefusedError(key, "sha256", str(file.sha256), str(found))
    # never the data folder itself: in it lies the embedded database, whose user has to pass through
    folder = closed_folder(archive.hash_folder)
    with tempfile.TemporaryFile(dir=folder) as unnamed:
        new = cast(BinaryIO, unnamed)
        with archive.objects.open(key, version_id) as old:
            written = write_anew(
                old,
                Path(key).name,
                new,
                {each.at for each in gone},
                _tombstones(order, gone),
                certain=offsets,
                made_at=order.at,
            )
        new.seek(0, SEEK_SET)
        inspection = _inspected(new, file, written)
        _require_whole(archive, file, inspection, written, {each.id for each in gone})
        stored = archive.objects.put_beside(key, new, sha256=inspection.sha256)
    with archive.writer.begin() as connection:
        entry = _follow(
            connection, archive, order, file, inspection, written, stored, gone, dependents, actor=actor
        )
    publish_pending_entries(archive)
    return entry


def _tombstones(order: WithdrawalAct, gone: Sequence[PurgedCapture]) -> Any:
    by_place = {each.at: each for each in gone}

    def tombstone(at: RecordAt, removed: Sequence[RemovedRecord]) -> WarcRecord:
        capture = by_place[at]
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"letapis/purge/{order.seq}/{capture.id}")
        facts = {
            "capture_id": capture.id,
            "ordered_at": time_text(order.at),
            "custody_entry": order.seq,
            "basis": order.basis,
            "removed": [each.as_json() for each in removed],
        }
        return tombstone_record(f"<urn:uuid:{name}>", order.at, capture.id, facts)

    return tombstone


def _inspected(new: BinaryIO, file: FileInCustody, written: WrittenAnew) -> FileInspection:
    """Read the new file as its deposit read the old one."""
    entry = file.deposited
    has_faults = entry.has_detail("faults")
    went = sum(map(len, written.removed.values()))
    stones = 0 if file.key.endswith((".arc", ".arc.gz", ".arc.zst")) else len(written.removed)
    return inspect_stream(
        new,
        file_name_of(entry),
        faults=FileFaults.NAMED_WITH_CUT if has_faults else FileFaults.REFUSED,
        most_records=file.records - went + stones if entry.has_detail("damage") else None,
    )


def _require_whole(
    archive: Archive, file: FileInCustody, inspection: FileInspection, written: WrittenAnew, gone: set[str]
) -> None:
    """Every record that stays is in the new file as the index has it, and nothing else is."""
    derived = {
        each.id: capture_row(each)
        for each in captures_of_file(
            inspection, location_of(file.deposited), "", file, since=PlaceMap(written.cuts)
        )
    }
    with archive.reader.connect() as connection:
        query = select(captures).where(captures.c.warc_key == file.key)
        indexed = {str(row["id"]): row for row in connection.execute(query).mappings()}
    for capture_id, row in indexed.items():
        if capture_id in gone:
            continue
        now = derived.pop(capture_id, None)
        if now is None:
            raise PurgeRefusedError(file.key, f"capture {capture_id}", "still in the new file", "no such record")
        for name, value in now.items():
            if name not in NOT_OF_THE_FILE and row[name] != value:
                raise PurgeRefusedError(file.key, f"capture {capture_id}: {name}", str(row[name]), str(value))
    if derived:
        raise PurgeRefusedError(file.key, "captures", "none that the index lacks", min(derived))


def _follow(
    connection: Connection,
    archive: Archive,
    order: WithdrawalAct,
    file: FileInCustody,
    inspection: FileInspection,
    written: WrittenAnew,
    stored: StoredObject,
    gone: Sequence[PurgedCapture],
    dependents: Sequence[str],
    *,
    actor: str,
) -> CustodyEntry:
    """Index, what was derived, and custody say from now on what the new file holds."""
    enter(connection)
    # whoever reads the file holds its row, and is waited for
    now = connection.scalar(select(warcs.c.sha256).where(warcs.c.key == file.key).with_for_update())
    if now != str(file.sha256):
        raise PurgePostponedError(f"{file.key} was written anew by somebody else meanwhile: the next run goes on.")
    unshown = forget_captures(connection, [each.id for each in gone], dependents)
    if order.subject.kind == "record":
        forget_earlier_of_record(connection, order.subject.id)
    forget_media(connection, unshown)
    link_new_media(connection, archive.hash_folder)
    location = location_of(file.deposited)
    made = captures_of_file(inspection, location, stored.version_id, file, since=PlaceMap(written.cuts))
    _place_captures(connection, list(made))
    row = warc_row(inspection, location, stored.version_id, file.deposited.seq)
    kept = ("object_version", "sha256", "sha512", "length_bytes", "records", "warcinfo", "processed_with")
    connection.execute(update(warcs).where(warcs.c.key == file.key).values({name: row[name] for name in kept}))
    apply_hiding(connection)
    return append(
        connection,
        PURGED,
        keys=archive.sealing,
        subject_id=file.key,
        subject_digest=inspection.sha256,
        actor=actor,
        details=_details(order, file, inspection, written, stored, gone, dependents),
    )


def _place_captures(connection: Connection, made: Sequence[Capture]) -> None:
    if not made:
        return
    statement = (
        update(captures)
        .where(captures.c.id == bindparam("of_id"))
        .values({name: bindparam(f"new_{name}") for name in PLACED})
    )
    rows = [{"of_id": each.id, **{f"new_{name}": getattr(each, name) for name in PLACED}} for each in made]
    connection.execute(statement, rows)


def _details(
    order: WithdrawalAct,
    file: FileInCustody,
    inspection: FileInspection,
    written: WrittenAnew,
    stored: StoredObject,
    gone: Sequence[PurgedCapture],
    dependents: Sequence[str],
) -> Mapping[str, Any]:
    return {
        "order": order.seq,
        "before": {"object_version": file.version_id, "sha256": str(file.sha256)},
        "object_version": stored.version_id,
        "locked_until": time_text(stored.locked_until),
        "sha512": str(inspection.sha512),
        "length_bytes": inspection.length_bytes,
        "records": inspection.records,
        "captures": len(inspection.rows),
        "cuts": [each.as_json() for each in written.cuts],
        "removed": [{"capture": each.id, "record": each.record_id} for each in gone],
        "payloads": {each.id: each.payload_digest for each in gone if each.payload_digest is not None},
        "dependents": list(dependents),
        "basis": order.basis,
    }
