"""Changes of every source, stored when its readings were compared, so that they can be asked for over all sources.

``catalogue.compared_sources`` says of which sources they are those of the present readings. Both are derived like
all of the schema. Indexes of captures and of custody by time serve the same pages.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = """
CREATE TABLE catalogue.compared_sources (
    source_id TEXT PRIMARY KEY,
    labels TEXT[] NOT NULL,
    current BOOLEAN NOT NULL
);
COMMENT ON COLUMN catalogue.compared_sources.labels IS 'access labels of the captures that were compared';
COMMENT ON COLUMN catalogue.compared_sources.current IS 'false: its readings have changed since';

CREATE TABLE catalogue.source_changes (
    source_id TEXT NOT NULL,
    compared TEXT NOT NULL,
    number INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    record_id TEXT NOT NULL,
    record_kind TEXT NOT NULL,
    natural_key TEXT NOT NULL,
    version_ids TEXT[] NOT NULL,
    capture_ids TEXT[] NOT NULL,
    fields TEXT[] NOT NULL,
    since TIMESTAMP WITH TIME ZONE,
    labels TEXT[] NOT NULL,
    PRIMARY KEY (source_id, compared, number)
);
COMMENT ON COLUMN catalogue.source_changes.compared IS
    'all: every capture; default: only those of the default label';
COMMENT ON COLUMN catalogue.source_changes.number IS 'place among the changes of its source, oldest first';
COMMENT ON COLUMN catalogue.source_changes.labels IS 'access labels of the captures that prove it';
CREATE INDEX source_changes_by_time ON catalogue.source_changes (at DESC, source_id, number DESC);
CREATE INDEX source_changes_by_kind ON catalogue.source_changes (kind, at DESC);

CREATE INDEX captures_by_time ON catalogue.captures (captured_at);
CREATE INDEX custody_by_event_and_time ON ledger.custody (event, at);

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON catalogue.compared_sources, catalogue.source_changes
    TO letapis_writer;
GRANT SELECT ON catalogue.compared_sources, catalogue.source_changes TO letapis_reader;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(TABLES)
