"""What a Telegram page proves to exist, and what it withheld, beside its reading."""

from alembic import op

revision = "0006"
down_revision = "0005"

COVERAGE = """
ALTER TABLE catalogue.readings ADD COLUMN coverage JSONB;
COMMENT ON COLUMN catalogue.readings.coverage IS
    'ids a Telegram page proves to exist, and what it withheld; null of others';
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(COVERAGE)
