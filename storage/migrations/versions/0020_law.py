"""What is withdrawn or quarantined, and by whom: acts of people, from which the labels that hide are derived.

``ledger.hidden`` is what the acts come to now: of each subject the newest that hides it or gives it back. The
views for SQL show nobody what is hidden. Two indexes find what stands or falls with a capture, and what is hidden,
without reading the others.
"""

from importlib import import_module

from alembic import op

revision = "0020"
down_revision = "0019"

TABLES = """
CREATE TABLE ledger.withdrawals (
    custody_seq BIGINT PRIMARY KEY REFERENCES ledger.custody (seq),
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT,
    event TEXT NOT NULL CHECK (event IN (
        'quarantined', 'withdrawal_proposed', 'withdrawn', 'restoration_proposed', 'restored', 'proposal_declined'
    )),
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('capture', 'record', 'medium')),
    subject_id TEXT NOT NULL,
    reason TEXT,
    basis TEXT,
    second TEXT,
    proposal BIGINT
);
COMMENT ON COLUMN ledger.withdrawals.actor IS 'null: sealed, and no key is here that opens it; so are the words';
COMMENT ON COLUMN ledger.withdrawals.second IS 'of a proposal: who else is to confirm it';
COMMENT ON COLUMN ledger.withdrawals.proposal IS 'the entry that is confirmed or declined; null of a beginning';
CREATE INDEX withdrawals_of_subject ON ledger.withdrawals (subject_kind, subject_id, custody_seq);

CREATE VIEW ledger.hidden AS
SELECT custody_seq, at, subject_kind, subject_id, basis,
    CASE event WHEN 'withdrawn' THEN 'withdrawn' ELSE 'quarantined' END AS label
FROM (
    SELECT DISTINCT ON (subject_kind, subject_id) * FROM ledger.withdrawals
    WHERE event IN ('quarantined', 'withdrawn', 'restored') ORDER BY subject_kind, subject_id, custody_seq DESC
) AS newest WHERE event <> 'restored';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.withdrawals
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
GRANT SELECT, INSERT ON ledger.withdrawals TO letapis_writer;
GRANT SELECT ON ledger.withdrawals TO letapis_reader;
GRANT SELECT ON ledger.hidden TO letapis_writer, letapis_reader;

CREATE INDEX captures_referring ON catalogue.captures (refers_to_id) WHERE refers_to_id IS NOT NULL;
CREATE INDEX captures_hidden ON catalogue.captures (access_label)
    WHERE access_label IN ('quarantined', 'withdrawn');
"""

SEEN = """(access_label NOT IN ('quarantined', 'withdrawn') AND (
    (SELECT archive.sees_everything()) OR access_label = ANY ((SELECT archive.granted_labels())::TEXT[])
))"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(TABLES)
    views = import_module("storage.migrations.versions.0016_views_for_sql").VIEWS
    for name, (_, query) in views.items():
        op.execute(f"CREATE OR REPLACE VIEW archive.{name} WITH (security_barrier) AS {query.format(seen=SEEN)}")
