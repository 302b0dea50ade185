"""The pages of an archive that grows: what each takes at a hundredth of the captures, and at all of them.

Run: ``python -m benchmarks.catalogue [--captures N] [--rounds N] [--json]``. Starts a PostgreSQL of its own in a
temporary folder and fills it twice with invented rows, the way `storage.catalogue` has them: 300 sources, each
crawled once a day, 50 pages a crawl that come back each day, a record for every tenth capture, and what custody
says of each crawl. Indexes are made after the rows, which takes a third of the time. Each page is opened once to
warm up and then timed, over other sources and addresses each time; quoted are the medians by the clock in ms,
their ratio, what of the larger one the database took and how many kB it has, and what the tables take. There is no
object store, so pages that show bytes are left out, and no search index, so the page of search is measured
elsewhere (`benchmarks.search`).
"""

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import psycopg2
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from access.app import create_app
from benchmarks.search.__main__ import settings_of
from pipeline.config.archive_factory import opened_archive
from pipeline.devstack.postgres import PostgresServer
from storage.access_labels import Role, Viewer
from storage.migrations import migrate

SOURCES: Final = 300
PAGES_A_CRAWL: Final = 50
CAPTURES_A_RECORD: Final = 10

FILES: Final = """
INSERT INTO catalogue.warcs (key, object_version, custody_seq, sha256, sha512, length_bytes, records, origin,
    source_id, crawl_id, serial, access_label, declaration, warcinfo)
SELECT 'warc/source-' || source || '/' || day || '.warc.gz', 'v', 3 * (day * %(sources)s + source) + 2,
    'sha256:' || md5('f' || source || '.' || day) || md5('g' || source || '.' || day), 'sha512:', 40000000, 120,
    'crawl', 'source-' || source, lpad('', 10, 'C') || lpad(day::text, 8, '0') || lpad(source::text, 8, '0'), 1,
    'default', jsonb_build_object('id', 'source-' || source, 'kind', 'news'), '{}'
FROM generate_series(0, %(days)s - 1) AS day, generate_series(0, %(sources)s - 1) AS source
"""

CUSTODY: Final = """
INSERT INTO ledger.custody (seq, digest, previous, event, subject_id, actor, at, software, clock_source,
    clock_offset_s, details)
SELECT warc.custody_seq - 1 + step, md5(warc.key || step), md5(warc.key || step || 'previous'),
    (ARRAY['collection_started', 'deposited', 'collection_ended'])[step + 1],
    CASE step WHEN 1 THEN warc.key ELSE warc.crawl_id END, 'collector',
    now() - interval '1 day' * (%(days)s - split_part(split_part(warc.key, '/', 3), '.', 1)::int)
        + interval '1 second' * step * %(pages)s,
    'letapis', 'ntp', 0,
    CASE step
        WHEN 2 THEN '{"pages": 50, "outcomes": {"content": 48, "soft_404": 2}, "failures": []}'::jsonb
        ELSE jsonb_build_object('source_id', warc.source_id, 'access_label', 'default')
    END
FROM catalogue.warcs AS warc, generate_series(0, 2) AS step
"""

CAPTURES: Final = """
INSERT INTO catalogue.captures (id, surt, url, captured_at, record_type, record_id, status, media_type,
    block_digest, payload_digest, payload_length_bytes, warc_key, object_version, offset_bytes, length_bytes,
    crawl_id, source_id, access_label)
SELECT 'urn:uuid:' || md5(warc.key || page)::uuid, 'example,site-' || warc.source_id || ')/news/' || page,
    'https://site-' || warc.source_id || '.example/news/' || page,
    now() - interval '1 day' * (%(days)s - split_part(split_part(warc.key, '/', 3), '.', 1)::int)
        + interval '1 second' * page,
    'response', 'urn:uuid:' || md5(warc.key || page)::uuid, CASE WHEN page %% 25 = 24 THEN 404 ELSE 200 END,
    'text/html', 'sha256:' || md5(warc.key || page) || md5(page || warc.key),
    'sha256:' || md5(warc.source_id || page || right(warc.key, 12)) || md5(page::text), 60000, warc.key, 'v',
    page * 20000, 20000, warc.crawl_id, warc.source_id, 'default'
FROM catalogue.warcs AS warc, generate_series(0, %(pages)s - 1) AS page
"""

READINGS: Final = """
INSERT INTO catalogue.readings (capture_id, parser_version, kind, source_id, crawl_id, url, captured_at, outcome,
    records, links, remarks)
SELECT id, 'test-1', 'news', source_id, crawl_id, url, captured_at,
    CASE WHEN status = 404 THEN 'soft_404' ELSE 'content' END, 1, '[]', '[]'
FROM catalogue.captures
"""

RECORDS: Final = """
INSERT INTO catalogue.records (id, kind, natural_key)
SELECT 'sha256:' || md5(number::text) || md5('r' || number), 'article', 'https://example/' || number
FROM generate_series(1, %(records)s) AS number
"""

VERSIONS: Final = """
INSERT INTO catalogue.versions (id, record_id, kind, content, text)
SELECT 'sha256:' || md5('v' || natural_key) || md5(natural_key), id, kind,
    jsonb_build_object('url', natural_key, 'title', 'Report ' || natural_key,
        'published_at', '2026-11-01T00:00:00Z'),
    'Report of the court on case ' || natural_key
FROM catalogue.records
"""

SIGHTINGS: Final = """
WITH numbered AS (
    SELECT id, captured_at, source_id, row_number() OVER () AS place FROM catalogue.captures WHERE status = 200
)
INSERT INTO catalogue.sightings (capture_id, parser_version, record_id, version_id, position, content, captured_at,
    source_id, access_label)
SELECT numbered.id, 'test-1', version.record_id, version.id, 0, '{}', captured_at, source_id, 'default'
FROM numbered
JOIN (SELECT id, record_id, row_number() OVER () AS place FROM catalogue.versions) AS version
    ON version.place = 1 + (numbered.place - 1) %% %(records)s
"""


COUNTS: Final = """
INSERT INTO catalogue.crawl_counts (warc_key, day, access_label, outcome, source_id, crawl_id, pages,
    records, newest_at)
SELECT capture.warc_key, (capture.captured_at AT TIME ZONE 'UTC')::date, capture.access_label,
    reading.outcome, capture.source_id, capture.crawl_id, count(*), sum(reading.records), max(capture.captured_at)
FROM catalogue.captures AS capture JOIN catalogue.readings AS reading ON reading.capture_id = capture.id
GROUP BY 1, 2, 3, 4, 5, 6
"""

CONSTRAINTS: Final = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
FROM pg_constraint
WHERE connamespace = 'catalogue'::regnamespace AND contype IN ('p', 'u', 'f')
    AND conrelid::regclass::text = ANY(%s)
ORDER BY contype <> 'f', conrelid, conname
"""

INDEXES: Final = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index WHERE indrelid::regclass::text = ANY(%s)
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
"""

FASTER: Final = "SET synchronous_commit TO off; SET maintenance_work_mem TO '1GB'; SET work_mem TO '256MB'"

LARGE: Final = ["captures", "readings", "records", "versions", "sightings"]


def without_indexes(cursor: Any) -> list[str]:
    """Take indexes and constraints from the large tables; returns what makes them again."""
    tables = [f"catalogue.{name}" for name in LARGE]
    pointing = "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' "
    cursor.execute(pointing + "AND confrelid::regclass::text = ANY(%s)", (tables,))
    cursor.execute(CONSTRAINTS, (sorted({*tables, *(row[0] for row in cursor.fetchall())}),))
    constraints = cursor.fetchall()
    cursor.execute(INDEXES, (tables,))
    indexes = cursor.fetchall()
    of_large = [row for row in constraints if row[0] in tables or row[2].startswith("FOREIGN")]
    for table, name, _ in of_large:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    keys = [f"ALTER TABLE {table} ADD CONSTRAINT {name} {what}" for table, name, what in reversed(of_large)]
    return [*(definition for _, definition in indexes), *keys]


def fill(owner_url: str, captures: int) -> None:
    """So many captures, and what belongs to them."""
    days = max(1, captures // (SOURCES * PAGES_A_CRAWL))
    values = {
        "sources": SOURCES,
        "days": days,
        "pages": PAGES_A_CRAWL,
        "records": max(1, days * SOURCES * PAGES_A_CRAWL // CAPTURES_A_RECORD),
    }
    connection = psycopg2.connect(owner_url.replace("postgresql+psycopg2", "postgresql"))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(FASTER)
            again = without_indexes(cursor)
            for statement in (FILES, CUSTODY, CAPTURES, READINGS, RECORDS, VERSIONS, SIGHTINGS):
                cursor.execute(statement, values)
            for statement in again:
                cursor.execute(statement)
            cursor.execute(COUNTS)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    finally:
        connection.close()


def pages_of() -> dict[str, Callable[[int], str]]:
    """By name the address of a page, another for each round."""

    def site(number: int) -> str:
        return f"https://site-source-{number * 37 % SOURCES}.example/news/{number % PAGES_A_CRAWL}"

    return {
        "first page": lambda _: "/",
        "newest captures": lambda _: "/captures",
        "captures of an address": lambda number: f"/captures?url={site(number)}",
        "captures of a site": lambda number: (
            f"/captures?url=https://site-source-{number * 37 % SOURCES}.example/*"
        ),
        "sources": lambda _: "/sources",
        "one source": lambda number: f"/sources/source-{number * 41 % SOURCES}",
        "index (CDX) of an address": lambda number: f"/cdx?url={site(number)}",
        "timemap of an address": lambda number: f"/timemap/link/{site(number)}",
        "operation": lambda _: "/operation",
        "requests": lambda _: "/requests",
    }


def medians(client: TestClient, rounds: int, database_s: list[float]) -> dict[str, dict[str, float]]:
    """Of each page the medians in ms, by the clock and of the database, and its kB; the first is not counted."""
    found = {}
    for name, address in pages_of().items():
        took, of_database, size = [], [], 0
        for number in range(rounds + 1):
            database_s.clear()
            began = time.perf_counter()
            answer = client.get(address(number))
            if answer.status_code != 200:
                raise RuntimeError(f"{name}: {address(number)} answered {answer.status_code}")
            took.append((time.perf_counter() - began) * 1000)
            of_database.append(sum(database_s) * 1000)
            size = len(answer.content)
        found[name] = {
            "ms": round(statistics.median(took[1:]), 1),
            "database_ms": round(statistics.median(of_database[1:]), 1),
            "kb": round(size / 1000, 1),
        }
    return found


def sizes(owner_url: str) -> dict[str, float]:
    """What each table takes with its indexes, in MB."""
    connection = psycopg2.connect(owner_url.replace("postgresql+psycopg2", "postgresql"))
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
                "WHERE relnamespace = 'catalogue'::regnamespace AND relkind = 'r' ORDER BY 2 DESC LIMIT 6"
            )
            return {name: round(size / 1e6, 1) for name, size in cursor.fetchall()}
    finally:
        connection.close()


def timed_statements(engine: Engine) -> list[float]:
    """A list to which every statement of the engine adds its seconds."""
    found: list[float] = []

    @event.listens_for(engine, "before_cursor_execute")
    def _begin(_connection: Any, _cursor: Any, _sql: Any, _values: Any, context: Any, _many: Any) -> None:
        context.began = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def _end(_connection: Any, _cursor: Any, _sql: Any, _values: Any, context: Any, _many: Any) -> None:
        found.append(time.perf_counter() - context.began)

    return found


def measured(server: PostgresServer, folder: Path, captures: int, rounds: int) -> dict[str, Any]:
    """One archive of so many captures."""
    database = server.create_database(f"catalogue_{captures}")
    migrate(database.owner_url)
    began = time.monotonic()
    fill(database.owner_url, captures)
    filled_s = round(time.monotonic() - began, 1)
    settings = replace(settings_of(database, folder / str(captures)), database_access_url=database.access_url)
    with opened_archive(settings) as archive:
        app = create_app(lambda: archive, lambda: Viewer("analyst", Role.ADMINISTRATOR))
        database_s = timed_statements(archive.reader)
        with TestClient(app) as client:
            took = medians(client, rounds, database_s)
    return {"captures": captures, "filled_s": filled_s, "pages": took, "mb": sizes(database.owner_url)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--captures", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="letapis-catalogue-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with PostgresServer(folder / "postgres") as server:
            small, large = (
                measured(server, folder, captures, options.rounds)
                for captures in (options.captures // 100, options.captures)
            )
    if options.json:
        print(json.dumps({"python": platform.python_version(), "small": small, "large": large}))
        return
    print(f"{'page':<28}{small['captures']:>12,}{large['captures']:>14,}   ratio")
    for page, took in large["pages"].items():
        before = small["pages"][page]["ms"]
        print(
            f"{page:<28}{before:>9} ms{took['ms']:>11} ms{took['ms'] / before:>8.2f}"
            f"{took['database_ms']:>9} ms of the database{took['kb']:>9} kB"
        )
    print(f"filled in {small['filled_s']} s and {large['filled_s']} s; MB: {large['mb']}")


if __name__ == "__main__":
    main()
