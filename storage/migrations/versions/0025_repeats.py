"""Repeats: addresses that people have archived again until a day, and which of them were stopped.

The request of a turn ends as the id of its repeat does, so requests of a repeat are found by that.
"""

from alembic import op

revision = "0025"
down_revision = "0024"

TABLES = """
CREATE TABLE ledger.repeats (
    id TEXT PRIMARY KEY,
    custody_seq BIGINT NOT NULL UNIQUE REFERENCES ledger.custody (seq),
    actor TEXT NOT NULL,
    urls JSONB NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    every_s INTEGER NOT NULL CHECK (every_s > 0),
    until_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT,
    case_reference TEXT,
    access_label TEXT NOT NULL,
    engine TEXT NOT NULL,
    egress TEXT,
    video BOOLEAN NOT NULL
);
COMMENT ON COLUMN ledger.repeats.until_at IS 'no turn is due from then on';
COMMENT ON COLUMN ledger.repeats.egress IS 'null: directly';

CREATE TABLE ledger.repeat_stops (
    repeat_id TEXT PRIMARY KEY REFERENCES ledger.repeats (id),
    custody_seq BIGINT NOT NULL UNIQUE REFERENCES ledger.custody (seq),
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL
);

CREATE INDEX requests_of_repeat ON ledger.requests ("right"(id, 16));
"""

TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
GRANT SELECT, INSERT ON ledger.{table} TO letapis_writer;
GRANT SELECT ON ledger.{table} TO letapis_reader;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(TABLES)
    for table in ("repeats", "repeat_stops"):
        op.execute(TRIGGER.format(table=table))
