"""Counts of each file's captures by day, label and outcome: pages of many nights count no captures any more.

They are derived like all of the schema: reading a file counts it anew, and `rebuild` makes them with the rest.
This fills them for what is there; of a million captures that takes some ten seconds. The indexes answer what each
source had last without reading all files and all of custody.
"""

from alembic import op

revision = "0031"
down_revision = "0028"

TABLE = """
CREATE TABLE catalogue.crawl_counts (
    warc_key TEXT NOT NULL,
    day DATE NOT NULL,
    access_label TEXT NOT NULL,
    outcome TEXT NOT NULL,
    source_id TEXT NOT NULL,
    crawl_id TEXT NOT NULL,
    pages INTEGER NOT NULL,
    records BIGINT NOT NULL,
    newest_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (warc_key, day, access_label, outcome)
);
COMMENT ON TABLE catalogue.crawl_counts IS
    'what the captures of each file came to (`storage.catalogue.crawl_counts`)';
COMMENT ON COLUMN catalogue.crawl_counts.day IS 'the UTC day of the captures';
COMMENT ON COLUMN catalogue.crawl_counts.records IS 'a record that two pages show counts twice';

INSERT INTO catalogue.crawl_counts (
    warc_key, day, access_label, outcome, source_id, crawl_id, pages, records, newest_at
)
SELECT capture.warc_key, (capture.captured_at AT TIME ZONE 'UTC')::date, capture.access_label,
    coalesce(reading.outcome, capture.transport_outcome), capture.source_id, capture.crawl_id,
    count(DISTINCT capture.id), coalesce(sum(reading.records), 0), max(capture.captured_at)
FROM catalogue.captures AS capture
LEFT JOIN catalogue.readings AS reading ON reading.capture_id = capture.id
WHERE coalesce(reading.outcome, capture.transport_outcome) IS NOT NULL
    AND capture.surt NOT LIKE '%)/robots.txt'
GROUP BY 1, 2, 3, 4, 5, 6;

CREATE INDEX crawl_counts_by_day ON catalogue.crawl_counts (day);
CREATE INDEX crawl_counts_of_source ON catalogue.crawl_counts (source_id, day);

GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON catalogue.crawl_counts TO letapis_writer;
GRANT SELECT ON catalogue.crawl_counts TO letapis_reader;
"""

INDEXES = """
CREATE INDEX warcs_of_source ON catalogue.warcs (source_id, custody_seq);
DROP INDEX catalogue.ix_catalogue_warcs_source_id;
CREATE INDEX ix_catalogue_records_kind ON catalogue.records (kind);
CREATE INDEX custody_crawls_of_source ON ledger.custody ((details ->> 'source_id'), seq)
    WHERE event = 'collection_started';
CREATE INDEX custody_labelled ON ledger.custody ((details ->> 'source_id'))
    WHERE event IN ('collection_started', 'deposited')
        AND coalesce(details ->> 'access_label', 'default') <> 'default';
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    for statements in (TABLE, INDEXES):
        op.execute(statements)
