"""What search needs: a log of what changed in the catalogue, texts of pages without records, a better index.

Triggers fill the log, so that nobody who writes the catalogue can leave it out. The catalogue that a rebuild makes
beside the one in use has none; it gets them with its place, and one row then says that everything has changed.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

LOG = """
CREATE SCHEMA changes;

CREATE TABLE changes.log (
    transaction XID8 NOT NULL DEFAULT pg_current_xact_id(),
    subject TEXT NOT NULL CHECK (subject IN ('record', 'page', 'catalogue')),
    id TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT transaction_timestamp()
);
CREATE INDEX log_by_transaction ON changes.log (transaction) INCLUDE (subject, id);
COMMENT ON TABLE changes.log IS 'what changed in the catalogue; readers keep a snapshot as their position';

CREATE TABLE changes.horizon (transaction XID8 NOT NULL);
COMMENT ON TABLE changes.horizon IS 'one row: changes of transactions before this one are no longer in the log';
INSERT INTO changes.horizon VALUES ('0');
"""

PAGE_TEXTS = """
CREATE TABLE catalogue.page_texts (
    capture_id TEXT PRIMARY KEY REFERENCES catalogue.captures (id),
    text TEXT NOT NULL,
    language TEXT
);
COMMENT ON TABLE catalogue.page_texts IS 'what a captured page or document says of which no record was read';
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON catalogue.page_texts TO letapis_writer;
GRANT SELECT ON catalogue.page_texts TO letapis_reader;

CREATE INDEX versions_of_kind_dated ON catalogue.versions (kind, dated DESC NULLS LAST);
"""

FUNCTIONS = """
CREATE FUNCTION changes.note_rows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO changes.log (subject, id) SELECT DISTINCT %L, %I FROM changed_rows', TG_ARGV[0], TG_ARGV[1]
    );
    RETURN NULL;
END
$$;

CREATE FUNCTION changes.note_all() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO changes.log (subject, id) VALUES ('catalogue', TG_TABLE_NAME);
    RETURN NULL;
END
$$;

CREATE FUNCTION changes.watch(tabled TEXT, subject TEXT, id TEXT) RETURNS VOID
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER note_inserted AFTER INSERT ON catalogue.%1$I REFERENCING NEW TABLE AS changed_rows
            FOR EACH STATEMENT EXECUTE FUNCTION changes.note_rows(%2$L, %3$L);
        CREATE TRIGGER note_updated AFTER UPDATE ON catalogue.%1$I REFERENCING NEW TABLE AS changed_rows
            FOR EACH STATEMENT EXECUTE FUNCTION changes.note_rows(%2$L, %3$L);
        CREATE TRIGGER note_before_update AFTER UPDATE ON catalogue.%1$I REFERENCING OLD TABLE AS changed_rows
            FOR EACH STATEMENT EXECUTE FUNCTION changes.note_rows(%2$L, %3$L);
        CREATE TRIGGER note_deleted AFTER DELETE ON catalogue.%1$I REFERENCING OLD TABLE AS changed_rows
            FOR EACH STATEMENT EXECUTE FUNCTION changes.note_rows(%2$L, %3$L);
        CREATE TRIGGER note_truncated AFTER TRUNCATE ON catalogue.%1$I
            FOR EACH STATEMENT EXECUTE FUNCTION changes.note_all()',
        tabled, subject, id
    );
END
$$;

CREATE FUNCTION changes.watch_catalogue() RETURNS VOID
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM changes.watch('versions', 'record', 'record_id');
    PERFORM changes.watch('sightings', 'record', 'record_id');
    PERFORM changes.watch('page_texts', 'page', 'capture_id');
END
$$;

CREATE FUNCTION changes.forget_before(moment TIMESTAMP WITH TIME ZONE) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    oldest_open XID8 := pg_snapshot_xmin(pg_current_snapshot());
    forgotten XID8;
    removed BIGINT;
BEGIN
    SELECT transaction INTO forgotten FROM changes.log WHERE at < moment AND transaction < oldest_open
        ORDER BY transaction DESC LIMIT 1;
    DELETE FROM changes.log WHERE transaction <= forgotten;
    GET DIAGNOSTICS removed = ROW_COUNT;
    UPDATE changes.horizon SET transaction = forgotten WHERE forgotten > transaction;
    RETURN removed;
END
$$;
"""

# A rebuilt catalogue is watched from the moment it has its place.
EXCHANGE = """
ALTER FUNCTION rebuilding.exchange() RENAME TO exchange_schemas;
CREATE FUNCTION rebuilding.exchange() RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM rebuilding.exchange_schemas();
    PERFORM changes.watch_catalogue();
    INSERT INTO changes.log (subject, id) VALUES ('catalogue', 'exchanged');
END
$$;
REVOKE ALL ON FUNCTION rebuilding.exchange_schemas(), rebuilding.exchange() FROM PUBLIC, letapis_writer;
GRANT EXECUTE ON FUNCTION rebuilding.exchange() TO letapis_writer;
"""

RIGHTS = """
REVOKE ALL ON SCHEMA changes FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA changes FROM PUBLIC;
GRANT USAGE ON SCHEMA changes TO letapis_writer, letapis_reader;
GRANT SELECT ON changes.log, changes.horizon TO letapis_writer, letapis_reader;
GRANT EXECUTE ON FUNCTION changes.forget_before(TIMESTAMP WITH TIME ZONE) TO letapis_writer;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    for statements in (LOG, PAGE_TEXTS, FUNCTIONS, EXCHANGE, RIGHTS):
        op.execute(statements)
    op.execute("SELECT changes.watch_catalogue()")
