"""The index of captures as other archives' tools ask for it: by address, time, filters, in pages.

In: a `CdxQuestion`, a reading connection, whom the answer is for. Out: `Capture`s that hold a response or stand
for one. A pattern is the database's regular expression and has a time limit; a bad one raises `CdxPatternError`.
Sources: pywb, CDX Server API (version 2.10, read 2026-11); wayback-cdx-server (Internet Archive, read 2026-11).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    cast,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    text,
)
from sqlalchemy.exc import DataError, OperationalError

from processors.surt import surt_key
from storage.access_labels import EVERYONE, Viewer
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.tables import SURT_INDEXED, captures, outcomes
from storage.errors import StorageError
from storage.queries.replay import REPLAYED

MatchType = Literal["exact", "prefix", "host", "domain"]
CdxOrder = Literal["oldest", "newest", "closest"]
Operator = Literal["contains", "is", "matches"]

PATTERN_TIME_MS: Final = 3000
LAST_LETTER: Final = "\U0010ffff"

TIMESTAMP: Final = func.to_char(func.timezone("UTC", captures.c.captured_at), "YYYYMMDDHH24MISS")

FIELDS: Final[dict[str, ColumnElement[Any]]] = {
    "urlkey": captures.c.surt,
    "timestamp": TIMESTAMP,
    "url": captures.c.url,
    "mime": func.coalesce(captures.c.media_type, "unk"),
    "status": func.coalesce(cast(captures.c.status, Text), "-"),
    "digest": func.coalesce(captures.c.payload_digest, captures.c.block_digest),
    "length": cast(captures.c.length_bytes, Text),
    "offset": cast(captures.c.offset_bytes, Text),
    "filename": captures.c.warc_key,
    "id": captures.c.id,
    "source": captures.c.source_id,
    "outcome": func.coalesce(outcomes.c.outcome, captures.c.transport_outcome, "-"),
}
"""What can be filtered by and collapsed on, under pywb's names, and three of ours."""


class CdxPatternError(StorageError):
    """A pattern that the database cannot read, or that would take it too long; whoever asked writes another."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The filter cannot be used: {why}. Correct the pattern, or use `=` for an exact value.")


@dataclass(frozen=True, slots=True)
class CdxFilter:
    """A condition on a field; ``is_not`` turns it round."""

    field: str
    operator: Operator
    value: str
    is_not: bool


@dataclass(frozen=True, slots=True)
class CdxQuestion:
    """``closest`` is the moment that ``order`` ``closest`` measures from.

    ``collapse``: a field, and of it the first so many characters (None: all); of captures that stand next to each
    other in time with the same beginning, the first is given.
    """

    url: str
    match: MatchType = "exact"
    since: datetime | None = None
    until: datetime | None = None
    filters: tuple[CdxFilter, ...] = ()
    order: CdxOrder = "oldest"
    closest: datetime | None = None
    collapse: tuple[str, int | None] | None = None


def cdx_captures(
    connection: Connection, question: CdxQuestion, *, viewer: Viewer = EVERYONE, most: int, offset: int = 0
) -> Iterator[Capture]:
    """The captures, at most so many; raises `CdxPatternError`."""
    if question.collapse is None:
        query = _matching(question, viewer)
        return (
            capture_of(row) for row in _answered(connection, _ordered(query, question).limit(most).offset(offset))
        )
    first = _collapsed(question, viewer).subquery()
    query = captures_joined(viewer).join(first, first.c.id == captures.c.id).where(first.c.is_first)
    return (capture_of(row) for row in _answered(connection, _ordered(query, question).limit(most).offset(offset)))


def cdx_count(connection: Connection, question: CdxQuestion, *, viewer: Viewer = EVERYONE) -> int:
    """How many captures there are; raises `CdxPatternError`."""
    if question.collapse is None:
        counted: Select[Any] = select(func.count()).select_from(_matching(question, viewer).subquery())
    else:
        first = _collapsed(question, viewer).subquery()
        counted = select(func.count()).select_from(first).where(first.c.is_first)
    (row,) = _answered(connection, counted)
    return int(row[0])


def _matching(question: CdxQuestion, viewer: Viewer) -> Select[Any]:
    query = captures_joined(viewer).where(
        captures.c.record_type.in_(REPLAYED), _address(question.url, question.match)
    )
    if question.since is not None:
        query = query.where(captures.c.captured_at >= question.since)
    if question.until is not None:
        query = query.where(captures.c.captured_at <= question.until)
    for each in question.filters:
        query = query.where(_condition(each))
    return query


def _collapsed(question: CdxQuestion, viewer: Viewer) -> Select[Any]:
    """Ids, and whether each begins otherwise than the one before it of the same address."""
    assert question.collapse is not None
    name, length = question.collapse
    value = FIELDS[name] if length is None else func.left(FIELDS[name], length)
    before = func.lag(value).over(partition_by=captures.c.surt, order_by=(captures.c.captured_at, captures.c.id))
    is_first = before.is_distinct_from(value).label("is_first")
    return _matching(question, viewer).with_only_columns(captures.c.id, is_first)


def _address(url: str, match: MatchType) -> ColumnElement[bool]:
    """The condition on the address; keys have the host turned round, so that a domain is a beginning, too."""
    key = surt_key(url)
    indexed = func.left(captures.c.surt, literal_column(str(SURT_INDEXED)))
    if match == "exact":
        return (indexed == key[:SURT_INDEXED]) & (captures.c.surt == key)
    host = key.partition(")")[0]
    beginnings = {"prefix": (key,), "host": (f"{host})",), "domain": (f"{host})", f"{host},")}[match]
    return or_(
        *(
            (indexed >= beginning[:SURT_INDEXED]) & (indexed < beginning[:SURT_INDEXED] + LAST_LETTER)
            for beginning in beginnings
        )
    )


def _condition(wanted: CdxFilter) -> ColumnElement[bool]:
    column = FIELDS[wanted.field]
    match wanted.operator:
        case "is":
            found: ColumnElement[bool] = column == wanted.value
        case "contains":
            found = func.strpos(column, wanted.value) > 0
        case "matches":  # the whole value, as in pywb
            found = column.op("~", return_type=None)(f"^(?:{wanted.value})")
    return not_(found) if wanted.is_not else found


def _ordered(query: Select[Any], question: CdxQuestion) -> Select[Any]:
    when = captures.c.captured_at
    match question.order:
        case "closest":
            away = func.abs(func.extract("epoch", when - literal(question.closest)))
            return query.order_by(away, when, captures.c.id)
        case "newest":
            return query.order_by(captures.c.surt.desc(), when.desc(), captures.c.id.desc())
    return query.order_by(captures.c.surt, when, captures.c.id)


def _answered(connection: Connection, query: Select[Any]) -> list[Any]:
    connection.execute(text(f"SET LOCAL statement_timeout = {PATTERN_TIME_MS}"))
    try:
        return list(connection.execute(query))
    except DataError as problem:
        raise CdxPatternError(str(problem.orig).strip().splitlines()[0]) from problem
    except OperationalError as problem:
        if getattr(problem.orig, "pgcode", None) != "57014":  # query_canceled
            raise
        raise CdxPatternError(f"it takes longer than {PATTERN_TIME_MS // 1000} s") from problem
