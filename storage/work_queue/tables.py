"""Tables of the schema `work`: addresses of requests that wait or are worked on, the workers that live, the plan
of the backfill, and what reading again after an upgrade has come to.

Neither evidence nor derived from any: what was requested and what came of it stands in the ledger. Losing all rows
costs that what waits has to be started again (the button on its page, or a run of the DAG `archive_url`), and what
earlier parsers had read otherwise: that is all that is left of programs which are no longer installed.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

SCHEMA = "work"
metadata = MetaData(schema=SCHEMA)
TIME = TIMESTAMP(timezone=True)

orders = Table(
    "orders",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, comment="which of the request's addresses, from 0"),
    Column("ordered_at", TIME, nullable=False),
    Column("run", Text, comment="the try of a task, or the command, that waits for it; null: none yet"),
    Column(
        "awaited_until",
        TIME,
        comment="nobody waits any more who has not said so until then; null: nobody does yet",
    ),
    Column("attempt", Integer, nullable=False, comment="how often it was claimed since it was ordered"),
    Column("claimed_by", Text),
    Column("lease_until", TIME, comment="who does not renew its claim until then has lost it"),
    Column("ended_at", TIME),
    Column("broken", Boolean, comment="whether this system failed; null: it has not ended"),
    Index("orders_waiting", "number", "ordered_at", postgresql_where=text("ended_at IS NULL")),
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seen_at", TIME, nullable=False, comment="the last sign of life"),
)

backfills = Table(
    "backfills",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("delay_s", Double, nullable=False),
    Column("started_at", TIME, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("newest_id", BigInteger),
    Column("ids_at_start", BigInteger),
    Column("ids_left", BigInteger, comment="post ids that no page has covered; null: no page was read yet"),
    Column("pages_left", BigInteger),
    Column("counted_at", TIME, nullable=False, comment="when ids_left was counted"),
    Column("pages_done", BigInteger, nullable=False, server_default=text("0")),
    Column(
        "seconds_done",
        Double,
        nullable=False,
        server_default=text("0"),
        comment="how long its crawls took, with deposit and reading",
    ),
    Column("last_at", TIME),
    Column("last_crawl_id", Text),
    Column(
        "without_progress",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="how many crawls in a row covered nothing new",
    ),
    Column("problem", Text),
)

rereading = Table(
    "rereading",
    metadata,
    Column("read_with", Text, primary_key=True, comment="the versions by which files are read again"),
    Column("began_at", TIME, nullable=False),
    Column("last_at", TIME, nullable=False, comment="when files_left was counted"),
    Column("files_done", BigInteger, nullable=False),
    Column("files_left", BigInteger, nullable=False),
    Column("bytes_done", BigInteger, nullable=False),
    Column("bytes_left", BigInteger, nullable=False),
    Column("seconds_done", Double, nullable=False, comment="how long reading bytes_done took"),
)

read_again = Table(
    "read_again",
    metadata,
    Column("warc_key", Text, primary_key=True),
    Column("earlier", Text, primary_key=True),
    Column("later", Text, primary_key=True),
    Column("captures", Integer, nullable=False),
    Column("otherwise", Integer, nullable=False, comment="captures of which something was read otherwise"),
    Column("changed", Integer, nullable=False, comment="records of which something was read otherwise"),
    Column("gone", Integer, nullable=False),
    Column("added", Integer, nullable=False),
)
"""Parsers stand without the selectors of a layout: ``news-4`` for ``news-4+0a1b2c3d``."""

earlier_readings = Table(
    "earlier_readings",
    metadata,
    Column("capture_id", Text, primary_key=True),
    Column("earlier", Text, primary_key=True),
    Column("later", Text, nullable=False),
    Column("warc_key", Text, nullable=False),
    Column("read_again_at", TIME, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("outcome_reason", Text),
    Column("layout", Text),
    Column("problem", Text),
    Column("records", Integer, nullable=False),
    Column(
        "differences",
        JSONB,
        nullable=False,
        comment="records that are read otherwise now, as the earlier parser had read them",
    ),
    Index("earlier_readings_by_parser", "later", "earlier", "read_again_at"),
)
