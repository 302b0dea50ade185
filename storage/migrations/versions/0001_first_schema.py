"""The first schema: the derived catalogue, the append-only ledger, and who may do what."""

from alembic import op

revision = "0001"
down_revision = None

CATALOGUE = """
CREATE SCHEMA catalogue;

CREATE TABLE catalogue.groups (
    id TEXT NOT NULL,
    members INTEGER NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE catalogue.media (
    sha256 TEXT NOT NULL,
    media_type TEXT,
    length_bytes BIGINT NOT NULL,
    width INTEGER,
    height INTEGER,
    frames INTEGER,
    duration_s FLOAT,
    metadata JSONB NOT NULL,
    decoder TEXT,
    refused TEXT,
    PRIMARY KEY (sha256)
);
COMMENT ON COLUMN catalogue.media.metadata IS 'what the file says of itself: [name, value] in its order';
COMMENT ON COLUMN catalogue.media.refused IS 'why there are no fingerprints; null: there are';

CREATE TABLE catalogue.records (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    natural_key TEXT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE catalogue.warcs (
    key TEXT NOT NULL,
    object_version TEXT NOT NULL,
    custody_seq BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    sha512 TEXT NOT NULL,
    length_bytes BIGINT NOT NULL,
    records INTEGER NOT NULL,
    origin TEXT NOT NULL,
    source_id TEXT NOT NULL,
    crawl_id TEXT NOT NULL,
    serial INTEGER NOT NULL,
    access_label TEXT NOT NULL,
    declaration JSONB,
    warcinfo JSONB NOT NULL,
    processed_with TEXT,
    PRIMARY KEY (key),
    UNIQUE (custody_seq)
);
CREATE INDEX ix_catalogue_warcs_crawl_id ON catalogue.warcs (crawl_id);
CREATE INDEX ix_catalogue_warcs_processed_with ON catalogue.warcs (processed_with);
CREATE INDEX ix_catalogue_warcs_source_id ON catalogue.warcs (source_id);
COMMENT ON COLUMN catalogue.warcs.origin IS 'crawl: made by our recorder; import: by another tool';
COMMENT ON COLUMN catalogue.warcs.declaration IS
    'the source as the watch-list had it, from warcinfo; null of imports';
COMMENT ON COLUMN catalogue.warcs.processed_with IS 'versions that read this file; null: not yet read';

CREATE TABLE catalogue.captures (
    id TEXT NOT NULL,
    surt TEXT NOT NULL,
    url TEXT NOT NULL,
    captured_at TIMESTAMP WITH TIME ZONE NOT NULL,
    record_type TEXT NOT NULL,
    record_id TEXT NOT NULL,
    status INTEGER,
    media_type TEXT,
    block_digest TEXT NOT NULL,
    payload_digest TEXT,
    payload_length_bytes BIGINT,
    transport_outcome TEXT,
    transport_reason TEXT,
    truncated TEXT,
    peer_address TEXT,
    refers_to_id TEXT,
    refers_to_url TEXT,
    refers_to_at TIMESTAMP WITH TIME ZONE,
    warc_key TEXT NOT NULL,
    object_version TEXT NOT NULL,
    offset_bytes BIGINT NOT NULL,
    length_bytes BIGINT NOT NULL,
    crawl_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    access_label TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(warc_key) REFERENCES catalogue.warcs (key) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX captures_of_source ON catalogue.captures (source_id, captured_at);
CREATE INDEX captures_of_url ON catalogue.captures (left(surt, 600), captured_at);
CREATE INDEX captures_of_warc ON catalogue.captures (warc_key, offset_bytes);
CREATE INDEX ix_catalogue_captures_crawl_id ON catalogue.captures (crawl_id);
CREATE INDEX ix_catalogue_captures_payload_digest ON catalogue.captures (payload_digest);
COMMENT ON COLUMN catalogue.captures.record_id IS 'WARC-Record-ID, also where the id is derived otherwise';
COMMENT ON COLUMN catalogue.captures.transport_outcome IS 'unreachable or refused_by_policy, a fact of the WARC';

CREATE TABLE catalogue.fingerprints (
    sha256 TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    version TEXT NOT NULL,
    bits BYTEA NOT NULL,
    quality SMALLINT,
    compared BOOLEAN NOT NULL,
    PRIMARY KEY (sha256, algorithm, version),
    FOREIGN KEY(sha256) REFERENCES catalogue.media (sha256)
);
COMMENT ON COLUMN catalogue.fingerprints.compared IS 'whether its neighbours have been looked for';

CREATE TABLE catalogue.group_members (
    group_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (group_id, sha256),
    FOREIGN KEY(group_id) REFERENCES catalogue.groups (id),
    FOREIGN KEY(sha256) REFERENCES catalogue.media (sha256)
);
CREATE UNIQUE INDEX groups_of_medium ON catalogue.group_members (sha256);

CREATE TABLE catalogue.links (
    a TEXT NOT NULL,
    b TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    matched TEXT NOT NULL,
    distance_bits INTEGER NOT NULL,
    meaning TEXT NOT NULL,
    quality SMALLINT,
    PRIMARY KEY (a, b, algorithm, matched),
    FOREIGN KEY(a) REFERENCES catalogue.media (sha256),
    FOREIGN KEY(b) REFERENCES catalogue.media (sha256)
);
CREATE INDEX links_from_b ON catalogue.links (b);

CREATE TABLE catalogue.versions (
    id TEXT NOT NULL,
    record_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    content JSONB NOT NULL,
    text TEXT NOT NULL,
    words TSVECTOR GENERATED ALWAYS AS
        (to_tsvector('simple'::regconfig, text) || to_tsvector('russian'::regconfig, text))
        STORED,
    PRIMARY KEY (id),
    FOREIGN KEY(record_id) REFERENCES catalogue.records (id)
);
CREATE INDEX ix_catalogue_versions_record_id ON catalogue.versions (record_id);
CREATE INDEX versions_trigrams ON catalogue.versions USING gin (text gin_trgm_ops);
CREATE INDEX versions_words ON catalogue.versions USING gin (words);
COMMENT ON COLUMN catalogue.versions.text IS 'what full-text search reads';

CREATE TABLE catalogue.occurrences (
    capture_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (capture_id),
    FOREIGN KEY(capture_id) REFERENCES catalogue.captures (id),
    FOREIGN KEY(sha256) REFERENCES catalogue.media (sha256)
);
CREATE INDEX ix_catalogue_occurrences_sha256 ON catalogue.occurrences (sha256);

CREATE TABLE catalogue.outcomes (
    capture_id TEXT NOT NULL,
    classifier_version TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (capture_id, classifier_version),
    FOREIGN KEY(capture_id) REFERENCES catalogue.captures (id)
);

CREATE TABLE catalogue.readings (
    capture_id TEXT NOT NULL,
    parser_version TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_id TEXT NOT NULL,
    crawl_id TEXT NOT NULL,
    url TEXT NOT NULL,
    captured_at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome TEXT NOT NULL,
    outcome_reason TEXT,
    layout TEXT,
    records INTEGER NOT NULL,
    links JSONB NOT NULL,
    remarks JSONB NOT NULL,
    problem TEXT,
    PRIMARY KEY (capture_id, parser_version),
    FOREIGN KEY(capture_id) REFERENCES catalogue.captures (id)
);
CREATE INDEX readings_of_source ON catalogue.readings (source_id, kind, captured_at);
COMMENT ON COLUMN catalogue.readings.problem IS 'why the page could not be read at all; null: it was';

CREATE TABLE catalogue.sightings (
    capture_id TEXT NOT NULL,
    parser_version TEXT NOT NULL,
    record_id TEXT NOT NULL,
    version_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    content JSONB NOT NULL,
    captured_at TIMESTAMP WITH TIME ZONE NOT NULL,
    source_id TEXT NOT NULL,
    access_label TEXT NOT NULL,
    PRIMARY KEY (capture_id, parser_version, record_id),
    FOREIGN KEY(capture_id, parser_version) REFERENCES catalogue.readings (capture_id, parser_version),
    FOREIGN KEY(record_id) REFERENCES catalogue.records (id),
    FOREIGN KEY(version_id) REFERENCES catalogue.versions (id)
);
CREATE INDEX ix_catalogue_sightings_version_id ON catalogue.sightings (version_id);
CREATE INDEX sightings_of_record ON catalogue.sightings (record_id, captured_at);
CREATE INDEX sightings_of_source ON catalogue.sightings (source_id, captured_at);
COMMENT ON COLUMN catalogue.sightings.content IS 'what this capture saw besides the version''s content';
"""

LEDGER = """
CREATE TABLE ledger.access_log (
    id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject_id TEXT,
    details JSONB NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_ledger_access_log_at ON ledger.access_log (at);

CREATE TABLE ledger.assertions (
    id TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    predicate TEXT NOT NULL,
    value JSONB NOT NULL,
    author TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    evidence_ids JSONB NOT NULL,
    supersedes TEXT,
    PRIMARY KEY (id),
    FOREIGN KEY(supersedes) REFERENCES ledger.assertions (id)
);
CREATE INDEX assertions_of_subject ON ledger.assertions (subject_id, predicate, at);

CREATE TABLE ledger.custody (
    seq BIGINT NOT NULL,
    digest TEXT NOT NULL,
    previous TEXT,
    event TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    subject_digest TEXT,
    actor TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    software TEXT NOT NULL,
    clock_source TEXT,
    clock_offset_s FLOAT,
    clock_reason TEXT,
    details JSONB NOT NULL,
    PRIMARY KEY (seq),
    UNIQUE (digest),
    UNIQUE (previous)
);
CREATE INDEX ix_ledger_custody_event ON ledger.custody (event);
CREATE INDEX ix_ledger_custody_subject_id ON ledger.custody (subject_id);
COMMENT ON COLUMN ledger.custody.previous IS 'digest of entry seq - 1; null of the first alone';
COMMENT ON COLUMN ledger.custody.clock_source IS 'null: unknown, and clock_reason says why';

CREATE TABLE ledger.requests (
    id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    urls JSONB NOT NULL,
    reason TEXT,
    case_reference TEXT,
    PRIMARY KEY (id)
);

CREATE TABLE ledger.custody_objects (
    seq BIGINT NOT NULL,
    store TEXT NOT NULL,
    key TEXT NOT NULL,
    object_version TEXT NOT NULL,
    PRIMARY KEY (seq, store),
    FOREIGN KEY(seq) REFERENCES ledger.custody (seq)
);
COMMENT ON COLUMN ledger.custody_objects.store IS 'which store confirmed: primary, or a replica''s name';

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger.%: rows are appended and never changed, % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;
"""

LEDGER_TABLES = ("access_log", "assertions", "custody", "custody_objects", "requests")

RIGHTS = """
REVOKE ALL ON SCHEMA catalogue, ledger FROM PUBLIC;
REVOKE ALL ON FUNCTION ledger.refuse_change() FROM PUBLIC;
GRANT USAGE ON SCHEMA catalogue, ledger TO letapis_writer, letapis_reader;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA catalogue TO letapis_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA catalogue TO letapis_reader;
GRANT SELECT, INSERT
    ON ledger.access_log, ledger.assertions, ledger.custody, ledger.custody_objects, ledger.requests
    TO letapis_writer;
GRANT SELECT
    ON ledger.access_log, ledger.assertions, ledger.custody, ledger.custody_objects, ledger.requests
    TO letapis_reader;
GRANT INSERT ON ledger.access_log TO letapis_reader;
GRANT SELECT ON ledger.schema_version TO letapis_writer, letapis_reader;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(CATALOGUE)
    op.execute(LEDGER)
    for table in LEDGER_TABLES:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()"
        )
    op.execute(RIGHTS)
