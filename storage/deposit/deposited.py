"""Which files of a crawl the archive has, whoever deposited them.

In: an archive, a crawl's id. Out: each file as a new deposit of it would return it: read back whole from
every store that has confirmed it. Raises `storage.objects.errors` where the first store cannot give one.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select

from processors.digest import Digest
from storage.archive import Archive
from storage.catalogue.tables import captures, warcs
from storage.deposit.deposit import Deposited
from storage.deposit.origin import origin_in_custody
from storage.deposit.replication import verified_replica_status
from storage.ledger.custody import deposit_of


def deposits_of_crawl(
    archive: Archive, crawl_id: str, *, deposited_now: Mapping[str, Deposited]
) -> tuple[Deposited, ...]:
    """Every deposited file of the crawl in the order it was written.

    ``deposited_now`` are those, by key, that the caller has deposited itself; the others are marked ``already``.
    """
    rows = select(func.count()).where(captures.c.warc_key == warcs.c.key).scalar_subquery()
    query = select(warcs, rows.label("rows")).where(warcs.c.crawl_id == crawl_id).order_by(warcs.c.serial)
    with archive.reader.connect() as connection:
        found = connection.execute(query).all()
    return tuple(deposited_now.get(row.key) or _read_back(archive, row) for row in found)


def keys_of_crawl(connection: Connection, crawl_id: str) -> tuple[str, ...]:
    """The keys of every deposited file of the crawl, in the order it was written."""
    query = select(warcs.c.key).where(warcs.c.crawl_id == crawl_id).order_by(warcs.c.serial)
    return tuple(connection.execute(query).scalars())


def _read_back(archive: Archive, row: Row[Any]) -> Deposited:
    digest = Digest.parse(row.sha256)
    archive.objects.confirm(row.key, row.object_version, sha256=digest)
    with archive.reader.connect() as connection:
        entry = deposit_of(connection, row.key)
    return Deposited(
        key=row.key,
        version_id=row.object_version,
        sha256=digest,
        captures=row.rows,
        already=True,
        crawl_id=row.crawl_id,
        source_id=row.source_id,
        records=row.records,
        origin=origin_in_custody(entry.details),
        brought_by=entry.actor,
        second_copy=None if archive.replica is None else verified_replica_status(archive, row.key),
    )
