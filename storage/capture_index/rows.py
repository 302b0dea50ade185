"""Captures as rows of Common Crawl's columnar index, with the columns of ours behind them.

In: a reading connection, which access labels are wanted. Out: `IndexRow`s, by partition, and in it by SURT key and
time. What we do not know has no column: the registered domain, character set and languages of a page. Source:
Common Crawl, "Columnar index", cc-index-table-warc schema (read 2026-11-29).

``subset`` is as there: ``warc`` for responses with status 200 and what has no status, ``robotstxt``,
``crawldiagnostics`` for other responses and for requests that failed; ``renderings`` is ours, for what the crawl
made of a page. ``crawl`` is the month of the capture in UTC: every source has a crawl of its own each night.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from storage.access_labels import DEFAULT_LABEL, HIDDEN_LABELS
from storage.catalogue.tables import captures, media, occurrences, outcomes, readings
from storage.parquet import Column

COLUMNS: Final = (
    Column("url_surtkey", "VARCHAR"),
    Column("url", "VARCHAR"),
    Column("url_host_name", "VARCHAR"),
    Column("url_host_tld", "VARCHAR"),
    Column("url_protocol", "VARCHAR"),
    Column("url_port", "INTEGER"),
    Column("url_path", "VARCHAR"),
    Column("url_query", "VARCHAR"),
    Column("fetch_time", "TIMESTAMP"),
    Column("fetch_status", "SMALLINT"),
    Column("content_digest", "VARCHAR"),
    Column("content_mime_type", "VARCHAR"),
    Column("content_mime_detected", "VARCHAR"),
    Column("content_truncated", "VARCHAR"),
    Column("warc_filename", "VARCHAR"),
    Column("warc_record_offset", "BIGINT"),
    Column("warc_record_length", "BIGINT"),
    # not Common Crawl's
    Column("capture_id", "VARCHAR"),
    Column("record_type", "VARCHAR"),
    Column("source_id", "VARCHAR"),
    Column("crawl_id", "VARCHAR"),
    Column("outcome", "VARCHAR"),
    Column("outcome_reason", "VARCHAR"),
    Column("records", "INTEGER"),
    Column("access_label", "VARCHAR"),
)

ROWS_AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class Partition:
    """Where rows belong: ``subset=.../crawl=.../`` in paths."""

    subset: str
    crawl: str

    @property
    def path(self) -> str:
        """The folder, relative to that of the index."""
        return f"subset={self.subset}/crawl={self.crawl}"


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One capture; ``values`` stand in the order of `COLUMNS`."""

    partition: Partition
    values: tuple[Any, ...]


def index_rows(connection: Connection, labels: Collection[str] | None) -> Iterator[IndexRow]:
    """Every capture that has one of the labels, as the database saw them in one moment; None: of all that show."""
    query = _query().where(captures.c.access_label.not_in(HIDDEN_LABELS))
    if labels is not None:
        query = query.where(captures.c.access_label.in_(labels))
    with connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query) as found:
        for row in found:
            yield IndexRow(Partition(row.subset, row.crawl), (row.surt, *_of_url(row.url), *row[3:-1]))


def labels_there(connection: Connection) -> frozenset[str]:
    """Every access label that some capture has and that does not hide it."""
    found = connection.scalars(select(captures.c.access_label).distinct())
    return (frozenset(found) | {DEFAULT_LABEL}) - set(HIDDEN_LABELS)


def _query() -> Select[Any]:
    surt = captures.c.surt
    path = func.split_part(surt, ")", 2)
    subset = case(
        (and_(captures.c.record_type == "resource", captures.c.url.like("urn:%")), "renderings"),
        (path.in_(("/robots.txt", "/robots.txt?")), "robotstxt"),
        (or_(captures.c.record_type == "metadata", captures.c.status != 200), "crawldiagnostics"),
        else_="warc",
    ).label("subset")
    crawl = func.to_char(func.timezone("UTC", captures.c.captured_at), "YYYY-MM").label("crawl")
    records = select(func.sum(readings.c.records)).where(readings.c.capture_id == captures.c.id).scalar_subquery()
    return (
        select(
            subset,
            crawl,
            surt,
            captures.c.captured_at,
            captures.c.status,
            captures.c.payload_digest,
            captures.c.media_type,
            media.c.media_type.label("detected"),
            captures.c.truncated,
            captures.c.warc_key,
            captures.c.offset_bytes,
            captures.c.length_bytes,
            captures.c.id,
            captures.c.record_type,
            captures.c.source_id,
            captures.c.crawl_id,
            func.coalesce(outcomes.c.outcome, captures.c.transport_outcome),
            case((outcomes.c.outcome.is_(None), captures.c.transport_reason), else_=outcomes.c.reason),
            func.coalesce(records, 0),
            captures.c.access_label,
            captures.c.url,
        )
        .select_from(
            captures.outerjoin(outcomes, outcomes.c.capture_id == captures.c.id)
            .outerjoin(occurrences, occurrences.c.capture_id == captures.c.id)
            .outerjoin(media, media.c.sha256 == occurrences.c.sha256)
        )
        # the collation of bytes, whatever that of the database is: tools that read the files compare so
        .order_by(subset, crawl, surt.collate("C"), captures.c.captured_at, captures.c.id.collate("C"))
    )


def _of_url(url: str) -> tuple[Any, ...]:
    """URL, host, top-level domain, protocol, port, path and query; None of what it has not."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return url, None, None, None, None, None, None
    return url, host, _tld(host), parts.scheme or None, port, *_path_and_query(parts)


def _path_and_query(parts: SplitResult) -> tuple[str | None, str | None]:
    return parts.path or None, parts.query or None


def _tld(host: str | None) -> str | None:
    """The last label of a name; None of an address of a network."""
    if host is None or ":" in host:
        return None
    last = host.rpartition(".")[2]
    return last if last and not last.isdecimal() else None
