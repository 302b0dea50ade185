"""Entries that disclose nothing by themselves, and batches of requests and of the access log (decision 33).

Rows that stand there stay as they are: an entry without a nonce is of format 1.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

SEALED = """
ALTER TABLE ledger.custody ALTER COLUMN actor DROP NOT NULL;
ALTER TABLE ledger.custody ADD COLUMN nonce TEXT;
ALTER TABLE ledger.custody ADD COLUMN committed JSONB;
ALTER TABLE ledger.custody ADD COLUMN values_digest TEXT;
ALTER TABLE ledger.custody ADD COLUMN salts JSONB;
ALTER TABLE ledger.custody ADD COLUMN unknown_because TEXT;
COMMENT ON COLUMN ledger.custody.actor IS 'null: sealed, and unknown_because says why it was not opened';
COMMENT ON COLUMN ledger.custody.nonce IS 'null: an entry of format 1';
COMMENT ON COLUMN ledger.custody.committed IS 'commitments by the name of the value';
COMMENT ON COLUMN ledger.custody.values_digest IS 'of the sealed object that holds values and salts';
COMMENT ON COLUMN ledger.custody.salts IS 'null: not opened';
COMMENT ON COLUMN ledger.custody.unknown_because IS 'why sealed values are not known; null where they are';

CREATE TABLE ledger.sealed_objects (
    key TEXT NOT NULL,
    seq BIGINT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (key),
    FOREIGN KEY(seq) REFERENCES ledger.custody (seq)
);
CREATE INDEX ix_ledger_sealed_objects_seq ON ledger.sealed_objects (seq);

CREATE TABLE ledger.batched (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    number BIGINT NOT NULL,
    salt TEXT NOT NULL,
    PRIMARY KEY (kind, id),
    FOREIGN KEY(seq) REFERENCES ledger.custody (seq)
);
CREATE INDEX ix_ledger_batched_seq ON ledger.batched (seq);
COMMENT ON COLUMN ledger.batched.kind IS 'requests or accesses';
COMMENT ON COLUMN ledger.batched.number IS 'which leaf of the batch, from 0';
COMMENT ON COLUMN ledger.batched.salt IS 'of the commitment to the row';

GRANT SELECT, INSERT ON ledger.sealed_objects, ledger.batched TO letapis_writer;
GRANT SELECT ON ledger.sealed_objects, ledger.batched TO letapis_reader;
"""

TABLES = ("sealed_objects", "batched")


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(SEALED)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()"
        )
