"""The pace that all crawls share: hosts, turns, and the two functions that decide over them."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE SCHEMA traffic;

CREATE TABLE traffic.hosts (
    host TEXT NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_delay_s FLOAT NOT NULL,
    held_until TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (host)
);
COMMENT ON COLUMN traffic.hosts.last_at IS 'the latest moment at which the last request leaves';
COMMENT ON COLUMN traffic.hosts.last_delay_s IS 'the pause that its crawl keeps';
COMMENT ON COLUMN traffic.hosts.held_until IS 'the host asked to be left alone until then';

CREATE TABLE traffic.turns (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    host TEXT NOT NULL,
    crawl_id TEXT NOT NULL,
    on_demand BOOLEAN NOT NULL,
    lapses_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_traffic_turns_host ON traffic.turns (host);
COMMENT ON COLUMN traffic.turns.lapses_at IS 'a crawl that was killed lets go of its turn then';
"""

# The row of the host is locked first, and the clock is read after it: what waited for the lock would else go by a
# moment that is over.
TAKE_TURN = """
CREATE FUNCTION traffic.take_turn(
    asked_host TEXT, asking_crawl TEXT, asked_on_demand BOOLEAN, delay_s FLOAT, allowance_s FLOAT,
    places INTEGER, kept_free INTEGER, patience_s FLOAT, lapse_s FLOAT, done BIGINT[],
    at TIMESTAMP WITH TIME ZONE DEFAULT NULL,
    OUT turn_id BIGINT, OUT wait_s FLOAT, OUT held BOOLEAN
) LANGUAGE plpgsql AS $$
DECLARE
    known traffic.hosts;
    here TIMESTAMP WITH TIME ZONE;
    leaves_at TIMESTAMP WITH TIME ZONE;
    taken INTEGER;
    taken_nightly INTEGER;
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
    IF taken >= places OR (NOT asked_on_demand AND taken_nightly >= places - kept_free) THEN
        wait_s := greatest(0.05, delay_s);
        RETURN;
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

HOLD = """
CREATE FUNCTION traffic.hold_host(
    asked_host TEXT, seconds FLOAT, at TIMESTAMP WITH TIME ZONE DEFAULT NULL
) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    until TIMESTAMP WITH TIME ZONE := coalesce(at, clock_timestamp()) + make_interval(secs => seconds);
BEGIN
    INSERT INTO traffic.hosts AS known VALUES (asked_host, '-infinity', 0, until)
        ON CONFLICT (host) DO UPDATE SET held_until = greatest(known.held_until, until);
    PERFORM pg_notify('traffic_held', asked_host);
END
$$;
"""

RIGHTS = """
REVOKE ALL ON SCHEMA traffic FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA traffic FROM PUBLIC;
GRANT USAGE ON SCHEMA traffic TO letapis_writer, letapis_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON traffic.hosts, traffic.turns TO letapis_writer;
GRANT SELECT ON traffic.hosts, traffic.turns TO letapis_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA traffic TO letapis_writer;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    for statements in (TABLES, TAKE_TURN, HOLD, RIGHTS):
        op.execute(statements)
