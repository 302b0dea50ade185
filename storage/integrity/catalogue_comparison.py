"""Compares what the catalogue says of some files with what was just derived from them, row by row.

In: one connection that sees the catalogue in use and the one that was derived beside it, and the keys of the files
that both hold. Out: `FileComparison` per file: every row that differs, and how many cannot be compared, because
another version of a parser, a classifier or a decoder made them. Reads only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, text

from storage.findings import Mismatch
from storage.integrity.index_comparison import NAMED_AT_MOST, shown_value


@dataclass(frozen=True, slots=True)
class FileComparison:
    """What one file's rows came to. ``compared`` counts rows that were compared, ``not_comparable`` the others."""

    key: str
    differences: tuple[Mismatch, ...] = ()
    compared: int = 0
    not_comparable: int = 0


@dataclass(frozen=True, slots=True)
class _Kind:
    """Rows of one table: what they are called, what names one, who made them, what is not compared.

    ``of_captures``: the condition that a row belongs to the captures in ``:ids``.
    """

    table: str
    called: str
    names: tuple[str, ...]
    of_captures: str
    maker: str | None = None
    besides: tuple[str, ...] = field(default=())


_MEDIA_OF: Final = "sha256 IN (SELECT sha256 FROM {schema}.occurrences WHERE capture_id = ANY(:ids))"
_VERSIONS_OF: Final = "SELECT version_id FROM {schema}.sightings WHERE capture_id = ANY(:ids)"
_RECORDS_OF: Final = "SELECT record_id FROM {schema}.sightings WHERE capture_id = ANY(:ids)"

_KINDS: Final = (
    _Kind("captures", "capture", ("id",), "id = ANY(:ids)", besides=("object_version",)),
    _Kind("outcomes", "outcome of capture", ("capture_id",), "capture_id = ANY(:ids)", maker="classifier_version"),
    _Kind("readings", "reading of capture", ("capture_id",), "capture_id = ANY(:ids)", maker="parser_version"),
    _Kind(
        "sightings",
        "record seen in capture",
        ("capture_id", "record_id"),
        "capture_id = ANY(:ids)",
        maker="parser_version",
    ),
    _Kind("versions", "version of a record", ("id",), f"id IN ({_VERSIONS_OF})", besides=("words", "dated")),
    _Kind("records", "record", ("id",), f"id IN ({_RECORDS_OF})"),
    _Kind("page_texts", "text of capture", ("capture_id",), "capture_id = ANY(:ids)"),
    _Kind("occurrences", "medium of capture", ("capture_id",), "capture_id = ANY(:ids)"),
    _Kind("media", "medium", ("sha256",), _MEDIA_OF, maker="decoder"),
    _Kind("fingerprints", "fingerprint", ("sha256", "algorithm", "version"), _MEDIA_OF, besides=("compared",)),
)


def compare_catalogues(
    connection: Connection, in_use: str, derived: str, keys: Sequence[str], *, read_with: str
) -> Iterator[FileComparison]:
    """Compare the schemas ``in_use`` and ``derived``, file by file.

    What ``in_use`` has read with other versions than ``read_with`` has no counterpart; of such a file only the
    index is compared, and its other rows are counted.
    """
    for key in keys:
        query = text(f"SELECT processed_with FROM {in_use}.warcs WHERE key = :key")  # noqa: S608 - two names of ours
        by = str(connection.scalar(query, {"key": key}))
        by_same = by == read_with or by.startswith(f"{read_with} ")  # behind it, an operator's parser
        yield _compare_file(connection, in_use, derived, key, only_index=not by_same)


def _compare_file(
    connection: Connection, in_use: str, derived: str, key: str, *, only_index: bool
) -> FileComparison:
    of_file = "SELECT id FROM {}.captures WHERE warc_key = :key"
    union = f"{of_file.format(in_use)} UNION {of_file.format(derived)}"
    ids = list(connection.scalars(text(union), {"key": key}))
    differences: list[Mismatch] = []
    compared = not_comparable = differing = 0
    for kind in _KINDS:
        rows = connection.execute(text(_full_join(kind, in_use, derived)), {"ids": ids})
        for expected, found in rows:
            if only_index and kind.table != "captures":
                not_comparable += found is not None
            elif _made_by_others(kind, expected, found):
                not_comparable += 1
            else:
                compared += 1
                if expected != found:
                    differing += 1
                    if differing <= NAMED_AT_MOST:
                        differences.extend(_differences(kind, expected, found))
    if differing > NAMED_AT_MOST:
        counted = f"{differing} rows that differ; {NAMED_AT_MOST} are named"
        differences.append(Mismatch("rows of the catalogue", "those that the file gives", counted))
    return FileComparison(key, tuple(differences), compared, not_comparable)


def _full_join(kind: _Kind, in_use: str, derived: str) -> str:
    """Both rows as JSON, either of them null where there is none."""

    def side(schema: str) -> str:
        of_captures = kind.of_captures.format(schema=schema)
        return f"SELECT * FROM {schema}.{kind.table} WHERE {of_captures}"  # noqa: S608 - names of this module

    def row(alias: str) -> str:
        names = ", ".join(f"'{name}'" for name in kind.besides)
        as_json = f"to_jsonb({alias}) - ARRAY[{names}]::text[]"
        return f"CASE WHEN {alias}.{kind.names[0]} IS NOT NULL THEN {as_json} END"

    return (
        f"SELECT {row('derived')}, {row('stored')} FROM ({side(derived)}) AS derived "  # noqa: S608 - as above
        f"FULL JOIN ({side(in_use)}) AS stored USING ({', '.join(kind.names)})"
    )


def _made_by_others(kind: _Kind, expected: Mapping[str, Any] | None, found: Mapping[str, Any] | None) -> bool:
    """Whether both rows are there and another version made the one in use."""
    if kind.maker is None or expected is None or found is None:
        return False
    return bool(expected[kind.maker] != found[kind.maker])


def _differences(
    kind: _Kind, expected: Mapping[str, Any] | None, found: Mapping[str, Any] | None
) -> Iterator[Mismatch]:
    named = expected or found or {}
    name = f"{kind.called} {' '.join(str(named[column]) for column in kind.names)}"
    if expected is None or found is None:
        yield Mismatch(name, "none" if expected is None else "a row", "a row" if expected is None else "none")
        return
    for column in expected:
        if expected[column] != found.get(column):
            yield Mismatch(f"{name}: {column}", shown_value(expected[column]), shown_value(found.get(column)))
