"""The register of disclosures: who received which package, when, on which request, with which digest.

In: an archive, a frozen selection as JSON, the digest of the package that was built of it. Out: `Disclosure`s.
Guaranteed: each is one entry of custody (``disclosed``), whose subject digest is the package's, and one row with
its number, in one transaction; the same package twice is one disclosure; the store alone restores the rows. A
disclosure is shown to those alone who may see everything that was handed over with it, since its rows name it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from processors.digest import Digest
from storage.access_labels import EVERYONE, Viewer, labels_of
from storage.archive import Archive
from storage.ledger.chain import Chain
from storage.ledger.custody import append, lock_chain, publish_pending_entries
from storage.ledger.entry import CustodyEntry
from storage.ledger.tables import disclosures

DISCLOSED: Final = "disclosed"
SUBJECT: Final = "disclosures"
"""The subject of every such entry; who received what is sealed."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Package ``package_id`` went to ``recipient``; ``selection`` is the frozen one, as JSON.

    ``request`` is None where they did not ask for it. ``labels``: those of everything that was handed over.
    """

    seq: int
    at: datetime
    actor: str
    package_id: str
    package_digest: Digest
    recipient: str
    level: str
    request: str | None
    labels: tuple[str, ...]
    selection: Mapping[str, Any]


def register_disclosure(
    archive: Archive,
    selection: Mapping[str, Any],
    package_digest: Digest,
    *,
    labels: Collection[str],
    actor: str,
) -> Disclosure:
    """Write down that the package was handed over; one that is in the register already is not written again."""
    recipient = selection["recipient"]
    details = {
        "package_id": selection["package_id"],
        "recipient": recipient["name"],
        "level": recipient["level"],
        "request": recipient["request"],
        "labels": sorted(labels),
        "selection": dict(selection),
    }
    with archive.writer.begin() as connection:
        lock_chain(connection)
        query = select(disclosures).where(
            disclosures.c.package_id == details["package_id"], disclosures.c.package_digest == str(package_digest)
        )
        row = connection.execute(query).first()
        if row is None:
            entry = append(
                connection,
                DISCLOSED,
                keys=archive.sealing,
                subject_id=SUBJECT,
                subject_digest=package_digest,
                actor=actor,
                details=details,
            )
            connection.execute(insert(disclosures).values(**_row(entry)))
            row = connection.execute(query).one()
    publish_pending_entries(archive)
    return _disclosure_of(row)


def disclosures_to(
    connection: Connection, recipient: str | None = None, *, viewer: Viewer = EVERYONE
) -> tuple[Disclosure, ...]:
    """What was handed over, to one recipient or to all, the newest first; what the viewer may know of it."""
    query = select(disclosures).order_by(disclosures.c.custody_seq.desc())
    if recipient is not None:
        query = query.where(disclosures.c.recipient == recipient)
    seen = labels_of(connection, viewer)
    return tuple(each for each in _found(connection, query) if seen is None or seen >= set(each.labels))


def disclosure_of_package(
    connection: Connection, package_id: str, *, viewer: Viewer = EVERYONE
) -> Disclosure | None:
    """The newest disclosure of a package; None where there is none that the viewer may know of."""
    query = select(disclosures).where(disclosures.c.package_id == package_id)
    seen = labels_of(connection, viewer)
    found = _found(connection, query.order_by(disclosures.c.custody_seq.desc()))
    return next((each for each in found if seen is None or seen >= set(each.labels)), None)


def packages_with(connection: Connection, capture_ids: Collection[str]) -> tuple[tuple[str, str], ...]:
    """The packages that hold one of these captures, each with its recipient: nobody can reach them."""
    wanted = set(capture_ids)
    found: dict[tuple[str, str], None] = {}
    for each in _found(connection, select(disclosures).order_by(disclosures.c.custody_seq)):
        held = {row["capture_id"] for exhibit in each.selection["exhibits"] for row in exhibit["captures"]}
        if held & wanted:
            found[each.package_id, each.recipient] = None
    return tuple(found)


def restore_disclosures(archive: Archive, chain: Chain) -> int:
    """Restore the rows of the chain's entries in a ledger that lacks them; returns how many it lacked.

    An entry whose values cannot be opened gives no row: to whom the package went is not known.
    """
    rows = [
        _row(chained.entry)
        for chained in chain.entries
        if chained.entry.event == DISCLOSED and chained.entry.unknown_because is None
    ]
    if not rows:
        return 0
    with archive.writer.begin() as connection:
        made = connection.execute(
            insert_or_keep(disclosures).on_conflict_do_nothing().returning(disclosures.c.custody_seq), rows
        )
        return len(made.all())


def _found(connection: Connection, query: Any) -> Iterator[Disclosure]:
    return (_disclosure_of(row) for row in connection.execute(query))


def _row(entry: CustodyEntry) -> dict[str, Any]:
    return {
        "custody_seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "package_digest": str(entry.subject_digest),
        **{
            name: entry.details[name]
            for name in ("package_id", "recipient", "level", "request", "labels", "selection")
        },
    }


def _disclosure_of(row: Row[Any]) -> Disclosure:
    return Disclosure(
        seq=row.custody_seq,
        at=row.at,
        actor=row.actor,
        package_id=row.package_id,
        package_digest=Digest.parse(row.package_digest),
        recipient=row.recipient,
        level=row.level,
        request=row.request,
        labels=tuple(row.labels),
        selection=row.selection,
    )
