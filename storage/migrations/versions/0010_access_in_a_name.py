"""Only who has seen a person log in may write into the access log that this person looked.

The role `letapis_access` belongs to the API server, and can do nothing but append to the access log. Writer and
reader, which workers and shells have, append rows of our own code (`storage.access_labels.EVERYONE`) and no
others. Rows that stand there already stay as they are.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

ACCESS = """
GRANT USAGE ON SCHEMA ledger TO letapis_access;
GRANT INSERT ON ledger.access_log TO letapis_access;
ALTER TABLE ledger.access_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything_is_read ON ledger.access_log FOR SELECT TO letapis_writer, letapis_reader USING (true);
CREATE POLICY in_any_name ON ledger.access_log FOR INSERT TO letapis_access WITH CHECK (true);
CREATE POLICY in_no_persons_name ON ledger.access_log FOR INSERT TO letapis_writer, letapis_reader
    WITH CHECK (actor = 'letapis');
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(ACCESS)
