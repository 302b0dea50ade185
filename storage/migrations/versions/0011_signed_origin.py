"""A file is a crawl's where the crawl has signed it; the column's comment says so."""

from alembic import op

revision = "0011"
down_revision = "0010"

COMMENT = "crawl: signed by the crawl that made it; import: brought"


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(f"COMMENT ON COLUMN catalogue.warcs.origin IS '{COMMENT}'")
