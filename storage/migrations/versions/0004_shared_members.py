"""Records of other tools that share a compressed member with others."""

from alembic import op

revision = "0004"
down_revision = "0003"

WITHIN = """
ALTER TABLE catalogue.captures ADD COLUMN within_bytes BIGINT;
COMMENT ON COLUMN catalogue.captures.within_bytes IS 'decompressed bytes before it in a member shared with others';
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(WITHIN)
