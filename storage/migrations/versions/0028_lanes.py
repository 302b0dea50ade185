"""The lane of the backfill: slots that nothing else waits for, its plan by channel, its crawls in custody."""

from alembic import op

revision = "0028"
down_revision = "0025"

COLUMNS = """
ALTER TABLE traffic.hosts ADD COLUMN others_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT '-infinity';
COMMENT ON COLUMN traffic.hosts.others_at IS 'when a crawl that is no backfill last asked for a slot';
ALTER TABLE traffic.turns ADD COLUMN backfill BOOLEAN NOT NULL DEFAULT FALSE;
"""

TAKE_TURN = """
DROP FUNCTION traffic.take_turn(
    TEXT, TEXT, BOOLEAN, FLOAT, FLOAT, INTEGER, INTEGER, FLOAT, FLOAT, BIGINT[], TIMESTAMP WITH TIME ZONE
);
CREATE FUNCTION traffic.take_turn(
    asked_host TEXT, asking_crawl TEXT, asked_on_demand BOOLEAN, delay_s FLOAT, allowance_s FLOAT,
    places INTEGER, kept_free INTEGER, patience_s FLOAT, lapse_s FLOAT, done BIGINT[],
    at TIMESTAMP WITH TIME ZONE DEFAULT NULL, quiet_s FLOAT DEFAULT NULL,
    OUT turn_id BIGINT, OUT wait_s FLOAT, OUT held BOOLEAN
) LANGUAGE plpgsql AS $$
DECLARE
    known traffic.hosts;
    here TIMESTAMP WITH TIME ZONE;
    leaves_at TIMESTAMP WITH TIME ZONE;
    waited_since TIMESTAMP WITH TIME ZONE;
    taken INTEGER;
    taken_nightly INTEGER;
    taken_backfill INTEGER;
    ahead INTEGER;
BEGIN
    IF cardinality(done) > 0 THEN
        DELETE FROM traffic.turns WHERE id = ANY(done);
    END IF;
    SELECT * INTO known FROM traffic.hosts WHERE host = asked_host FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO traffic.hosts VALUES (asked_host, '-infinity', 0, '-infinity') ON CONFLICT DO NOTHING;
        SELECT * INTO known FROM traffic.hosts WHERE host = asked_host FOR UPDATE;
    END IF;
    here := coalesce(at, clock_timestamp());
    held := known.held_until > here + make_interval(secs => patience_s);
    IF held THEN
        wait_s := extract(epoch FROM known.held_until - here);
        RETURN;
    END IF;
    DELETE FROM traffic.turns WHERE host = asked_host AND lapses_at <= here;
    -- The one place of the backfill is counted beside the others, so that no other crawl waits for it.
    SELECT count(*) FILTER (WHERE NOT backfill), count(*) FILTER (WHERE NOT on_demand AND NOT backfill),
            count(*) FILTER (WHERE backfill)
        INTO taken, taken_nightly, taken_backfill
        FROM traffic.turns WHERE host = asked_host;
    leaves_at := greatest(
        here, known.held_until, known.last_at + make_interval(secs => greatest(delay_s, known.last_delay_s))
    );
    IF quiet_s IS NOT NULL THEN
        -- A backfill: only now, never a moment ahead, and only where nothing else uses or wants the host.
        IF taken > 0 OR taken_backfill > 0 OR known.others_at > here - make_interval(secs => quiet_s) THEN
            wait_s := greatest(0.05, delay_s);
            RETURN;
        END IF;
        IF leaves_at > here THEN
            wait_s := greatest(0.05, extract(epoch FROM leaves_at - here));
            RETURN;
        END IF;
    ELSE
        SELECT since INTO waited_since FROM traffic.waits WHERE host = asked_host AND crawl_id = asking_crawl;
        -- Those who came before, of the same sort: they ask again within one and a half pauses, or have gone.
        SELECT count(*) INTO ahead FROM traffic.waits
            WHERE host = asked_host AND crawl_id <> asking_crawl AND on_demand = asked_on_demand
                AND since < coalesce(waited_since, here)
                AND seen_at > here - make_interval(secs => 5 + 2 * delay_s);
        IF taken + ahead >= places OR (NOT asked_on_demand AND taken_nightly + ahead >= places - kept_free) THEN
            INSERT INTO traffic.waits AS waiting VALUES (asked_host, asking_crawl, asked_on_demand, here, here)
                ON CONFLICT (host, crawl_id) DO UPDATE SET seen_at = here;
            UPDATE traffic.hosts SET others_at = here WHERE host = asked_host;
            wait_s := greatest(0.05, delay_s);
            RETURN;
        END IF;
        IF waited_since IS NOT NULL THEN
            DELETE FROM traffic.waits WHERE host = asked_host AND crawl_id = asking_crawl;
        END IF;
    END IF;
    UPDATE traffic.hosts SET last_at = leaves_at + make_interval(secs => allowance_s), last_delay_s = delay_s,
            others_at = CASE WHEN quiet_s IS NULL THEN here ELSE others_at END
        WHERE host = asked_host;
    INSERT INTO traffic.turns (host, crawl_id, on_demand, backfill, lapses_at)
        VALUES (asked_host, asking_crawl, asked_on_demand, quiet_s IS NOT NULL,
            leaves_at + make_interval(secs => lapse_s))
        RETURNING id INTO turn_id;
    wait_s := extract(epoch FROM leaves_at - here);
END
$$;
"""

PLAN = """
CREATE TABLE work.backfills (
    source_id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('started', 'paused')),
    delay_s DOUBLE PRECISION NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    started_by TEXT NOT NULL,
    newest_id BIGINT,
    ids_at_start BIGINT,
    ids_left BIGINT,
    pages_left BIGINT,
    counted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    pages_done BIGINT NOT NULL DEFAULT 0,
    seconds_done DOUBLE PRECISION NOT NULL DEFAULT 0,
    last_at TIMESTAMP WITH TIME ZONE,
    last_crawl_id TEXT,
    without_progress INTEGER NOT NULL DEFAULT 0,
    problem TEXT
);
COMMENT ON COLUMN work.backfills.ids_left IS 'post ids that no page has covered; null: no page was read yet';
COMMENT ON COLUMN work.backfills.counted_at IS 'when ids_left was counted';
COMMENT ON COLUMN work.backfills.seconds_done IS 'how long its crawls took, with deposit and reading';
COMMENT ON COLUMN work.backfills.without_progress IS 'how many crawls in a row covered nothing new';
GRANT SELECT, INSERT, UPDATE, DELETE ON work.backfills TO letapis_writer;
GRANT SELECT ON work.backfills TO letapis_reader;

CREATE INDEX custody_backfills ON ledger.custody (subject_id)
    WHERE event = 'collection_started' AND details->>'lane' = 'backfill';
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    for statements in (COLUMNS, TAKE_TURN, PLAN):
        op.execute(statements)
