"""What analysts have found out about records and media: acts of people, of which the newest says how it stands.

``ledger.verification_status`` has of each record or medium that was ever assessed the status that its newest act
left; of any other nothing is here, and it is unverified.
"""

from alembic import op

revision = "0021"
down_revision = "0020"

TABLES = """
CREATE TABLE ledger.assessments (
    custody_seq BIGINT PRIMARY KEY REFERENCES ledger.custody (seq),
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL CHECK (event IN (
        'assessment_begun', 'assessment_proposed', 'assessment_confirmed', 'assessment_disputed',
        'assessment_dropped'
    )),
    subject_kind TEXT NOT NULL CHECK (subject_kind IN ('record', 'medium')),
    subject_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('unverified', 'in_work', 'verified', 'refuted', 'disputed')),
    finding TEXT CHECK (finding IN ('verified', 'refuted')),
    version_id TEXT,
    place TEXT,
    happened TEXT,
    method TEXT,
    note TEXT,
    proposal BIGINT
);
COMMENT ON COLUMN ledger.assessments.status IS 'how the record or medium stands after this act';
COMMENT ON COLUMN ledger.assessments.finding IS 'what is proposed or confirmed; null of other acts';
COMMENT ON COLUMN ledger.assessments.version_id IS 'the wording that it is about; null of a medium';
COMMENT ON COLUMN ledger.assessments.happened IS 'when it happened, in the words of whoever found it out';
COMMENT ON COLUMN ledger.assessments.proposal IS 'the entry that is confirmed, disputed or taken back';
CREATE INDEX assessments_of_subject ON ledger.assessments (subject_kind, subject_id, custody_seq);

CREATE VIEW ledger.verification_status AS
SELECT DISTINCT ON (subject_kind, subject_id) subject_kind, subject_id, status, custody_seq, at
FROM ledger.assessments ORDER BY subject_kind, subject_id, custody_seq DESC;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.assessments
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();
GRANT SELECT, INSERT ON ledger.assessments TO letapis_writer;
GRANT SELECT ON ledger.assessments TO letapis_reader;
GRANT SELECT ON ledger.verification_status TO letapis_writer, letapis_reader;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(TABLES)
