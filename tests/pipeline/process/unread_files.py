"""How many deposited files a version of the readers has not read yet."""

from sqlalchemy import func, select

from storage.archive import Archive
from storage.catalogue.tables import warcs


def count_unread(archive: Archive, version: str) -> int:
    """How many files ``version`` has not read."""
    query = select(func.count()).select_from(warcs).where(warcs.c.processed_with.is_distinct_from(version))
    with archive.reader.connect() as connection:
        return int(connection.execute(query).scalar_one())
