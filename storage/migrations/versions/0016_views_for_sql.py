"""Views for people who ask by SQL: documented, read-only, with the rights of whoever has logged in.

The role `letapis_sql` sees every row, as whoever has a shell does. A member of `letapis_analyst` is one person's
own login, and sees what is labelled `default` and what is granted to that person. Whose login it is, its name
says: `archive.login_of` makes it from the person's, and ``session_user`` cannot be changed by whoever has logged
in, unlike any setting of the session. Names of people are asked for at each query, so that a removal counts at
once.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

WHO = """
CREATE SCHEMA archive;

CREATE FUNCTION archive.login_of(member TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'letapis_analyst_' || left(encode(sha256(convert_to(member, 'UTF8')), 'hex'), 32)
$$;

CREATE FUNCTION archive.sees_everything() RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT session_user = 'letapis_sql' OR has_table_privilege(session_user, 'catalogue.captures', 'SELECT')
$$;

CREATE FUNCTION archive.granted_labels() RETURNS TEXT[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_append(array_agg(DISTINCT label), 'default') FROM ledger.members
    WHERE archive.login_of(member) = session_user
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA archive FROM PUBLIC;
"""

SEEN = "((SELECT archive.sees_everything()) OR access_label = ANY ((SELECT archive.granted_labels())::TEXT[]))"

VIEWS = {
    "files": (
        "WARC files, as they lie in the object store.",
        """
SELECT key, object_version, sha256, sha512, length_bytes, records, origin, source_id, crawl_id, access_label,
    processed_with IS NOT NULL AS processed
FROM catalogue.warcs WHERE {seen}
""",
    ),
    "captures": (
        "One row for each response, resource, revisit or failure, with what its page turned out to be.",
        """
SELECT captures.id, captures.surt, captures.url, captures.captured_at, captures.record_type, captures.status,
    captures.media_type, captures.block_digest, captures.payload_digest, captures.payload_length_bytes,
    coalesce(outcomes.outcome, captures.transport_outcome) AS outcome,
    CASE WHEN outcomes.outcome IS NULL THEN captures.transport_reason ELSE outcomes.reason END AS outcome_reason,
    captures.truncated, captures.peer_address, captures.refers_to_url, captures.refers_to_at, captures.warc_key,
    captures.object_version, captures.offset_bytes, captures.length_bytes, captures.within_bytes,
    captures.crawl_id, captures.source_id, captures.access_label
FROM catalogue.captures LEFT JOIN catalogue.outcomes ON outcomes.capture_id = captures.id
WHERE {seen}
""",
    ),
    "sightings": (
        "That a capture showed a version of a record; `content` is what it showed besides, such as views.",
        """
SELECT record_id, version_id, capture_id, parser_version, position, captured_at, source_id, content, access_label
FROM catalogue.sightings WHERE {seen}
""",
    ),
    "records": (
        "Posts, articles, hearings and other records, each once.",
        """
SELECT id, kind, natural_key FROM catalogue.records
WHERE EXISTS (SELECT FROM catalogue.sightings WHERE record_id = records.id AND {seen})
""",
    ),
    "versions": (
        "The wordings of records; `content` has the keys of the kind, `dated` is when the source says it was.",
        """
SELECT id, record_id, kind, dated, content, text FROM catalogue.versions
WHERE EXISTS (SELECT FROM catalogue.sightings WHERE version_id = versions.id AND {seen})
""",
    ),
    "media": (
        "Pictures and videos, by the sha256 of their bytes.",
        """
SELECT sha256, media_type, length_bytes, width, height, frames, duration_s, metadata, decoder, refused
FROM catalogue.media
WHERE EXISTS (
    SELECT FROM catalogue.occurrences JOIN catalogue.captures ON captures.id = occurrences.capture_id
    WHERE occurrences.sha256 = media.sha256 AND {seen}
)
""",
    ),
    "occurrences": (
        "In which captures a picture or video was found.",
        """
SELECT occurrences.sha256, occurrences.capture_id, captures.url, captures.captured_at, captures.source_id,
    captures.access_label
FROM catalogue.occurrences JOIN catalogue.captures ON captures.id = occurrences.capture_id
WHERE {seen}
""",
    ),
    "similar_media": (
        "Which two media are alike, and by what.",
        """
SELECT a, b, algorithm, matched, distance_bits, meaning, quality, share_a, share_b FROM catalogue.links
WHERE EXISTS (
    SELECT FROM catalogue.occurrences JOIN catalogue.captures ON captures.id = occurrences.capture_id
    WHERE occurrences.sha256 = links.a AND {seen}
) AND EXISTS (
    SELECT FROM catalogue.occurrences JOIN catalogue.captures ON captures.id = occurrences.capture_id
    WHERE occurrences.sha256 = links.b AND {seen}
)
""",
    ),
    "changes": (
        "That a record was edited between two captures read by the same parser; what went missing is not here.",
        """
SELECT record_id, source_id, since, at, version_before, version_after, capture_before, capture_after
FROM (
    SELECT record_id, source_id, captured_at AS at, version_id AS version_after, capture_id AS capture_after,
        lag(captured_at) OVER line AS since, lag(version_id) OVER line AS version_before,
        lag(capture_id) OVER line AS capture_before
    FROM catalogue.sightings WHERE {seen}
    WINDOW line AS (PARTITION BY record_id, parser_version ORDER BY captured_at, capture_id)
) AS successive
WHERE version_before <> version_after
""",
    ),
    "custody": (
        "The chain of custody: what was done with which file, by whom and when.",
        """
SELECT seq, at, event, subject_id, subject_digest, actor, software, digest, previous FROM ledger.custody
WHERE (SELECT archive.sees_everything()) OR EXISTS (
    SELECT FROM catalogue.warcs WHERE warcs.key = custody.subject_id AND {seen}
)
""",
    ),
    "requests": (
        "What people asked to archive.",
        """
SELECT id, at, actor, urls, reason, case_reference, engine, egress, access_label FROM ledger.requests
WHERE {seen}
""",
    ),
}
"""By name of the view: what it holds, and its query."""

RIGHTS = """
REVOKE ALL ON SCHEMA archive FROM PUBLIC;
GRANT USAGE ON SCHEMA archive TO letapis_sql, letapis_analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA archive TO letapis_sql, letapis_analyst;
GRANT EXECUTE ON FUNCTION archive.sees_everything(), archive.granted_labels() TO letapis_sql, letapis_analyst;
DO $$ BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO letapis_sql, letapis_analyst', current_database());
END $$;
"""


def upgrade() -> None:
    """Forward only: evidence is not downgraded."""
    op.execute(WHO)
    for name, (holds, query) in VIEWS.items():
        op.execute(f"CREATE VIEW archive.{name} WITH (security_barrier) AS {query.format(seen=SEEN)}")
        op.execute(f"COMMENT ON VIEW archive.{name} IS '{holds}'")
    op.execute(RIGHTS)
