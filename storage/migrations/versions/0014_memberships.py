"""Who is a member of which case, which label a request has, and what came of each of its addresses.

``ledger.members`` is what the memberships come to now: of each person and label the newest row, where it adds.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = """
CREATE TABLE ledger.memberships (
    custody_seq BIGINT PRIMARY KEY REFERENCES ledger.custody (seq),
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('member_added', 'member_removed')),
    member TEXT NOT NULL,
    label TEXT NOT NULL CHECK (label <> 'default'),
    case_reference TEXT
);
COMMENT ON COLUMN ledger.memberships.case_reference IS 'null: a label of the watch-list, which is no case''s';
CREATE INDEX memberships_of_member ON ledger.memberships (member, label, custody_seq);

CREATE VIEW ledger.members AS
SELECT member, label, case_reference, at AS since, actor AS added_by FROM (
    SELECT DISTINCT ON (member, label) * FROM ledger.memberships ORDER BY member, label, custody_seq DESC
) AS newest WHERE event = 'member_added';

ALTER TABLE ledger.requests ADD COLUMN access_label TEXT NOT NULL DEFAULT 'default';
ALTER TABLE ledger.requests ADD COLUMN engine TEXT NOT NULL DEFAULT 'http';
ALTER TABLE ledger.requests ADD COLUMN egress TEXT;
COMMENT ON COLUMN ledger.requests.egress IS 'null: directly';

CREATE TABLE ledger.request_results (
    id TEXT PRIMARY KEY,
    request_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    crawl_id TEXT,
    capture_id TEXT,
    problem TEXT,
    details JSONB NOT NULL
);
COMMENT ON COLUMN ledger.request_results.number IS 'which of the request''s addresses, from 0';
COMMENT ON COLUMN ledger.request_results.capture_id IS 'null: the page was not captured; problem says why';
CREATE INDEX request_results_of_request ON ledger.request_results (request_id, number, at);
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
    for table in ("memberships", "request_results"):
        op.execute(TRIGGER.format(table=table))
    op.execute("GRANT SELECT ON ledger.members TO letapis_writer, letapis_reader")
