"""Which files of a crawl the archive holds, whoever brought them.

In: a connection, a crawl's id, whether a second store is configured. Out: each file as a deposit of it would
answer now.
"""

from sqlalchemy import Connection, func, select

from processors.digest import Digest
from storage.catalogue_tables import captures, warcs
from storage.copies import second_copy
from storage.deposit import Deposited


def deposits_of_crawl(connection: Connection, crawl_id: str, *, replicated: bool) -> tuple[Deposited, ...]:
    """Every deposited file of the crawl in the order it was written; all of them marked ``already``."""
    rows = select(func.count()).where(captures.c.warc_key == warcs.c.key).scalar_subquery()
    found = connection.execute(
        select(warcs, rows.label("rows")).where(warcs.c.crawl_id == crawl_id).order_by(warcs.c.serial)
    )
    return tuple(
        Deposited(
            key=row.key,
            version_id=row.object_version,
            sha256=Digest.parse(row.sha256),
            captures=row.rows,
            already=True,
            crawl_id=row.crawl_id,
            source_id=row.source_id,
            records=row.records,
            second_copy=second_copy(connection, row.key) if replicated else None,
        )
        for row in found
    )
