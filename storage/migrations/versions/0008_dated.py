"""When a source says that something was, as a column: what is listed by date need not be unpacked for it."""

from alembic import op

revision = "0008"
down_revision = "0007"

DATED = """
ALTER TABLE catalogue.versions ADD COLUMN dated TEXT
    GENERATED ALWAYS AS (COALESCE(content ->> 'published_at', content ->> 'starts_at')) STORED;
COMMENT ON COLUMN catalogue.versions.dated IS 'when its source says it was, UTC; null: it does not say';
CREATE INDEX versions_dated ON catalogue.versions (dated DESC NULLS LAST);
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(DATED)
