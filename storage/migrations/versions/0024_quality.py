"""Quality scores: what a replay of a browser capture came to, in a schema beside the catalogue.

They are derived, but not from the store alone: browser and replay software count as well. So they are no part of
what `rebuild` makes anew and exchanges.
"""

from alembic import op

revision = "0024"
down_revision = "0023"

STATEMENTS = """
CREATE SCHEMA quality;

CREATE TABLE quality.scores (
    capture_id TEXT PRIMARY KEY,
    score DOUBLE PRECISION CHECK (score BETWEEN 0 AND 1),
    reason TEXT,
    parts JSONB NOT NULL,
    scripts TEXT NOT NULL CHECK (scripts IN ('ran', 'off')),
    leaks JSONB NOT NULL,
    tools JSONB NOT NULL,
    measured_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CHECK (score IS NOT NULL OR reason IS NOT NULL)
);
COMMENT ON COLUMN quality.scores.score IS '0 to 1; null where reason says why there is none';
COMMENT ON COLUMN quality.scores.parts IS 'screenshot, text, resources: [{name, value, reason}]';
COMMENT ON COLUMN quality.scores.scripts IS 'ran: the replay ran the scripts of the page; off: it did not';
COMMENT ON COLUMN quality.scores.leaks IS 'addresses beyond the archive that the replay tried to reach';
COMMENT ON COLUMN quality.scores.tools IS 'method and versions by which it was made';
CREATE INDEX scores_by_score ON quality.scores (score);

REVOKE ALL ON SCHEMA quality FROM PUBLIC;
GRANT USAGE ON SCHEMA quality TO letapis_writer, letapis_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON quality.scores TO letapis_writer;
GRANT SELECT ON quality.scores TO letapis_reader;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(STATEMENTS)
