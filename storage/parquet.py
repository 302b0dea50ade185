"""Rows as a Parquet file: written a row at a time, in their order, in bounded memory.

In: columns, rows in the order in which they shall stand, a path. Out: `WrittenParquet`. DuckDB makes the file from
lines of JSON in a file beside it; it takes nothing from any network, and its memory is limited whatever the number
of rows. Guaranteed: the path has the whole file or is as it was before; the same rows give the same bytes.
Source: Apache Parquet format; DuckDB 2.0, Parquet export (read 2026-11-29).
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from processors.digest import Digest

ROW_GROUP: Final = 50_000
"""Rows that a reader decodes at once; smaller groups are skipped better, larger ones are packed better."""

MEMORY_MB: Final = 512

LIMIT: Final = f"maximum_object_size = {128 << 20}"
"""The longest row, in bytes as JSON."""

PARTIAL: Final = ".part"
"""What the name of a file ends in until it is complete; it begins with a dot, too, which readers leave out."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name, and its type as DuckDB names it (``VARCHAR``, ``BIGINT``, ``TIMESTAMP``)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class WrittenParquet:
    """What was written."""

    rows: int
    length_bytes: int
    sha256: Digest


def write_parquet(path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> WrittenParquet:
    """Write the rows to ``path``; a file that is there is replaced at once."""
    lines, packed = (path.with_name(f".{path.name}.{os.getpid()}.{kind}{PARTIAL}") for kind in ("lines", "packed"))
    try:
        count = _write_lines(lines, columns, rows)
        with _database(path.parent) as database:
            database.execute(_copy(columns), [str(lines), str(packed)])
        with packed.open("rb") as file:
            os.fsync(file.fileno())
            written = WrittenParquet(count, packed.stat().st_size, Digest("sha256", _sha256(file)))
        packed.replace(path)
    finally:
        for partial in (lines, packed):
            partial.unlink(missing_ok=True)
    return written


def _write_lines(path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> int:
    names, count = [column.name for column in columns], 0
    with path.open("x", encoding="utf-8") as file:
        for row in rows:
            values = dict(zip(names, row, strict=True))
            file.write(json.dumps(values, ensure_ascii=False, default=_plain, allow_nan=False))
            file.write("\n")
            count += 1
    return count


@contextmanager
def _database(folder: Path) -> Iterator["duckdb.DuckDBPyConnection"]:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": "1",  # so that the same rows give the same bytes
        "memory_limit": f"{MEMORY_MB}MB",
        "temp_directory": str(folder / f".duckdb-{os.getpid()}"),
        "preserve_insertion_order": "true",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    database = duckdb.connect(config=settings)
    try:
        yield database
    finally:
        database.close()


def _copy(columns: Sequence[Column]) -> str:
    """The statement; names and types are ours and are quoted all the same, the paths are parameters."""
    shape = ", ".join(f"{_quoted(column.name)}: '{column.type}'" for column in columns)
    lines = f"read_json($1, format = 'newline_delimited', columns = {{{shape}}}, {LIMIT})"
    return f"COPY (FROM {lines}) TO $2 (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat()
    return str(value)


def _sha256(file: Any) -> bytes:
    return hashlib.file_digest(file, "sha256").digest()
