"""Tokens by which programs ask in a person's name: their digests, and which were revoked."""

from alembic import op

revision = "0017"
down_revision = "0016"

TABLES = """
CREATE TABLE ledger.tokens (
    id TEXT PRIMARY KEY,
    custody_seq BIGINT NOT NULL UNIQUE REFERENCES ledger.custody (seq),
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    member TEXT NOT NULL,
    role TEXT NOT NULL,
    scopes JSONB NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    digest TEXT NOT NULL UNIQUE
);
COMMENT ON COLUMN ledger.tokens.digest IS 'of the token itself, which is not kept';
CREATE INDEX tokens_of_member ON ledger.tokens (member, at);

CREATE TABLE ledger.token_revocations (
    token_id TEXT PRIMARY KEY REFERENCES ledger.tokens (id),
    custody_seq BIGINT NOT NULL UNIQUE REFERENCES ledger.custody (seq),
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL
);

CREATE INDEX token_uses ON ledger.access_log (subject_id, at) WHERE action = 'token_used';
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
    for table in ("tokens", "token_revocations"):
        op.execute(TRIGGER.format(table=table))
