"""An invented input of one kind of fault, and what is right of it.

The same inputs measure any state of the parsers: ``python -m tests.processors.tables.siblings`` says of how many
the records are right, kind by kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from processors.documents.readers import read_document
from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.record import record_json

URL = "https://sud.example.by/list"
COURT = "Суд Прыкладского района"
# left out of what is compared: what every record has, and what is made of other fields
_BESIDE = ("kind", "url", "officials", "names", "remarks")


@dataclass(frozen=True, kw_only=True)
class Sibling:
    """``records``: every key of each record that is not empty, remarks and officials aside.

    ``remarked``: words that stand in a remark of the page or of a record, each.
    """

    kind: int
    name: str
    content: bytes | Callable[[], bytes]
    records: tuple[Mapping[str, Any], ...]
    remarked: tuple[str, ...] = ()
    parser: str = "court_list"


@dataclass(frozen=True, kw_only=True)
class Read:
    """What the parser gave: records as the expectation has them, and all remarks."""

    records: tuple[Mapping[str, Any], ...]
    remarks: tuple[str, ...]


def read(sibling: Sibling) -> Read:
    """Read it as the pipeline does, the document opened."""
    content = sibling.content if isinstance(sibling.content, bytes) else sibling.content()
    at = datetime(2026, 3, 10, tzinfo=UTC)
    document = read_document(content)
    reading = read_page(Page(URL, content, at, None, None, document), sibling.parser)
    rows = [record_json(record) for record in reading.records]
    return Read(
        records=tuple(
            {key: value for key, value in row.items() if value not in (None, [], {}) and key not in _BESIDE}
            for row in rows
        ),
        remarks=(*reading.remarks, *(remark for row in rows for remark in row.get("remarks", ()))),
    )


def is_right(sibling: Sibling, found: Read) -> bool:
    """Whether records and remarks are as expected."""
    return found.records == sibling.records and all(
        any(words in remark for remark in found.remarks) for words in sibling.remarked
    )


def hearing(**fields: Any) -> dict[str, Any]:
    """A hearing of the usual row, with other or further values; None takes one away."""
    usual: dict[str, Any] = {
        "court": COURT,
        "room": "3",
        "judge": "Узор А. А.",
        "case_number": "1-12/2026",
        "parties_raw": "Пряник Г. Г.",
        "starts_at": "2026-03-03T07:00:00Z",
        "starts_raw": "03.03.2026 10:00",
    }
    return {key: value for key, value in (usual | fields).items() if value is not None}
