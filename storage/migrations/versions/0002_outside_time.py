"""Outside time: asks for a token that failed, by entry and authority."""

from alembic import op

revision = "0002"
down_revision = "0001"

ATTEMPTS = """
CREATE TABLE ledger.time_attempts (
    id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    seq BIGINT NOT NULL,
    authority TEXT NOT NULL,
    problem TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(seq) REFERENCES ledger.custody (seq)
);
CREATE INDEX time_attempts_of_entry ON ledger.time_attempts (seq, authority, at);
COMMENT ON COLUMN ledger.time_attempts.seq IS 'the entry that is owed a token';
COMMENT ON COLUMN ledger.time_attempts.problem IS 'why no token could be had';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.time_attempts
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
GRANT SELECT, INSERT ON ledger.time_attempts TO letapis_writer;
GRANT SELECT ON ledger.time_attempts TO letapis_reader;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(ATTEMPTS)
