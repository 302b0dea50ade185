"""The table of the kinds of sources there are, from which everything else that handles kinds is derived.

A new kind of source is a folder with its record, its parser and its declaration (``kind``), and its line here. A
spider of its own it needs only where it is no complete list: those share `crawlers.spiders.published_list`. Kinds
that operators' own parsers declare (decision 0031) are none of the table; `kind_of_record` knows their records.
"""

from collections.abc import Mapping
from typing import Final

from processors.court_list.kind import COURT_LIST
from processors.kind_declaration import (
    KindOfRecord,
    KindOfSource,
    PageKind,
    RecordKind,
    SourceKind,
    kind_of_own_records,
)
from processors.news.kind import NEWS
from processors.notice.kind import NOTICE
from processors.records.own_record import OwnRecord, is_own_kind
from processors.register.kind import REGISTER
from processors.telegram.kind import TELEGRAM
from processors.wanted_list.kind import WANTED_LIST

__all__ = [
    "KINDS",
    "SINGLE_PAGES",
    "KindOfRecord",
    "KindOfSource",
    "PageKind",
    "RecordKind",
    "SourceKind",
    "is_complete_list",
    "kind_of_record",
    "record_kinds",
    "record_types",
    "source_kinds",
]

KINDS: Final[Mapping[SourceKind, KindOfSource]] = {
    kind.name: kind for kind in (TELEGRAM, NEWS, COURT_LIST, REGISTER, NOTICE, WANTED_LIST)
}
"""By kind of source."""

SINGLE_PAGES: Final = "page"
"""The kind of source of single pages: gives whatever its address makes likely, and is judged by nothing."""


def source_kinds() -> tuple[SourceKind, ...]:
    """What a source of the watch-list may be."""
    return (*KINDS, SINGLE_PAGES)


def record_kinds() -> tuple[RecordKind, ...]:
    """What a record may be."""
    return tuple(dict.fromkeys(kind.record.name for kind in KINDS.values()))


def kind_of_record(name: RecordKind) -> KindOfRecord | None:
    """What is declared of a kind of record, ours or an operator's own; None where neither gives it."""
    if is_own_kind(name):
        return kind_of_own_records(name)
    return next((kind.record for kind in KINDS.values() if kind.record.name == name), None)


def record_types() -> tuple[type, ...]:
    """Every type of record."""
    return (*(of for kind in KINDS.values() for of in kind.record.types), OwnRecord)


def is_complete_list(name: SourceKind | PageKind) -> bool:
    """Whether sources, and pages, of this kind show all of themselves every night."""
    return name in KINDS and KINDS[name].complete_list
