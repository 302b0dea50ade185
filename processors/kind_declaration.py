"""What a kind of source declares about itself, so that everything that handles kinds is derived from it.

Each kind's folder has a module ``kind`` with one ``KindOfSource``; `processors.kinds` is the table of all. A
declaration imports records alone: parsers are loaded when the first page is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from processors.records.own_record import OwnRecord
from processors.records.record import only_of_record, record_without, signature
from processors.text import folded, one_line, shortened

if TYPE_CHECKING:
    from processors.pages.page import Page
    from processors.pages.parse_result import Reading
    from processors.tables.layout import Layout

SourceKind: TypeAlias = str
"""What a source of the watch-list may be; stands in WARC files and never changes."""

RecordKind: TypeAlias = str
"""What a record may be; stands in the catalogue, in answers and in ids, and never changes."""

PageKind: TypeAlias = str
"""Which parser reads a page; stands in the catalogue and never changes."""

HEADING_LENGTH: Final = 110
"""Characters of a heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserVersion:
    """A parser and the days of capture it is valid for, both ends included; None is open.

    When a site changes its layout, a new version is added from that day on and the old one keeps its fixture and
    gets a ``valid_until``, so that old captures stay readable. Telegram is one site and has had three layouts. The
    readers of news, lists and notices are for sites of any make: no site's day is theirs, and theirs are open.
    """

    kind: PageKind
    name: str
    read: Callable[[Page, Layout | None], Reading]
    valid_from: date | None = None
    valid_until: date | None = None

    def covers(self, day: date) -> bool:
        """Whether a page captured on this day is to be read by this version."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


def N_(message: str) -> str:  # noqa: N802 - gettext's own name, which extraction looks for
    """Mark a text that the web UI shows for translators; it is translated where it is shown."""
    return message


def ngettext(singular: str, plural: str, number: int = 1) -> tuple[str, str]:
    """Mark a text and its plural in the same way; gives both."""
    del number
    return singular, plural


def heading_of_first(*names: str) -> Callable[[Mapping[str, Any]], str | None]:
    """A heading: the first line of the first of these fields that is filled, None where none is."""

    def heading(content: Mapping[str, Any]) -> str | None:
        for name in names:
            if stated := str(content.get(name) or "").strip():
                return shortened(one_line(stated.splitlines()[0]), HEADING_LENGTH)
        return None

    return heading


def heading_of_all(*names: str) -> Callable[[Mapping[str, Any]], str | None]:
    """A heading: those of these fields that are filled, in one line; None where none is."""

    def heading(content: Mapping[str, Any]) -> str | None:
        stated = ", ".join(one_line(content[name]) for name in names if content.get(name))
        return shortened(stated, HEADING_LENGTH) or None

    return heading


heading_by_title: Final = heading_of_first("title", "text")
"""The heading of records that have a title or a text."""


def version_without_url(record: Any) -> dict[str, Any]:
    """All that the record says but the address of the page it stands on."""
    return record_without(record, "url")


def sighting_url(record: Any) -> dict[str, Any]:
    """The address of the page that the record stands on."""
    return only_of_record(record, "url")


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfRecord:
    """What is done with records of one kind.

    ``types``: the dataclasses of its records; the last one has all keys that any of them has, in their order.
    ``key``: the natural key of a record, given it, the id of its source and the publisher declared for that.
    ``version``: what the source itself said; two captures with equal values are one version.
    ``sighting``: what one capture saw besides.
    ``heading``: what stands for the record in a list, made of its JSON.
    ``schedule``: fields that say when and where; a change of one of them is a move.
    ``labels``: what one and several of them are called in the web UI.
    ``field_labels``: what their fields are called there, by names without ``_raw`` and ``_at``.

    A record is dated by its field ``published_at`` or ``starts_at``.
    """

    name: RecordKind
    plural: str
    types: tuple[type[Any], ...]
    key: Callable[[Any, str, str | None], str]
    version: Callable[[Any], dict[str, Any]] = version_without_url
    sighting: Callable[[Any], dict[str, Any]] = sighting_url
    heading: Callable[[Mapping[str, Any]], str | None] = heading_by_title
    schedule: frozenset[str] = field(default_factory=frozenset)
    labels: tuple[str, str] | None = None
    field_labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """JSON keys in the order of architecture §7, which JSONB does not keep; none of own records."""
        return () if self.types == (OwnRecord,) else tuple(self.types[-1].__dataclass_fields__)


def kind_of_own_records(name: RecordKind) -> KindOfRecord:
    """What is done with records of an operator's own kind: each says itself what identifies it."""
    return KindOfRecord(
        name=name,
        plural="records",
        types=(OwnRecord,),
        key=_own_record_key,
        version=_own_record_version,
    )


def _own_record_key(record: OwnRecord, source_id: str, publisher: str | None = None) -> str:
    del publisher
    named = folded(record.key[0]) if len(record.key) == 1 else f"row:{signature(*record.key)}"
    return f"{source_id}|{named}"


def _own_record_version(record: OwnRecord) -> dict[str, Any]:
    return record_without(record, "url", *record.not_compared)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfSource:
    """One kind of source: its parser versions, and the records it gives.

    ``description``: what such a source is, in a sentence; ``label``: what it is called in the web UI.
    ``parsers`` loads the parsers; one whose ``kind`` is another than ``name`` reads what only some files of such a
    source are.
    ``complete_list``: it shows all of itself every night, also in documents and JSON; of other kinds the newest is
    seen.
    ``may_be_empty``: a night without any record is an answer, such as a court without hearings.
    ``likely_address``: found in an address (host, path and query) that is probably of this kind, and
    ``likely_because`` names what it then probably is.
    """

    name: SourceKind
    description: str
    label: str
    record: KindOfRecord
    parsers: Callable[[], tuple[ParserVersion, ...]]
    complete_list: bool = False
    may_be_empty: bool = False
    likely_address: re.Pattern[str] | None = None
    likely_because: str | None = None

    @property
    def page(self) -> PageKind:
        """The kind of its pages: the name of its parser."""
        return self.name
