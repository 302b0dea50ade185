"""What links of videos say; which media have been compared, in which turn."""

from alembic import op

revision = "0005"
down_revision = "0004"

LINKS = """
ALTER TABLE catalogue.links ADD COLUMN share_a FLOAT;
ALTER TABLE catalogue.links ADD COLUMN share_b FLOAT;
ALTER TABLE catalogue.links ADD COLUMN frames JSONB NOT NULL DEFAULT '[]';
ALTER TABLE catalogue.links ALTER COLUMN frames DROP DEFAULT;
COMMENT ON COLUMN catalogue.links.share_a IS
    'of a video: what part of it the other shows; null of stills alone';
COMMENT ON COLUMN catalogue.links.frames IS '[seconds in a, seconds in b, distance] of matched frames';
"""

COMPARING = """
CREATE SCHEMA comparing;
CREATE SEQUENCE comparing.turns;
CREATE TABLE comparing.epoch (
    epoch BIGINT NOT NULL,
    PRIMARY KEY (epoch)
);
CREATE TABLE comparing.compared (
    turn BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (turn, sha256)
);
CREATE INDEX compared_media ON comparing.compared (sha256);
INSERT INTO comparing.epoch SELECT nextval('comparing.turns');
INSERT INTO comparing.compared
    SELECT turn.number, found.sha256
    FROM (SELECT nextval('comparing.turns') AS number) AS turn,
         (SELECT DISTINCT sha256 FROM catalogue.fingerprints WHERE compared) AS found;
"""

RIGHTS = """
GRANT USAGE ON SCHEMA comparing TO letapis_writer, letapis_reader;
GRANT SELECT, INSERT, DELETE ON comparing.epoch, comparing.compared TO letapis_writer;
GRANT SELECT ON comparing.epoch, comparing.compared TO letapis_reader;
GRANT USAGE ON SEQUENCE comparing.turns TO letapis_writer;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(LINKS)
    op.execute(COMPARING)
    op.execute(RIGHTS)
