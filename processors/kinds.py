"""The kinds of sources and of records there are: one table, from which everything else that names them is derived.

A new kind of source is a row here, its parser, its spider, and its entry of the watch-list's schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

SourceKind = Literal["telegram", "news", "court_list", "register", "notice", "page"]
"""What a source of the watch-list may be; stands in WARC files and never changes."""

RecordKind = Literal["telegram_post", "article", "hearing", "register_entry", "notice"]
"""What a record may be; stands in the catalogue, in answers and in ids, and never changes."""

PageKind = Literal["telegram", "news", "court_list", "register", "notice", "telegram_export"]
"""Which parser reads a page; stands in the catalogue and never changes."""

SOURCE_KINDS: Final[tuple[SourceKind, ...]] = get_args(SourceKind)
RECORD_KINDS: Final[tuple[RecordKind, ...]] = get_args(RecordKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfSource:
    """One kind: its parser, the records it gives, and what one calls several of them.

    ``complete_list``: it shows all of itself every night, also in documents and JSON; of other kinds the newest is
    seen. ``may_be_empty``: a night without any record is an answer, such as a court without hearings.
    """

    page: PageKind
    record: RecordKind
    plural: str
    complete_list: bool = False
    may_be_empty: bool = False


KINDS: Final[Mapping[SourceKind, KindOfSource]] = {
    "telegram": KindOfSource(page="telegram", record="telegram_post", plural="posts"),
    "news": KindOfSource(page="news", record="article", plural="articles"),
    "court_list": KindOfSource(
        page="court_list", record="hearing", plural="hearings", complete_list=True, may_be_empty=True
    ),
    "register": KindOfSource(page="register", record="register_entry", plural="entries", complete_list=True),
    "notice": KindOfSource(page="notice", record="notice", plural="notices", complete_list=True),
}
"""By kind of source; a ``page`` gives whatever its address makes likely, and is judged by nothing."""

COMPLETE_LISTS: Final[frozenset[str]] = frozenset(name for name, kind in KINDS.items() if kind.complete_list)
"""Kinds of sources, and of their pages, that show all of themselves every night."""

PLURALS: Final[Mapping[str, str]] = {kind.record: kind.plural for kind in KINDS.values()}
"""By kind of record: what several of them are called."""
