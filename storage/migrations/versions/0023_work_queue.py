"""The queue of addresses that people wait for, from which on-demand workers claim under a lease."""

from alembic import op

revision = "0023"
down_revision = "0022"

STATEMENTS = """
CREATE SCHEMA work;
GRANT USAGE ON SCHEMA work TO letapis_writer, letapis_reader;

CREATE TABLE work.orders (
    request_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    ordered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    run TEXT,
    awaited_until TIMESTAMP WITH TIME ZONE,
    attempt INTEGER NOT NULL,
    claimed_by TEXT,
    lease_until TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    broken BOOLEAN,
    PRIMARY KEY (request_id, number)
);
COMMENT ON COLUMN work.orders.number IS 'which of the request''s addresses, from 0';
COMMENT ON COLUMN work.orders.run IS 'the try of a task, or the command, that waits for it; null: none yet';
COMMENT ON COLUMN work.orders.awaited_until IS
    'nobody waits any more who has not said so until then; null: nobody does yet';
COMMENT ON COLUMN work.orders.attempt IS 'how often it was claimed since it was ordered';
COMMENT ON COLUMN work.orders.lease_until IS 'who does not renew its claim until then has lost it';
COMMENT ON COLUMN work.orders.broken IS 'whether this system failed; null: it has not ended';
CREATE INDEX orders_waiting ON work.orders (number, ordered_at) WHERE ended_at IS NULL;

CREATE TABLE work.workers (
    name TEXT PRIMARY KEY,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL
);
COMMENT ON COLUMN work.workers.seen_at IS 'the last sign of life';

GRANT SELECT, INSERT, UPDATE, DELETE ON work.orders, work.workers TO letapis_writer;
GRANT SELECT ON work.orders, work.workers TO letapis_reader;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(STATEMENTS)
