"""Exhibit numbers, and the register of disclosures: what was handed over to whom. Rows are appended."""

from alembic import op

revision = "0019"
down_revision = "0018"

TABLES = """
CREATE TABLE ledger.exhibits (
    number TEXT PRIMARY KEY,
    custody_seq BIGINT NOT NULL REFERENCES ledger.custody (seq),
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject_id TEXT NOT NULL UNIQUE
);
COMMENT ON COLUMN ledger.exhibits.subject_id IS 'id of a record or capture, or sha256 of a medium';

CREATE TABLE ledger.disclosures (
    custody_seq BIGINT PRIMARY KEY REFERENCES ledger.custody (seq),
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    package_id TEXT NOT NULL,
    package_digest TEXT NOT NULL,
    recipient TEXT NOT NULL,
    level TEXT NOT NULL,
    request TEXT,
    labels JSONB NOT NULL,
    selection JSONB NOT NULL,
    UNIQUE (package_id, package_digest)
);
COMMENT ON COLUMN ledger.disclosures.request IS 'of the recipient; null: on none';
COMMENT ON COLUMN ledger.disclosures.labels IS 'access labels of what was handed over';
COMMENT ON COLUMN ledger.disclosures.selection IS 'the frozen selection of which the package was built';
CREATE INDEX disclosures_to ON ledger.disclosures (recipient, custody_seq);
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
    for table in ("exhibits", "disclosures"):
        op.execute(TRIGGER.format(table=table))
