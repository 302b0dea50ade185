"""What an upgrade changes in what was read: how far reading again is, what earlier parsers had read otherwise."""

from alembic import op

revision = "0032"
down_revision = "0031"

TABLES = """
CREATE TABLE work.rereading (
    read_with TEXT PRIMARY KEY,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    files_done BIGINT NOT NULL,
    files_left BIGINT NOT NULL,
    bytes_done BIGINT NOT NULL,
    bytes_left BIGINT NOT NULL,
    seconds_done DOUBLE PRECISION NOT NULL
);
COMMENT ON COLUMN work.rereading.read_with IS 'the versions by which files are read again';
COMMENT ON COLUMN work.rereading.last_at IS 'when files_left was counted';
COMMENT ON COLUMN work.rereading.seconds_done IS 'how long reading bytes_done took';

CREATE TABLE work.read_again (
    warc_key TEXT NOT NULL,
    earlier TEXT NOT NULL,
    later TEXT NOT NULL,
    captures INTEGER NOT NULL,
    otherwise INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    gone INTEGER NOT NULL,
    added INTEGER NOT NULL,
    PRIMARY KEY (warc_key, earlier, later)
);
COMMENT ON COLUMN work.read_again.otherwise IS 'captures of which something was read otherwise';
COMMENT ON COLUMN work.read_again.changed IS 'records of which something was read otherwise';

CREATE TABLE work.earlier_readings (
    capture_id TEXT NOT NULL,
    earlier TEXT NOT NULL,
    later TEXT NOT NULL,
    warc_key TEXT NOT NULL,
    read_again_at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome TEXT NOT NULL,
    outcome_reason TEXT,
    layout TEXT,
    problem TEXT,
    records INTEGER NOT NULL,
    differences JSONB NOT NULL,
    PRIMARY KEY (capture_id, earlier)
);
COMMENT ON COLUMN work.earlier_readings.differences IS
    'records that are read otherwise now, as the earlier parser had read them';
CREATE INDEX earlier_readings_by_parser ON work.earlier_readings (later, earlier, read_again_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON work.rereading, work.read_again, work.earlier_readings TO letapis_writer;
GRANT SELECT ON work.rereading, work.read_again, work.earlier_readings TO letapis_reader;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(TABLES)
