"""Tables of the schema `traffic`: which crawl may ask which host when. Neither evidence nor derived from any.

Rows live for minutes; losing all of them costs one pause per host. What decides over them are two functions of the
database, made by the migration beside these tables, so that every crawl on every worker goes by one clock.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Identity, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

SCHEMA = "traffic"
metadata = MetaData(schema=SCHEMA)
TIME = TIMESTAMP(timezone=True)

hosts = Table(
    "hosts",
    metadata,
    Column("host", Text, primary_key=True),
    Column("last_at", TIME, nullable=False, comment="the latest moment at which the last request leaves"),
    Column("last_delay_s", Float, nullable=False, comment="the pause that its crawl keeps"),
    Column("held_until", TIME, nullable=False, comment="the host asked to be left alone until then"),
    Column(
        "others_at",
        TIME,
        nullable=False,
        server_default=text("'-infinity'"),
        comment="when a crawl that is no backfill last asked for a slot",
    ),
)

turns = Table(
    "turns",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("host", Text, nullable=False, index=True),
    Column("crawl_id", Text, nullable=False),
    Column("on_demand", Boolean, nullable=False),
    Column("lapses_at", TIME, nullable=False, comment="a crawl that was killed lets go of its turn then"),
    Column("backfill", Boolean, nullable=False, server_default=text("false")),
)

waits = Table(
    "waits",
    metadata,
    Column("host", Text, primary_key=True),
    Column("crawl_id", Text, primary_key=True),
    Column("on_demand", Boolean, nullable=False),
    Column("since", TIME, nullable=False),
    Column("seen_at", TIME, nullable=False, comment="who does not ask again soon has gone"),
)
