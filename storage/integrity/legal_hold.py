"""Legal holds: the WARC files behind a capture, record or medium are kept whatever their locks say.

In: an archive, what is named, who acts, why. Out: `LegalHold`s. Guaranteed: a hold is on the objects in every
configured store before custody says so, and custody says that it ends before a store is asked to end it; so what
was killed in between keeps more than it must, never less. An object on which another hold is stays held. `verify`
compares holds with custody. Raises `HoldError`, with which nothing was entered, and the errors of the stores.
Source: S3 API, PutObjectLegalHold; docs/decisions/0041-law.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, or_, select

from processors.digest import Digest
from storage.access_labels import UPKEEP
from storage.archive import Archive
from storage.catalogue.captures import capture_of, captures_joined
from storage.catalogue.revisits import payload_capture
from storage.catalogue.tables import captures, occurrences, sightings, warcs
from storage.errors import StorageError
from storage.integrity.withdrawal import LONGEST, find_subject
from storage.ledger.custody import append_and_publish, entry_of
from storage.ledger.entry import CustodyEntry
from storage.ledger.retention import holds_from_custody
from storage.ledger.tables import custody
from storage.ledger.withdrawals import HiddenSubject
from storage.objects.find_version import find_version
from storage.objects.store import ObjectStore

HELD: Final = "held"
RELEASED: Final = "released"
MOST_FILES: Final = 200
"""Files of one hold: an entry of custody names each, in each store."""


class HoldError(StorageError):
    """The hold is refused; the sentence says why."""


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A hold, entry ``seq`` of custody; ``released_at`` None while it is on. Sealed words are None."""

    seq: int
    at: datetime
    actor: str | None
    subject_id: str
    objects: tuple[tuple[str, str, str], ...]
    """Store, key and version of each."""
    reason: str | None = None
    basis: str | None = None
    released_at: datetime | None = None


def hold(archive: Archive, name: str, *, actor: str, reason: str, basis: str) -> LegalHold:
    """Hold the files behind what is named, in every store; returns when each store says so."""
    why, on = _words(reason, "a reason"), _words(basis, "a legal basis")
    with archive.reader.connect() as connection:
        subject, files = _files_of(connection, name)
    if len(files) > MOST_FILES:
        raise HoldError(
            f"{name}: it lies in {len(files)} files; one hold names {MOST_FILES} at most. Hold captures or "
            "records one by one. Nothing was changed."
        )
    there = [(store, _versions_in(store, files)) for store in _stores(archive)]
    held = [(store.name, key, version) for store, versions in there for key, version in versions]
    for store, versions in there:
        for key, version in versions:
            store.set_hold(key, version, on=True)
    entry = append_and_publish(
        archive,
        HELD,
        subject_id=subject,
        actor=actor,
        details={
            "objects": [{"store": store, "key": key, "object_version": version} for store, key, version in held],
            "reason": why,
            "basis": on,
        },
    )
    return _hold_of(entry, None)


def release(archive: Archive, number: int, *, actor: str, reason: str) -> LegalHold:
    """End a hold; where it was ended before and a store was away then, ask the store once more."""
    why = _words(reason, "a reason")
    found = next((each for each in legal_holds(archive) if each.seq == number), None)
    if found is None:
        raise HoldError(f"{number}: expected the number of a legal hold, found none. Nothing was changed.")
    if found.released_at is None:
        details = {"hold": number, "reason": why}
        append_and_publish(archive, RELEASED, subject_id=found.subject_id, actor=actor, details=details)
    for store in _stores(archive):
        with archive.reader.connect() as connection:
            still = holds_now(connection, store.name)
        for name, key, version in found.objects:
            if name == store.name and (key, version) not in still:
                store.set_hold(key, version, on=False)
    return next(each for each in legal_holds(archive) if each.seq == number)


def legal_holds(archive: Archive) -> tuple[LegalHold, ...]:
    """Every hold there was, oldest first."""
    with archive.reader.connect() as connection:
        acts = tuple(_acts(connection))
    ended = {entry.details["hold"]: entry.at for entry in acts if entry.event == RELEASED}
    return tuple(_hold_of(entry, ended.get(entry.seq)) for entry in acts if entry.event == HELD)


def holds_now(connection: Connection, store: str) -> dict[tuple[str, str], int]:
    """The versions in this store on which a hold is, by key and version, with the entry that says so."""
    return holds_from_custody(_acts(connection), store)


def _acts(connection: Connection) -> Iterator[CustodyEntry]:
    query = select(custody).where(custody.c.event.in_((HELD, RELEASED))).order_by(custody.c.seq)
    return (entry_of(row) for row in connection.execute(query))


def _stores(archive: Archive) -> tuple[ObjectStore, ...]:
    return (archive.objects,) if archive.replica is None else (archive.objects, archive.replica)


def _files_of(connection: Connection, name: str) -> tuple[str, list[tuple[str, str, Digest]]]:
    """The subject's name as it is kept, and the files of its captures and of what goes with them."""
    of_file = select(warcs.c.key, warcs.c.object_version, warcs.c.sha256)
    row = connection.execute(of_file.where(warcs.c.key == name.strip())).first()
    if row is not None:
        return row.key, [(row.key, row.object_version, Digest.parse(row.sha256))]
    subject = find_subject(connection, name)
    keys = _keys_behind(connection, subject)
    rows = connection.execute(of_file.where(warcs.c.key.in_(keys)).order_by(warcs.c.key))
    return subject.id, [(each.key, each.object_version, Digest.parse(each.sha256)) for each in rows]


def _keys_behind(connection: Connection, subject: HiddenSubject) -> set[str]:
    """The files of its captures, of the renderings made of them, and of the payloads that revisits stand for."""
    named = {
        "capture": select(captures.c.id).where(captures.c.id == subject.id),
        "record": select(sightings.c.capture_id).where(sightings.c.record_id == subject.id),
        "medium": select(occurrences.c.capture_id).where(occurrences.c.sha256 == subject.id),
    }[subject.kind]
    keys = set()
    for row in connection.execute(captures_joined(UPKEEP).where(captures.c.id.in_(named))).all():
        capture = capture_of(row)
        payload = payload_capture(connection, capture, viewer=UPKEEP)
        keys |= {capture.warc_key} if payload is None else {capture.warc_key, payload.warc_key}
        beside = or_(captures.c.refers_to_id == capture.record_id, captures.c.id == capture.refers_to_id)
        keys.update(connection.scalars(select(captures.c.warc_key).where(beside)))
    return keys


def _versions_in(store: ObjectStore, files: list[tuple[str, str, Digest]]) -> list[tuple[str, str]]:
    found = []
    for key, version, digest in files:
        head = find_version(store, key, version, digest)
        if head is None:
            raise HoldError(
                f"{key}: expected it in the {store.name} store, found none. Nothing was changed; `letapis copies` "
                "brings the second store what it lacks, then hold it."
            )
        found.append((key, head.version_id))
    return found


def _hold_of(entry: CustodyEntry, released_at: datetime | None) -> LegalHold:
    rows = entry.details["objects"]
    return LegalHold(
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor,
        subject_id=entry.subject_id,
        objects=tuple((row["store"], row["key"], row["object_version"]) for row in rows),
        reason=entry.details.get("reason"),
        basis=entry.details.get("basis"),
        released_at=released_at,
    )


def _words(text: str, what: str) -> str:
    stripped = text.strip()
    if not 0 < len(stripped) <= LONGEST or not stripped.isprintable():
        raise HoldError(
            f"Expected {what}, of at most {LONGEST} characters on one line, found {text[:80]!r}. "
            "Nothing was changed."
        )
    return stripped
