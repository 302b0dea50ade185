"""Turns in the order in which crawls came: who gives a place back and asks again stands behind those who wait."""

from alembic import op

revision = "0007"
down_revision = "0006"

WAITS = """
CREATE TABLE traffic.waits (
    host TEXT NOT NULL,
    crawl_id TEXT NOT NULL,
    on_demand BOOLEAN NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (host, crawl_id)
);
COMMENT ON COLUMN traffic.waits.seen_at IS 'who does not ask again soon has gone';
GRANT SELECT, INSERT, UPDATE, DELETE ON traffic.waits TO letapis_writer;
GRANT SELECT ON traffic.waits TO letapis_reader;
"""

TAKE_TURN = """
CREATE OR REPLACE FUNCTION traffic.take_turn(
    asked_host TEXT, asking_crawl TEXT, asked_on_demand BOOLEAN, delay_s FLOAT, allowance_s FLOAT,
    places INTEGER, kept_free INTEGER, patience_s FLOAT, lapse_s FLOAT, done BIGINT[],
    at TIMESTAMP WITH TIME ZONE DEFAULT NULL,
    OUT turn_id BIGINT, OUT wait_s FLOAT, OUT held BOOLEAN
) LANGUAGE plpgsql AS $$
DECLARE
    known traffic.hosts;
    here TIMESTAMP WITH TIME ZONE;
    leaves_at TIMESTAMP WITH TIME ZONE;
    waited_since TIMESTAMP WITH TIME ZONE;
    taken INTEGER;
    taken_nightly INTEGER;
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
    SELECT count(*), count(*) FILTER (WHERE NOT on_demand) INTO taken, taken_nightly
        FROM traffic.turns WHERE host = asked_host;
    SELECT since INTO waited_since FROM traffic.waits WHERE host = asked_host AND crawl_id = asking_crawl;
    -- Those who came before, of the same sort: they ask again within one and a half pauses, or have gone.
    SELECT count(*) INTO ahead FROM traffic.waits
        WHERE host = asked_host AND crawl_id <> asking_crawl AND on_demand = asked_on_demand
            AND since < coalesce(waited_since, here)
            AND seen_at > here - make_interval(secs => 5 + 2 * delay_s);
    IF taken + ahead >= places OR (NOT asked_on_demand AND taken_nightly + ahead >= places - kept_free) THEN
        INSERT INTO traffic.waits AS waiting VALUES (asked_host, asking_crawl, asked_on_demand, here, here)
            ON CONFLICT (host, crawl_id) DO UPDATE SET seen_at = here;
        wait_s := greatest(0.05, delay_s);
        RETURN;
    END IF;
    IF waited_since IS NOT NULL THEN
        DELETE FROM traffic.waits WHERE host = asked_host AND crawl_id = asking_crawl;
    END IF;
    leaves_at := greatest(
        here, known.held_until, known.last_at + make_interval(secs => greatest(delay_s, known.last_delay_s))
    );
    UPDATE traffic.hosts SET last_at = leaves_at + make_interval(secs => allowance_s), last_delay_s = delay_s
        WHERE host = asked_host;
    INSERT INTO traffic.turns (host, crawl_id, on_demand, lapses_at)
        VALUES (asked_host, asking_crawl, asked_on_demand, leaves_at + make_interval(secs => lapse_s))
        RETURNING id INTO turn_id;
    wait_s := extract(epoch FROM leaves_at - here);
END
$$;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    for statements in (WAITS, TAKE_TURN):
        op.execute(statements)
