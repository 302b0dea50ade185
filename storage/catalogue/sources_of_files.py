"""The sources that the archive has files of, and what each was declared as last, however many files there are.

Out: parts of queries. A source costs two looks into the index `warcs_of_source`; asking the files themselves reads
each of them, which after years are hundreds of thousands.
"""

from typing import Any

from sqlalchemy import CTE, func, select
from sqlalchemy.sql.selectable import LateralFromClause

from storage.access_labels import Viewer, visible_to
from storage.catalogue.tables import warcs


def sources_of_files() -> CTE:
    """Every source as ``source_id``; the last row has none, which whoever uses it leaves out."""
    known = select(func.min(warcs.c.source_id).label("source_id")).cte("sources_of_files", recursive=True)
    later = warcs.alias("later")
    after = select(func.min(later.c.source_id)).where(later.c.source_id > known.c.source_id).scalar_subquery()
    return known.union_all(select(after).where(known.c.source_id.is_not(None)))


def newest_declaration(source_id: Any, viewer: Viewer) -> LateralFromClause:
    """The ``declaration`` in the newest file of a source that has one and that the viewer may see."""
    query = (
        select(warcs.c.declaration)
        .where(
            warcs.c.source_id == source_id,
            warcs.c.declaration.is_not(None),
            visible_to(viewer, warcs.c.access_label),
        )
        .order_by(warcs.c.custody_seq.desc())
        .limit(1)
    )
    return query.lateral("newest_declaration")


def visible_file(source_id: Any, viewer: Viewer) -> Any:
    """Whether the viewer may see a file of the source."""
    query = select(warcs.c.key).where(warcs.c.source_id == source_id, visible_to(viewer, warcs.c.access_label))
    return query.exists()
