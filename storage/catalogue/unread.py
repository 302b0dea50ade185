"""Sealed WARC files that have not been read yet, claimed one at a time.

In: the archive and the name of the reading versions. Out: a claim that lasts while its block does. Guaranteed: two
processes never read one file at once; a process that dies lets go of its claim; a file is marked only when all
of it was read, so nothing is skipped.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, case, func, literal, select, text, union_all, update

from processors.pages.outcome import Outcome
from storage.archive import Archive
from storage.catalogue.tables import captures, fingerprints, occurrences, outcomes, readings, warcs
from storage.catalogue.write_gate import enter


@dataclass(frozen=True, slots=True)
class UnprocessedWarc:
    """A deposited file; ``declaration`` is its source as declared, None of files that other tools made.

    ``processed_with``: what read it before, None where it was never read to its end.
    """

    key: str
    object_version: str
    source_id: str
    crawl_id: str
    declaration: dict[str, Any] | None
    processed_with: str | None = None


def label_of_file(connection: Connection, key: str) -> str | None:
    """The access label of a deposited file; None where there is none of this key."""
    found: str | None = connection.scalar(select(warcs.c.access_label).where(warcs.c.key == key))
    return found


def operator_parsers(connection: Connection) -> tuple[str, ...]:
    """The parsers of operators that sources of deposited files name."""
    named = _named_parser()
    return tuple(connection.scalars(select(named).where(named.is_not(None)).distinct().order_by(named)))


class Lane(StrEnum):
    """Which unread files are meant.

    ``NEW``: those that no version has read to their end, and those of operators' parsers that came or changed.
    ``EARLIER``: those that versions before these have read.
    """

    NEW = "new"
    EARLIER = "earlier"
    BOTH = "both"


UNREAD: Final = "unread"
"""In place of version and digest in the parser version of a page that waits for its operator's parser."""


@dataclass(frozen=True, slots=True)
class WaitingForParser:
    """Pages of one source that wait for an operator's parser, and why it could not read them."""

    parser: str
    source_id: str
    pages: int
    reason: str


def waiting_for_parsers(connection: Connection) -> tuple[WaitingForParser, ...]:
    """Every page that waits for a parser which is not here, by parser and source."""
    parser = func.split_part(readings.c.parser_version, "/", 1).label("parser")
    query = (
        select(
            parser, readings.c.source_id, func.count().label("pages"), func.min(readings.c.problem).label("reason")
        )
        .where(
            readings.c.parser_version.endswith(f"/{UNREAD}"),
            readings.c.outcome
            == str(Outcome.UNREADABLE),  # a refusal, or a page that is not there, waits for nobody
        )
        .group_by(parser, readings.c.source_id)
        .order_by(parser, readings.c.source_id)
    )
    return tuple(
        WaitingForParser(row.parser, row.source_id, row.pages, row.reason) for row in connection.execute(query)
    )


def _named_parser() -> ColumnElement[str | None]:
    parser: ColumnElement[str | None] = warcs.c.declaration["parser"].astext
    return parser


@contextmanager
def claim_unprocessed(
    archive: Archive,
    version: str,
    *,
    among: Collection[str] | None = None,
    besides: Collection[str] = (),
    operators: Mapping[str, str] = MappingProxyType({}),
    lane: Lane = Lane.BOTH,
) -> Iterator[UnprocessedWarc | None]:
    """A file not read by ``version``, or None; it counts as read once the block ends without exception.

    New files come first, the oldest before the others; those that earlier versions have read then come from the
    newest back: an edit shows only between two readings of one parser, so last night's are worth most.

    With ``among``, one of these files, waiting for a process that reads it at this moment. ``operators`` are the
    versions of operators' parsers that this process has, by name: files of sources that name one are read by it as
    well. A file whose parser is not here, and that another process has read by it, is left as it is.
    """
    parser, earlier = _named_parser(), read_by_earlier(version)
    wanted = case(
        *((parser == name, f"{version} {of_parser}") for name, of_parser in operators.items()),
        (parser.is_not(None), literal(f"{version} without ") + parser),
        else_=version,
    )
    read_elsewhere = (
        parser.is_not(None)
        & parser.not_in(list(operators))
        & func.starts_with(func.coalesce(warcs.c.processed_with, ""), literal(f"{version} ") + parser + "/")
    )
    query = (
        select(
            warcs.c.key,
            warcs.c.object_version,
            warcs.c.source_id,
            warcs.c.crawl_id,
            warcs.c.declaration,
            warcs.c.processed_with,
            wanted.label("wanted"),
        )
        .where(
            warcs.c.processed_with.is_distinct_from(wanted),
            func.coalesce(read_elsewhere, False).is_(False),
            warcs.c.key.not_in(list(besides)),
        )
        .order_by(earlier, case((earlier, -warcs.c.custody_seq), else_=warcs.c.custody_seq))
        .limit(1)
    )
    if lane is not Lane.BOTH:
        query = query.where(earlier if lane is Lane.EARLIER else ~earlier)
    if among is not None:
        query = query.where(warcs.c.key.in_(list(among)))
    # "no key": rows of captures may refer to the file while it is claimed
    query = query.with_for_update(skip_locked=among is None, key_share=True)
    with archive.writer.begin() as connection:
        enter(connection, to_read=True)
        row = connection.execute(query).first()
        if row is None:
            yield None
            return
        yield UnprocessedWarc(
            row.key, row.object_version, row.source_id, row.crawl_id, row.declaration, row.processed_with
        )
        connection.execute(update(warcs).where(warcs.c.key == row.key).values(processed_with=row.wanted))


def read_by_earlier(version: str) -> ColumnElement[bool]:
    """Whether the file was read to its end, by versions that are not ``version``, whatever operator's parser."""
    by = func.coalesce(warcs.c.processed_with, version)
    return ~((by == version) | func.starts_with(by, f"{version} "))


def left_of_earlier(connection: Connection, version: str) -> tuple[int, int]:
    """How many files, and bytes, earlier versions have read and ``version`` has not."""
    query = select(func.count(), func.coalesce(func.sum(warcs.c.length_bytes), 0))
    row = connection.execute(query.where(read_by_earlier(version))).one()
    return int(row[0]), int(row[1])


def sources_of_earlier(connection: Connection, version: str) -> frozenset[str]:
    """The sources of these files."""
    return frozenset(connection.scalars(select(warcs.c.source_id).where(read_by_earlier(version)).distinct()))


def captures_left(connection: Connection, parsers: Collection[str]) -> Mapping[str, int]:
    """How many captures have a reading by a parser that is none of ``parsers``, by that parser.

    Those of operators' parsers are left out. It looks at every reading: a second for some millions.
    """
    by = func.split_part(readings.c.parser_version, "+", 1)
    query = select(by.label("parser"), func.count().label("captures")).group_by(by).order_by(by)
    query = query.where(by.not_in(list(parsers)), by.not_like("%/%"))
    return {row.parser: row.captures for row in connection.execute(query)}


def length_of_file(connection: Connection, key: str) -> int:
    """The bytes of a deposited file; 0 where there is none of this key."""
    return int(connection.scalar(select(warcs.c.length_bytes).where(warcs.c.key == key)) or 0)


_NOT_WAITING_FOR_DISK: Final = text("SET LOCAL synchronous_commit TO off")


@contextmanager
def derived_transaction(archive: Archive) -> Iterator[Connection]:
    """A transaction of derived rows under a claim: its commit need not wait for the disk, the claim's does."""
    with archive.writer.begin() as connection:
        connection.execute(_NOT_WAITING_FOR_DISK)
        yield connection


def already_processed(
    connection: Connection, warc_key: str, versions: Collection[str], *, only_media: bool = False
) -> frozenset[str]:
    """Captures of a claimed file that an interrupted run has already read with these versions.

    ``only_media``: pages are to be read again, whatever has read them.
    """
    here = select(captures.c.id).where(captures.c.warc_key == warc_key)
    older_reading = select(readings.c.capture_id).where(
        readings.c.capture_id == outcomes.c.capture_id,
        func.split_part(readings.c.parser_version, "+", 1).not_in(list(versions)),
    )
    pages = select(outcomes.c.capture_id).where(
        outcomes.c.capture_id.in_(here),
        outcomes.c.classifier_version.in_(list(versions)),
        ~older_reading.exists(),
    )
    older_hash = select(fingerprints.c.sha256).where(
        fingerprints.c.sha256 == occurrences.c.sha256,
        (fingerprints.c.algorithm + "/" + fingerprints.c.version).not_in(list(versions)),
    )
    pictures = select(occurrences.c.capture_id).where(occurrences.c.capture_id.in_(here), ~older_hash.exists())
    return frozenset(connection.scalars(pictures if only_media else union_all(pages, pictures)))
