"""Tables of the schema `catalogue`: everything here is derived from the store and made anew by `rebuild`.

Ids are derived, never serial, and are the primary keys; no row carries the time of its making, so that two
derivations from the same store give equal rows. Digests stand in their text form (``sha256:<hex>``), which names
media, too; times as aware UTC. The migrations make these tables; a test compares both.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, TSVECTOR

SCHEMA = "catalogue"
metadata = MetaData(schema=SCHEMA)
TIME = TIMESTAMP(timezone=True)
SURT_INDEXED = 600
"""Characters of a SURT key that the index holds: 2400 bytes in the worst case."""

warcs = Table(
    "warcs",
    metadata,
    Column("key", Text, primary_key=True),
    Column("object_version", Text, nullable=False),
    Column("custody_seq", BigInteger, nullable=False, unique=True),
    Column("sha256", Text, nullable=False),
    Column("sha512", Text, nullable=False),
    Column("length_bytes", BigInteger, nullable=False),
    Column("records", Integer, nullable=False),
    Column("origin", Text, nullable=False, comment="crawl: signed by the crawl that made it; import: brought"),
    Column("source_id", Text, nullable=False),
    Column("crawl_id", Text, nullable=False, index=True),
    Column("serial", Integer, nullable=False),
    Column("access_label", Text, nullable=False),
    Column("declaration", JSONB, comment="the source as the watch-list had it, from warcinfo; null of imports"),
    Column("warcinfo", JSONB, nullable=False),
    Column("processed_with", Text, index=True, comment="versions that read this file; null: not yet read"),
    Index("warcs_of_source", "source_id", "custody_seq"),
)

captures = Table(
    "captures",
    metadata,
    Column("id", Text, primary_key=True),
    Column("surt", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("captured_at", TIME, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("record_id", Text, nullable=False, comment="WARC-Record-ID, also where the id is derived otherwise"),
    Column("status", Integer),
    Column("media_type", Text),
    Column("block_digest", Text, nullable=False),
    Column("payload_digest", Text, index=True),
    Column("payload_length_bytes", BigInteger),
    Column("transport_outcome", Text, comment="unreachable or refused_by_policy, a fact of the WARC"),
    Column("transport_reason", Text),
    Column("truncated", Text),
    Column("peer_address", Text),
    Column("refers_to_id", Text),
    Column("refers_to_url", Text),
    Column("refers_to_at", TIME),
    # deferred: captures go in first, so that the lock on the custody chain is held for a moment only
    Column("warc_key", Text, ForeignKey(warcs.c.key, deferrable=True, initially="DEFERRED"), nullable=False),
    Column("object_version", Text, nullable=False),
    Column("offset_bytes", BigInteger, nullable=False),
    Column("length_bytes", BigInteger, nullable=False),
    Column("crawl_id", Text, nullable=False, index=True),
    Column("source_id", Text, nullable=False),
    Column("access_label", Text, nullable=False),
    Column("within_bytes", BigInteger, comment="decompressed bytes before it in a member shared with others"),
    # an index row holds no more than 2704 bytes, a URL may be longer
    Index("captures_of_url", func.left(literal_column("surt"), SURT_INDEXED), "captured_at"),
    Index("captures_of_source", "source_id", "captured_at"),
    Index("captures_of_warc", "warc_key", "offset_bytes"),
    Index("captures_by_time", "captured_at"),
    Index("captures_referring", "refers_to_id", postgresql_where=literal_column("refers_to_id IS NOT NULL")),
    Index(
        "captures_hidden",
        "access_label",
        postgresql_where=literal_column("access_label IN ('quarantined', 'withdrawn')"),
    ),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("capture_id", Text, ForeignKey(captures.c.id), primary_key=True),
    Column("classifier_version", Text, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
)

readings = Table(
    "readings",
    metadata,
    Column("capture_id", Text, ForeignKey(captures.c.id), primary_key=True),
    Column("parser_version", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("crawl_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("captured_at", TIME, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("outcome_reason", Text),
    Column("layout", Text),
    Column("records", Integer, nullable=False),
    Column("links", JSONB, nullable=False),
    Column("remarks", JSONB, nullable=False),
    Column(
        "coverage",
        JSONB(none_as_null=True),
        comment="ids a Telegram page proves to exist, and what it withheld; null of others",
    ),
    Column("problem", Text, comment="why the page could not be read at all; null: it was"),
    Index("readings_of_source", "source_id", "kind", "captured_at"),
)

crawl_counts = Table(
    "crawl_counts",
    metadata,
    Column("warc_key", Text, primary_key=True),
    Column("day", Date, primary_key=True, comment="the UTC day of the captures"),
    Column("access_label", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("source_id", Text, nullable=False),
    Column("crawl_id", Text, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("records", BigInteger, nullable=False, comment="a record that two pages show counts twice"),
    Column("newest_at", TIME, nullable=False),
    Index("crawl_counts_by_day", "day"),
    Index("crawl_counts_of_source", "source_id", "day"),
    comment="what the captures of each file came to (`storage.catalogue.crawl_counts`)",
)

records = Table(
    "records",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False, index=True),
    Column("natural_key", Text, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("record_id", Text, ForeignKey(records.c.id), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("text", Text, nullable=False, comment="what full-text search reads"),
    Column(
        "words",
        TSVECTOR,
        Computed(
            "to_tsvector('simple'::regconfig, text) || to_tsvector('russian'::regconfig, text)", persisted=True
        ),
    ),
    Column(
        "dated",
        Text,
        Computed("COALESCE(content ->> 'published_at', content ->> 'starts_at')", persisted=True),
        comment="when its source says it was, UTC; null: it does not say",
    ),
    Index("versions_dated", literal_column("dated").desc().nulls_last()),
    Index("versions_of_kind_dated", "kind", literal_column("dated").desc().nulls_last()),
    Index("versions_words", "words", postgresql_using="gin"),
    Index("versions_trigrams", "text", postgresql_using="gin", postgresql_ops={"text": "gin_trgm_ops"}),
)

sightings = Table(
    "sightings",
    metadata,
    Column("capture_id", Text, primary_key=True),
    Column("parser_version", Text, primary_key=True),
    Column("record_id", Text, ForeignKey(records.c.id), primary_key=True),
    Column("version_id", Text, ForeignKey(versions.c.id), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("content", JSONB, nullable=False, comment="what this capture saw besides the version's content"),
    Column("captured_at", TIME, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("access_label", Text, nullable=False),
    ForeignKeyConstraint(
        ["capture_id", "parser_version"], ["catalogue.readings.capture_id", "catalogue.readings.parser_version"]
    ),
    Index("sightings_of_record", "record_id", "captured_at"),
    Index("sightings_of_source", "source_id", "captured_at"),
)

page_texts = Table(
    "page_texts",
    metadata,
    Column("capture_id", Text, ForeignKey(captures.c.id), primary_key=True),
    Column("text", Text, nullable=False),
    Column("language", Text),
    comment="what a captured page or document says of which no record was read",
)

compared_sources = Table(
    "compared_sources",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column("labels", ARRAY(Text), nullable=False, comment="access labels of the captures that were compared"),
    Column("current", Boolean, nullable=False, comment="false: its readings have changed since"),
)
"""The sources that have stored changes (`storage.queries.stored_changes`)."""

source_changes = Table(
    "source_changes",
    metadata,
    Column("source_id", Text, primary_key=True),
    Column(
        "compared", Text, primary_key=True, comment="all: every capture; default: only those of the default label"
    ),
    Column("number", Integer, primary_key=True, comment="place among the changes of its source, oldest first"),
    Column("at", TIME, nullable=False),
    Column("kind", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("record_kind", Text, nullable=False),
    Column("natural_key", Text, nullable=False),
    Column("version_ids", ARRAY(Text), nullable=False),
    Column("capture_ids", ARRAY(Text), nullable=False),
    Column("fields", ARRAY(Text), nullable=False),
    Column("since", TIME),
    Column("labels", ARRAY(Text), nullable=False, comment="access labels of the captures that prove it"),
    Index("source_changes_by_time", literal_column("at").desc(), "source_id", literal_column("number").desc()),
    Index("source_changes_by_kind", "kind", literal_column("at").desc()),
)

media = Table(
    "media",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("media_type", Text),
    Column("length_bytes", BigInteger, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("frames", Integer),
    Column("duration_s", Float),
    Column("metadata", JSONB, nullable=False, comment="what the file says of itself: [name, value] in its order"),
    Column("decoder", Text),
    Column("refused", Text, comment="why there are no fingerprints; null: there are"),
)

occurrences = Table(
    "occurrences",
    metadata,
    Column("capture_id", Text, ForeignKey(captures.c.id), primary_key=True),
    Column("sha256", Text, ForeignKey(media.c.sha256), nullable=False, index=True),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("sha256", Text, ForeignKey(media.c.sha256), primary_key=True),
    Column("algorithm", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("bits", LargeBinary, nullable=False),
    Column("quality", SmallInteger),
    Column("compared", Boolean, nullable=False, comment="whether its neighbours have been looked for"),
)

links = Table(
    "links",
    metadata,
    Column("a", Text, ForeignKey(media.c.sha256), primary_key=True),
    Column("b", Text, ForeignKey(media.c.sha256), primary_key=True),
    Column("algorithm", Text, primary_key=True),
    Column("matched", Text, primary_key=True),
    Column("distance_bits", Integer, nullable=False),
    Column("meaning", Text, nullable=False),
    Column("quality", SmallInteger),
    Column("share_a", Float, comment="of a video: what part of it the other shows; null of stills alone"),
    Column("share_b", Float),
    Column("frames", JSONB, nullable=False, comment="[seconds in a, seconds in b, distance] of matched frames"),
    Index("links_from_b", "b"),
)

groups = Table(
    "groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("members", Integer, nullable=False),
)

group_members = Table(
    "group_members",
    metadata,
    Column("group_id", Text, ForeignKey(groups.c.id), primary_key=True),
    Column("sha256", Text, ForeignKey(media.c.sha256), primary_key=True),
    Index("groups_of_medium", "sha256", unique=True),
)
