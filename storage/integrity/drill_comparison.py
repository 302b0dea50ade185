"""Compares the catalogue in use with one that a drill has derived in another database, kind by kind.

In: a connection to each, up to which custody entry, and the files whose readings cannot be compared. Out:
`Comparison`s. Both sides are read in the order of their names as streams, so that memory stays the same however
large the archive is. Ids of records, wordings and media are digests of what they are; entries of custody and
captures are compared with every column. Reads only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, text

NAMED_AT_MOST: Final = 20

_FILES: Final = "SELECT key FROM catalogue.warcs WHERE custody_seq <= :until"
_READ: Final = f"""
SELECT c.id FROM catalogue.captures c
WHERE c.warc_key IN ({_FILES}) AND c.warc_key <> ALL(CAST(:besides AS text[]))
"""  # noqa: S608 - sentences of ours
_QUERIES: Final = {
    "custody entries": """
        SELECT lpad(CAST(seq AS text), 12, '0') AS name, digest AS content FROM ledger.custody WHERE seq <= :until
    """,
    "files": """
        SELECT key AS name, sha256 || ' ' || sha512 || ' ' || records AS content
        FROM catalogue.warcs WHERE custody_seq <= :until
    """,
    "captures": f"""
        SELECT c.id AS name, md5(CAST(to_jsonb(c) - 'object_version' AS text)) AS content
        FROM catalogue.captures c WHERE c.warc_key IN ({_FILES})
    """,  # noqa: S608 - sentences of ours
    "records": f"""
        SELECT DISTINCT s.record_id AS name, '' AS content FROM catalogue.sightings s
        WHERE s.capture_id IN ({_READ})
    """,  # noqa: S608 - sentences of ours
    "wordings": f"""
        SELECT v.id AS name, md5(CAST(v.content AS text)) AS content FROM catalogue.versions v
        WHERE v.id IN (SELECT s.version_id FROM catalogue.sightings s WHERE s.capture_id IN ({_READ}))
    """,  # noqa: S608 - sentences of ours
    "media": f"""
        SELECT DISTINCT o.sha256 AS name, '' AS content FROM catalogue.occurrences o
        WHERE o.capture_id IN ({_READ})
    """,  # noqa: S608 - sentences of ours
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One kind of thing: how many each side has, how many differ, and the first of them as sentences."""

    kind: str
    in_use: int
    restored: int
    differing: int
    differences: tuple[str, ...]


def comparable_until(connection: Connection, store: str) -> int:
    """The last custody entry up to which the store has all of them, according to the database in use."""
    query = text("""
        SELECT coalesce(
            (SELECT min(c.seq) - 1 FROM ledger.custody c WHERE NOT EXISTS (
                SELECT FROM ledger.custody_objects o WHERE o.seq = c.seq AND o.store = :store)),
            (SELECT max(seq) FROM ledger.custody), 0)
    """)
    return int(connection.scalar(query, {"store": store}) or 0)


def read_otherwise(connection: Connection, until: int, read_with: str) -> tuple[str, ...]:
    """Files that are not read yet, or by other versions of our software: their readings have no counterpart."""
    query = text(
        f"{_FILES} AND processed_with IS DISTINCT FROM :same AND coalesce(processed_with, '') NOT LIKE :by"
    )
    return tuple(connection.scalars(query, {"until": until, "same": read_with, "by": f"{read_with} %"}))


def compare_restored(
    in_use: Connection, restored: Connection, *, until: int, besides: Sequence[str]
) -> Iterator[Comparison]:
    """Every kind; ``besides`` are the files whose readings are left out on both sides."""
    values = {"until": until, "besides": list(besides)}
    for kind, query in _QUERIES.items():
        ordered = text(f'SELECT name, content FROM ({query}) AS t ORDER BY name COLLATE "C"')  # noqa: S608 - sentences of ours
        streams = (
            iter(each.execution_options(stream_results=True, yield_per=5000).execute(ordered, values))
            for each in (in_use, restored)
        )
        yield _merged(kind, *streams)


def _merged(kind: str, in_use: Iterator[Row[Any]], restored: Iterator[Row[Any]]) -> Comparison:
    counts = {"in_use": 0, "restored": 0}
    differences: list[str] = []
    differing = 0

    def one(stream: Iterator[Row[Any]], side: str) -> tuple[str, str] | None:
        row = next(stream, None)
        if row is None:
            return None
        counts[side] += 1
        return str(row.name), str(row.content)

    left, right = one(in_use, "in_use"), one(restored, "restored")
    while left is not None or right is not None:
        if left is not None and (right is None or left[0] < right[0]):
            found, left = f"{left[0]}: in the database in use, not in what was restored", one(in_use, "in_use")
        elif right is not None and (left is None or right[0] < left[0]):
            found, right = f"{right[0]}: restored, not in the database in use", one(restored, "restored")
        else:
            assert left is not None
            assert right is not None
            same = left[1] == right[1]
            found = "" if same else f"{left[0]}: restored with other content than in the database in use"
            left, right = one(in_use, "in_use"), one(restored, "restored")
        if found:
            differing += 1
            if differing <= NAMED_AT_MOST:
                differences.append(found)
    return Comparison(kind, counts["in_use"], counts["restored"], differing, tuple(differences))
