"""One question in SQL over the views of the schema `archive`: a single SELECT, read-only, limited in time.

In: the address of a database as a role that may read these views, a statement. Out: `SqlAnswer`, whose rows come
as they are read. What the role may see is decided by the database (migration 0016) and by nothing here.
Guaranteed: the statement is one SELECT, since nothing else can stand in a cursor (PostgreSQL, DECLARE), and one
alone, since it is sent as a prepared statement; the transaction is read-only and is rolled back. Raises
`SqlRefusedError`.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from sqlalchemy import make_url

from storage.errors import StorageError
from storage.parquet import Column

ROWS_AT_ONCE: Final = 1_000
SEARCH_PATH: Final = "archive, pg_catalog"

PARQUET_TYPES: Final[Mapping[str, str]] = {
    "bool": "BOOLEAN",
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "float4": "DOUBLE",
    "float8": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP",
}
"""By the database's type: that of a Parquet column; of any other, text."""


class SqlRefusedError(StorageError):
    """The database did not answer the question; the message has its words."""

    def __init__(self, reason: str, hint: str | None = None) -> None:
        super().__init__(f"The database refused: {reason}" + (f"\n{hint}" if hint else ""))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """``columns`` in their order; ``rows`` can be read once, while the question is open."""

    columns: tuple[Column, ...]
    rows: Iterator[Sequence[Any]]


@contextmanager
def answer_of(url: str, statement: str, *, timeout_s: float) -> Iterator[SqlAnswer]:
    """Ask, and give the answer for as long as the block runs; each step may take ``timeout_s`` seconds."""
    loop = asyncio.new_event_loop()
    try:
        connection = loop.run_until_complete(_connected(url))
        try:
            yield _answer(loop, connection, statement.strip().rstrip(";"), timeout_s)
        finally:
            loop.run_until_complete(connection.close())
    except asyncpg.QueryCanceledError as late:
        raise SqlRefusedError(
            f"the question took longer than {timeout_s:g} s.", "Ask for less, or set --timeout."
        ) from late
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as problem:
        raise SqlRefusedError(str(problem), getattr(problem, "hint", None)) from problem
    finally:
        loop.close()


async def _connected(url: str) -> Any:
    target = make_url(url)
    connection = await asyncpg.connect(
        host=target.host or target.query.get("host"),
        port=target.port,
        user=target.username,
        password=target.password,
        database=target.database,
        timeout=10,
        server_settings={
            "application_name": "letapis-sql",
            "search_path": SEARCH_PATH,
            "timezone": "UTC",
            "default_transaction_read_only": "on",
        },
    )
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    return connection


def _answer(loop: asyncio.AbstractEventLoop, connection: Any, statement: str, timeout_s: float) -> SqlAnswer:
    transaction = connection.transaction(readonly=True)
    loop.run_until_complete(transaction.start())
    limit = f"SET LOCAL statement_timeout = {max(1, round(timeout_s * 1000))}"
    loop.run_until_complete(connection.execute(limit))
    # only a SELECT can stand here, and nothing behind it
    loop.run_until_complete(connection.prepare(f"DECLARE answer NO SCROLL CURSOR FOR {statement}"))
    prepared = loop.run_until_complete(connection.prepare(statement))
    columns = tuple(
        Column(each.name, PARQUET_TYPES.get(each.type.name, "VARCHAR")) for each in prepared.get_attributes()
    )
    cursor = loop.run_until_complete(prepared.cursor())

    def rows() -> Iterator[Sequence[Any]]:
        while True:
            # again each time: a function that the statement calls may have changed it
            loop.run_until_complete(connection.execute(limit))
            found = loop.run_until_complete(cursor.fetch(ROWS_AT_ONCE))
            if not found:
                return
            yield from (tuple(row) for row in found)

    return SqlAnswer(columns, rows())


def described_views(url: str) -> dict[str, str]:
    """Every view there is with what it holds, by name."""
    statement = (
        "SELECT relname::text, obj_description(oid, 'pg_class') FROM pg_class "
        "WHERE relnamespace = 'archive'::regnamespace AND relkind = 'v' ORDER BY relname"
    )
    with answer_of(url, statement, timeout_s=10) as answer:
        return {str(name): str(holds) for name, holds in answer.rows}
