"""Many rows by one statement whose text never changes: an array for each column.

In: a table and names of columns; rows as dictionaries. Out: an insertion, to which a caller adds what conflicts
come to, and its parameters. Otherwise an insertion with ``ON CONFLICT`` is sent row by row, and what the database
does after each statement, as noting what changed for search, is done after each row.
"""

from typing import Any

from sqlalchemy import Table, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql.dml import Insert


def insert_arrays(table: Table, *names: str) -> Insert:
    """The insertion of rows that have these columns; its parameters are those of `arrays`."""
    of_columns = [func.unnest(bindparam(name, type_=ARRAY(table.c[name].type, dimensions=1))) for name in names]
    return insert(table).from_select(list(names), select(*of_columns))


def arrays(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Rows that all have the same columns, at least one row, as an array for each column."""
    return {name: [row[name] for row in rows] for name in rows[0]}
