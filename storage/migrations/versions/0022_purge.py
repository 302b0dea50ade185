"""What is to be purged, and what was: two more acts of people, and the view of the captures that are gone.

Search indexes are made anew after a purge: what is deleted in one stays in its files for a while.
``ledger.purged`` has a row for every capture whose record was taken out of its file, from the entries of custody
alone. So its place can say since when it is gone and on which basis, and what stood for it stays hidden.
"""

from alembic import op

revision = "0022"
down_revision = "0021"

STATEMENTS = """
ALTER TABLE ledger.withdrawals DROP CONSTRAINT withdrawals_event_check;
ALTER TABLE ledger.withdrawals ADD CONSTRAINT withdrawals_event_check CHECK (event IN (
    'quarantined', 'withdrawal_proposed', 'withdrawn', 'restoration_proposed', 'restored', 'proposal_declined',
    'purge_proposed', 'purge_ordered'
));

CREATE VIEW ledger.purged AS
SELECT entry.seq AS custody_seq, entry.at, entry.subject_id AS warc_key,
    (entry.details ->> 'order')::BIGINT AS ordered, ordered.subject_kind, ordered.subject_id, ordered.basis,
    gone.value ->> 'capture' AS capture_id, gone.value ->> 'record' AS record_id,
    entry.details -> 'payloads' ->> (gone.value ->> 'capture') AS payload_digest
FROM ledger.custody AS entry
CROSS JOIN LATERAL jsonb_array_elements(entry.details -> 'removed') AS gone (value)
LEFT JOIN ledger.withdrawals AS ordered ON ordered.custody_seq = (entry.details ->> 'order')::BIGINT
WHERE entry.event = 'purged';
GRANT SELECT ON ledger.purged TO letapis_writer, letapis_reader;

CREATE FUNCTION changes.note_everything() RETURNS VOID
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO changes.log (subject, id) VALUES ('catalogue', 'purged')
$$;
REVOKE ALL ON FUNCTION changes.note_everything() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION changes.note_everything() TO letapis_writer;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(STATEMENTS)
