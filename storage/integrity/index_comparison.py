"""Compares the rows of the index about one file with the rows that the file itself gives.

In: a file that was just read from a store (`FileInspection`) with what custody says of it, and the database. Out:
each difference: which row, which column, what the file says and what the index says. Analysts read the index, not
the file: a row that was moved by a year, or added, or taken away, is found here and nowhere else. Reads only.
"""

from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

from sqlalchemy import Connection, func, select

from storage.catalogue.captures import capture_row
from storage.catalogue.hiding import hidden_captures
from storage.catalogue.tables import captures, warcs
from storage.deposit.inspection import FileInspection
from storage.deposit.placement import captures_of_file, warc_row
from storage.findings import Mismatch
from storage.integrity.deposited_file import location_of
from storage.ledger.file_custody import FileInCustody

NAMED_AT_MOST: Final = 20
"""Rows of one file that are named one by one; the others are counted."""
COMPARED_ELSEWHERE: Final = frozenset({"processed_with", "sha256"})
"""What we did with a file; and what `storage.integrity.verification` compares of every store."""
SHOWN_CHARACTERS: Final = 200
"""Of a value that differs; some are as long as an address may be."""


def index_differences(
    connection: Connection, file: FileInCustody, inspection: FileInspection, version_id: str
) -> Iterator[Mismatch]:
    """Every difference between the index and the file, read as version ``version_id``."""
    entry = file.deposited
    location = location_of(entry)
    besides = COMPARED_ELSEWHERE if "access_label" in entry.details else {*COMPARED_ELSEWHERE, "access_label"}
    stored_file = connection.execute(select(warcs).where(warcs.c.key == location.key)).mappings().first()
    if stored_file is not None:
        derived_file = warc_row(inspection, location, version_id, entry.seq)
        yield from _differing_columns("row of the file", derived_file, stored_file, besides)
    stored = {
        str(row["id"]): row
        for row in connection.execute(select(captures).where(captures.c.warc_key == location.key)).mappings()
    }
    labels = _hidden_here(connection, location.key)
    differing = 0
    for capture in captures_of_file(inspection, location, version_id, file):
        derived, row = capture_row(capture), stored.pop(capture.id, None)
        derived["access_label"] = labels.get(capture.id, derived["access_label"])
        found = (
            [Mismatch(f"capture {capture.id}", f"a row for {capture.url}", "none")]
            if row is None
            else list(_differing_columns(f"capture {capture.id}", derived, row, besides))
        )
        differing += bool(found)
        if differing <= NAMED_AT_MOST:
            yield from found
    for capture_id, row in stored.items():
        differing += 1
        if differing <= NAMED_AT_MOST:
            yield Mismatch(
                f"capture {capture_id}", "no row: the file has no such record", f"a row for {row['url']}"
            )
    if differing > NAMED_AT_MOST:
        yield Mismatch(
            "rows of the index", "those that the file gives", f"{differing} that differ; {NAMED_AT_MOST} are named"
        )


def _hidden_here(connection: Connection, key: str) -> dict[str, str]:
    """The labels of those captures of the file that the ledger hides; any other label is the file's own."""
    found = hidden_captures().subquery()
    query = (
        select(found.c.id, func.max(found.c.label).label("label"))
        .join(captures, captures.c.id == found.c.id)
        .where(captures.c.warc_key == key)
        .group_by(found.c.id)
    )
    return {row.id: row.label for row in connection.execute(query)}


def _differing_columns(
    of: str, derived: Mapping[str, Any], stored: Mapping[Any, Any], besides: Set[str]
) -> Iterator[Mismatch]:
    for name, value in derived.items():
        if name not in besides and stored[name] != value:
            yield Mismatch(f"{of}: {name}", shown_value(value), shown_value(stored[name]))


def shown_value(value: Any) -> str:
    """A value as text; a moment with its zone, a long text by its beginning."""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[:SHOWN_CHARACTERS]}… ({len(text)} characters)"
