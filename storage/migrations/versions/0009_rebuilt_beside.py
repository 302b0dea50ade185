"""A catalogue is built anew beside the one in use, and takes its place in one transaction.

What has been compared goes with the catalogue it speaks of; its numbers stay in one sequence for both. The
functions run with the owner's rights, since the writer may neither make nor rename a schema.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

COMPARISONS = """
ALTER TABLE comparing.epoch SET SCHEMA catalogue;
ALTER TABLE comparing.compared SET SCHEMA catalogue;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON catalogue.epoch, catalogue.compared TO letapis_writer;
"""

COPY_RIGHTS = """
CREATE SCHEMA rebuilding;

CREATE FUNCTION rebuilding.copy_rights() RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given RECORD;
BEGIN
    FOR given IN
        SELECT 'SCHEMA catalogue_next' AS thing, acl.*
        FROM pg_namespace, aclexplode(nspacl) AS acl
        WHERE nspname = 'catalogue' AND acl.grantee <> nspowner
        UNION ALL
        SELECT format('TABLE catalogue_next.%I', relname), acl.*
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE relnamespace = 'catalogue'::regnamespace AND relkind = 'r' AND acl.grantee <> relowner
    LOOP
        EXECUTE format(
            'GRANT %s ON %s TO %s', given.privilege_type, given.thing,
            CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE given.grantee::regrole::TEXT END
        );
    END LOOP;
END
$$;
"""

# An index and a constraint keep their names: later migrations speak of them.
BEGIN_NEXT = """
CREATE FUNCTION rebuilding.begin_next(made_for TEXT) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statement TEXT;
BEGIN
    DROP SCHEMA IF EXISTS catalogue_next CASCADE;
    CREATE SCHEMA catalogue_next;
    FOR statement IN
        SELECT format(
            'CREATE TABLE catalogue_next.%1$I (LIKE catalogue.%1$I INCLUDING ALL EXCLUDING INDEXES)', relname
        )
        FROM pg_class WHERE relnamespace = 'catalogue'::regnamespace AND relkind = 'r' ORDER BY relname
    LOOP
        EXECUTE statement;
    END LOOP;
    FOR statement IN
        SELECT format(
            'ALTER TABLE catalogue_next.%I ADD CONSTRAINT %I %s', relname, conname,
            replace(
                pg_get_constraintdef(pg_constraint.oid), ' REFERENCES catalogue.', ' REFERENCES catalogue_next.'
            )
        )
        FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
        WHERE connamespace = 'catalogue'::regnamespace AND contype IN ('p', 'u', 'f')
        ORDER BY contype = 'f', relname, conname
    LOOP
        EXECUTE statement;
    END LOOP;
    FOR statement IN
        SELECT replace(pg_get_indexdef(indexrelid), ' ON catalogue.', ' ON catalogue_next.')
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE relnamespace = 'catalogue'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
        ORDER BY relname
    LOOP
        EXECUTE statement;
    END LOOP;
    PERFORM rebuilding.copy_rights();
    EXECUTE format('COMMENT ON SCHEMA catalogue_next IS %L', made_for);
END
$$;
"""

ANALYZE_NEXT = """
CREATE FUNCTION rebuilding.analyze_next() RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name TEXT;
BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'catalogue_next'::regnamespace AND relkind = 'r'
    LOOP
        EXECUTE format('ANALYZE catalogue_next.%I', name);
    END LOOP;
END
$$;
"""

# Views of others keep their place and their rights: they are bound to the tables that have the names now.
EXCHANGE = """
CREATE FUNCTION rebuilding.exchange() RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    replaced TEXT[];
    statement TEXT;
    left_out TEXT;
BEGIN
    SELECT array_agg(DISTINCT format(
            'CREATE OR REPLACE VIEW %s%s AS %s', seen.oid::regclass,
            ' WITH (' || array_to_string(seen.reloptions, ', ') || ')', pg_get_viewdef(seen.oid)
        )) FILTER (WHERE seen.relkind = 'v' AND seen.relnamespace <> 'catalogue'::regnamespace),
        string_agg(DISTINCT seen.oid::regclass::TEXT, ', ')
            FILTER (WHERE seen.relkind <> 'v' OR seen.relnamespace = 'catalogue'::regnamespace)
        INTO replaced, left_out
    FROM pg_depend
    JOIN pg_rewrite ON pg_rewrite.oid = pg_depend.objid AND pg_depend.classid = 'pg_rewrite'::regclass
    JOIN pg_class AS seen ON seen.oid = pg_rewrite.ev_class
    JOIN pg_class AS shown ON shown.oid = pg_depend.refobjid AND pg_depend.refclassid = 'pg_class'::regclass
    WHERE shown.relnamespace = 'catalogue'::regnamespace AND shown.relkind = 'r';
    IF left_out IS NOT NULL THEN
        RAISE EXCEPTION '% would be lost with the old catalogue (drop it, and make it anew afterwards)', left_out
            USING ERRCODE = 'dependent_objects_still_exist';
    END IF;
    PERFORM rebuilding.copy_rights();
    COMMENT ON SCHEMA catalogue_next IS NULL;
    DROP SCHEMA IF EXISTS catalogue_before CASCADE;
    ALTER SCHEMA catalogue RENAME TO catalogue_before;
    ALTER SCHEMA catalogue_next RENAME TO catalogue;
    FOREACH statement IN ARRAY coalesce(replaced, '{}') LOOP
        EXECUTE statement;
    END LOOP;
END
$$;

CREATE FUNCTION rebuilding.drop_before() RETURNS VOID
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DROP SCHEMA IF EXISTS catalogue_before CASCADE;
$$;
"""

RIGHTS = """
REVOKE ALL ON SCHEMA rebuilding FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rebuilding FROM PUBLIC;
GRANT USAGE ON SCHEMA rebuilding TO letapis_writer;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA rebuilding TO letapis_writer;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    for statements in (COMPARISONS, COPY_RIGHTS, BEGIN_NEXT, ANALYZE_NEXT, EXCHANGE, RIGHTS):
        op.execute(statements)
