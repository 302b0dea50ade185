"""Signed checkpoints of the log over custody, and what came of bringing them to outlets (decision 33)."""

from alembic import op

revision = "0013"
down_revision = "0012"

CHECKPOINTS = """
CREATE TABLE ledger.checkpoints (
    size BIGINT NOT NULL,
    origin TEXT NOT NULL,
    root TEXT NOT NULL,
    note TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    object_version TEXT NOT NULL,
    PRIMARY KEY (size)
);
COMMENT ON COLUMN ledger.checkpoints.size IS 'entries in the tree: 1 to size';
COMMENT ON COLUMN ledger.checkpoints.note IS 'the signed note as it was signed';
COMMENT ON COLUMN ledger.checkpoints.at IS 'when it was entered here';
COMMENT ON COLUMN ledger.checkpoints.object_version IS 'of log/checkpoints/<size>.txt in the first store';

CREATE TABLE ledger.checkpoint_deliveries (
    id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    size BIGINT NOT NULL,
    outlet TEXT NOT NULL,
    problem TEXT,
    proof_key TEXT,
    proof_version TEXT,
    PRIMARY KEY (id),
    FOREIGN KEY(size) REFERENCES ledger.checkpoints (size)
);
CREATE INDEX checkpoint_deliveries_of_outlet ON ledger.checkpoint_deliveries (outlet, size, at);
COMMENT ON COLUMN ledger.checkpoint_deliveries.problem IS 'why it could not be delivered; null: it was';
COMMENT ON COLUMN ledger.checkpoint_deliveries.proof_key IS
    'what the outlet gave back, an object in the first store';

GRANT SELECT, INSERT ON ledger.checkpoints, ledger.checkpoint_deliveries TO letapis_writer;
GRANT SELECT ON ledger.checkpoints, ledger.checkpoint_deliveries TO letapis_reader;
"""

TABLES = ("checkpoints", "checkpoint_deliveries")


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(CHECKPOINTS)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()"
        )
