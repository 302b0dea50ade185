"""What 0.1.0 left (`tests/fixtures/release_0_1_0`) is opened by this version: database, store and spool.

The fixture's objects are put into a bucket of the session's store. S3 gives each a version id of its own there, as
it would in any store that evidence is moved to; the rows of the dump that name versions are loaded with these.
Entries of custody keep what they say, byte for byte.
"""

import io
import json
import lzma
import secrets
import shutil
import subprocess
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import NullPool, create_engine, select, text
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.collect.deposit_spool import recover_spools
from pipeline.config.archive_factory import opened_archive
from pipeline.config.log_signer import prepare_signer
from pipeline.config.settings import OwnedDatabase, Settings, variable
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.preserve.verify import verify
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from processors.digest import Digest, sha256
from processors.transparency_log.merkle import leaf_hash, merkle_root
from processors.transparency_log.tiles import bundle_entries
from storage.archive import Archive
from storage.catalogue import tables as catalogue_tables
from storage.catalogue.captures import captures_in, captures_of_crawl
from storage.deposit.record_reader import read_record
from storage.ledger import tables as ledger_tables
from storage.ledger.batches import store_batches
from storage.ledger.chain import read_chain
from storage.ledger.custody import append_and_publish, entries
from storage.log.signing import sign_next_checkpoint
from storage.migrations import Migrated, migrate, newest_schema
from storage.objects.keys import custody_key
from storage.sealing_keys import make_keys
from tests.embedded_database import drop_database
from tests.storage.integrity.test_restore import dump
from tests.storage.test_migrations import EVERYTHING_MADE

pytestmark = pytest.mark.slow

RELEASE = Path(__file__).parents[1] / "fixtures" / "release_0_1_0"
OBJECTS: list[dict[str, Any]] = json.loads((RELEASE / "objects.json").read_text("utf-8"))
OBJECTS_OF_CUSTODY = [row for row in OBJECTS if row["key"].count("/") == 1 and row["key"].startswith("custody/")]
ABOUT: dict[str, Any] = json.loads((RELEASE / "about.json").read_text("utf-8"))
ANSWERS: list[dict[str, Any]] = json.loads((RELEASE / "answers.json").read_text("utf-8"))
DUMP = lzma.decompress((RELEASE / "database.sql.xz").read_bytes()).decode("utf-8")


@dataclass(frozen=True)
class Upgraded:
    """The archive that 0.1.0 left, opened by this version.

    ``rows`` are those of the dump as it was loaded; ``versions`` are the ids of this store by those of 0.1.0's.
    """

    settings: Settings
    archive: Archive
    database: OwnedDatabase
    migrated: Migrated
    rows: Mapping[str, list[str]]
    versions: Mapping[str, str]


@contextmanager
def upgrade(store: ObjectStoreServer, server: PostgresServer, data: Path) -> Iterator[Upgraded]:
    """Bring objects and rows of the fixture into a new bucket and database, and migrate once."""
    name = f"test_{secrets.token_hex(6)}"
    database = server.create_database(name)
    settings = Settings(
        data=data,
        s3_endpoint=store.endpoint,
        s3_access_key=store.access_key,
        s3_secret_key=store.secret_key,
        s3_bucket=f"test-{secrets.token_hex(6)}",
        lock_mode="governance",
        lock_days=1,
        sealing_keys=data / "keys" / "sealing.keys",
        database_url=database.owner_url,
        database_writer_url=database.writer_url,
        database_reader_url=database.reader_url,
        database_access_url=database.access_url,
    )
    make_keys(settings.sealing_keys_file)
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
        versions = put_objects(archive)
        statements = dump_naming(versions)
        load(server, database, statements)
        migrated = migrate(database.owner_url)
        yield Upgraded(settings, archive, database, migrated, rows_of_dump(statements), versions)
    drop_database(server, name)


def put_objects(archive: Archive) -> dict[str, str]:
    """The version ids of this store by those of the store of 0.1.0."""
    versions = {}
    for row in sorted(OBJECTS, key=lambda row: row["stored_at"]):
        content = (RELEASE / "objects" / row["key"]).read_bytes()
        stored = archive.objects.put_new(row["key"], content, sha256=Digest.parse(row["sha256"]))
        versions[row["version_id"]] = stored.version_id
    return versions


def dump_naming(versions: Mapping[str, str]) -> str:
    """The dump, with the version ids of another store in every column that names one."""
    lines, column = [], None
    for line in DUMP.splitlines(keepends=True):
        if line.startswith("COPY "):
            columns = line.partition("(")[2].partition(")")[0].split(", ")
            column = columns.index("object_version") if "object_version" in columns else None
        elif line == "\\.\n":
            column = None
        elif column is not None:
            values = line.split("\t")
            values[column] = versions[values[column].rstrip("\n")] + "\n" * values[column].endswith("\n")
            line = "\t".join(values)
        lines.append(line)
    return "".join(lines)


def load(server: PostgresServer, database: OwnedDatabase, statements: str) -> None:
    url = database.owner_url.replace("postgresql+psycopg2://", "postgresql://")
    command = [str(server.place.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", url]
    loaded = subprocess.run(command, input=statements, capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr


def rows_of_dump(statements: str) -> dict[str, list[str]]:
    """Each ``COPY`` of the dump, ``schema.table (columns)``, with its lines."""
    rows: dict[str, list[str]] = {}
    lines = iter(statements.splitlines())
    for line in lines:
        if line.startswith("COPY "):
            copied = line.removeprefix("COPY ").removesuffix(" FROM stdin;")
            rows[copied] = list(iter(lambda: next(lines), "\\."))
    return rows


@pytest.fixture(scope="module")
def upgraded(
    object_store_server: ObjectStoreServer,
    postgres_server: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Upgraded]:
    """For tests that change no row of it but such as tell that somebody looked."""
    with upgrade(object_store_server, postgres_server, tmp_path_factory.mktemp("data")) as opened:
        yield opened


def test_one_migration_gives_the_schema_that_a_new_database_has(
    upgraded: Upgraded, postgres_server: PostgresServer, migrated_template: str
) -> None:
    assert upgraded.migrated == Migrated("0008", newest_schema())
    new = everything_made(postgres_server.access_to(migrated_template))
    assert everything_made(upgraded.database) == new


def everything_made(database: OwnedDatabase) -> list[tuple[Any, ...]]:
    engine = create_engine(database.owner_url, poolclass=NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(EVERYTHING_MADE))]


MOVED_TABLES = {"comparing.compared": "catalogue.compared", "comparing.epoch": "catalogue.epoch"}
"""They went with the catalogue that they speak of (migration 0009)."""


def test_every_row_of_before_is_there_to_the_letter(upgraded: Upgraded) -> None:
    url = upgraded.database.owner_url.replace("postgresql+psycopg2://", "postgresql://")
    lacking = {}
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SET timezone = 'UTC'")
        for copied, lines in upgraded.rows.items():
            table, _, columns = copied.partition(" ")
            if table == "ledger.schema_version":
                continue
            now = io.StringIO()
            cursor.copy_expert(f"COPY {MOVED_TABLES.get(table, table)} {columns} TO STDOUT", now)
            lacking[table] = set(lines) - set(now.getvalue().splitlines())
    assert sum(map(len, upgraded.rows.values())) > 400
    assert {table: lines for table, lines in lacking.items() if lines} == {}


def test_every_capture_and_every_entry_of_custody_is_read_as_it_was_sealed(upgraded: Upgraded) -> None:
    archive = upgraded.archive
    with archive.reader.connect() as connection:
        keys = tuple(connection.scalars(select(catalogue_tables.warcs.c.key)))
        found = [capture for key in keys for capture in captures_in(connection, key)]
        chain = entries(connection)
    blocks = [sha256(read_record(archive, capture).block) for capture in found]
    assert blocks == [capture.block_digest for capture in found]
    assert {capture.record_type for capture in found} == {"response", "revisit", "resource"}
    stored = {row["key"]: row["sha256"] for row in OBJECTS}
    assert {str(stored[custody_key(entry.seq)]) for entry in chain} == {
        str(sha256(entry.canonical())) for entry in chain
    }
    events = {
        "collection_started",
        "deposited",
        "collection_ended",
        "asserted",
        "time_owed",
        "timestamped",
        "audited",
    }
    assert {entry.event for entry in chain} == events


def test_verify_finds_nothing_wrong_with_the_objects(upgraded: Upgraded) -> None:
    found = verify(upgraded.archive)
    deposits = {row["key"] for row in OBJECTS if row["key"].startswith("warc/")}
    assert {each.subject for each in found} >= {*deposits, "custody"}
    assert [each for each in found if not each.ok] == []


NEW_KEYS = {
    "origin": "whether a crawl made the file or somebody brought it",
    "origin_reason": "why no more can be said of an import",
    "recovered": "whether the crawl ended without a report",
    "interim_answers": "answers such as 103 that came with a capture",
    "names": "the persons whom a record names, as we read them",
    "struck": "what the page crosses out",
    "remarks": "what a parser remarks upon",
    "page_remarks": "what is remarked upon of the whole page",
    "verification": "how a record or medium stands after what analysts found out",
    "because": "why a name matched",
    "similar": "whether the name may be another person's",
    "copy_of": "the page of which a capture is another archive's copy",
    "earlier_readings": "what earlier parsers had read otherwise",
    "redirects_to": "where a redirect leads, and the capture of it",
    "completeness": "which items of the Berkeley Protocol a capture has",
    "resources": "what a browser asked for to show the page of a capture",
    "videos": "what was found behind the players of a page",
}
"""Keys that 0.2.0 has added."""

CHANGED_VALUES = {
    "sentences": "0.2.0 words them anew",
    "capture_ids": "an added record is proven by the captures that cover its place, no more by all of its crawl",
}
"""Values of keys that 0.2.0 gives on purpose otherwise than 0.1.0."""


@pytest.mark.parametrize("asked", ANSWERS, ids=[" ".join(each["words"])[:40] for each in ANSWERS])
def test_commands_answer_as_they_did(
    upgraded: Upgraded, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in vars(upgraded.settings).items():
        if name.startswith(("s3_", "database_", "lock_")) and value is not None:
            monkeypatch.setenv(variable(name), str(value))
    monkeypatch.setenv("LETAPIS_DATA", str(upgraded.settings.data))

    answered = CliRunner().invoke(app, [*asked["words"], "--json"])

    assert answered.exit_code == 0, answered.output
    printed = answered.stdout
    for before, now in upgraded.versions.items():
        printed = printed.replace(now, before)
    rows, before_rows = [json.loads(line) for line in printed.splitlines()], asked["answer"]
    for row in rows:
        if row["kind"] == "change":
            del row["source"]  # named since 0.2.0, where all sources can be asked for
        if row["kind"] == "capture_facts":
            # 0.2.0 says who brought the file of a capture, and how far a replay shows what the browser showed
            assert (row.pop("received"), row.pop("quality")) == ([], None)
    assert without({*NEW_KEYS, *CHANGED_VALUES}, rows) == without(CHANGED_VALUES, before_rows)
    for row, before_row in zip(rows, before_rows, strict=True):
        assert set(row.get("capture_ids", ())) <= set(before_row.get("capture_ids", ()))


def without(keys: Collection[str], value: Any) -> Any:
    """A JSON value less these keys of its objects, however deep."""
    match value:
        case dict():
            return {name: without(keys, part) for name, part in value.items() if name not in keys}
        case list():
            return [without(keys, part) for part in value]
        case _:
            return value


NOT_IN_THE_STORE = {
    "checkpoints": "the log of this archive was not begun here",
    "checkpoint_deliveries": "the log of this archive was not begun here",
    "time_attempts": "asks for a time token that failed are kept in the database alone",
}
"""Tables of the ledger that no rebuild brings back, in any version. No column of the others may differ."""


NEW_TABLES = [
    "request_results",
    "disclosures",
    "exhibits",
    "memberships",
    "tokens",
    "withdrawals",
    "assessments",
    "token_revocations",
    "repeats",
    "repeat_stops",
]
"""Tables of the ledger that 0.1.0 did not have and reading anew does not fill."""

READ_BY = {
    "warcs": "processed_with",  # a release with one parser more reads every file anew
    "media": "decoder",  # a medium that has every fingerprint of today is not decoded again
}
"""Columns that say which software has read something; that is no content of it."""


def test_a_rebuild_from_the_store_alone_gives_the_rows_that_reading_anew_gives_with_equal_ids(
    object_store_server: ObjectStoreServer, postgres_server: PostgresServer, migrated_template: str, tmp_path: Path
) -> None:
    """A rebuild reads with the parsers of today; so what those of 0.1.0 have read is read by them first."""
    name = f"test_{secrets.token_hex(6)}"
    empty = postgres_server.create_database(name, template=migrated_template)
    with upgrade(object_store_server, postgres_server, tmp_path / "data") as upgraded:
        settings = replace(
            upgraded.settings,
            data=tmp_path / "rebuilt",
            database_url=empty.owner_url,
            database_writer_url=empty.writer_url,
            database_reader_url=empty.reader_url,
            database_access_url=empty.access_url,
        )
        process_pending(upgraded.archive)
        store_batches(upgraded.archive, actor="collector-1")
        with opened_archive(settings) as archive:
            report = rebuild(archive)
            rebuilt = rows_of(archive)
        before = rows_of(upgraded.archive)
    drop_database(postgres_server, name)

    assert report.remarks == ()
    assert before.keys() == rebuilt.keys()
    assert [table for table, rows in before.items() if rows != rebuilt[table]] == []
    assert {table for table, rows in before.items() if not rows} == set(NEW_TABLES)


def test_custody_goes_on_with_entries_that_disclose_nothing(upgraded: Upgraded) -> None:
    before = len(OBJECTS_OF_CUSTODY)
    append_and_publish(upgraded.archive, "received", subject_id="x", actor="analyst", details={"reason": "справа"})

    chain = read_chain(upgraded.archive.objects, upgraded.archive.sealing)

    formats = [1 if each.entry.seal is None else 2 for each in chain.entries]
    assert formats == [1] * before + [2] * (len(formats) - before)
    assert (chain.entries[-1].entry.actor, chain.problems) == ("analyst", ())
    assert [each for each in verify(upgraded.archive) if not each.ok] == []


def rows_of(archive: Archive) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the catalogue and of what the ledger shares with the store, generated columns included."""
    names = [table.name for table in ledger_tables.metadata.sorted_tables if table.name not in NOT_IN_THE_STORE]
    rows = dump(archive.reader, catalogue_tables.metadata) | dump(archive.reader, ledger_tables.metadata, *names)
    for table, column in READ_BY.items():
        at = list(catalogue_tables.metadata.tables[f"catalogue.{table}"].c.keys()).index(column)
        rows[table] = [(*row[:at], *row[at + 1 :]) for row in rows[table]]
    return rows


def test_a_spool_is_recovered_and_deposited_with_every_byte_of_its_whole_members(
    object_store_server: ObjectStoreServer, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    shutil.copytree(RELEASE / "spool", spool)
    reported, killed = ABOUT["not_deposited"], ABOUT["killed"]
    (closed,) = (spool / reported).glob("*.warc.gz")
    (torn,) = (spool / killed["crawl_id"]).glob("*.warc.gz.open")
    expected = {closed.name: closed.read_bytes(), torn.stem: whole_members(torn.read_bytes())}
    assert len(torn.read_bytes()) > len(expected[torn.stem]), "nothing is torn"
    with upgrade(object_store_server, postgres_server, tmp_path / "data") as upgraded:
        archive = upgraded.archive
        recovery = recover_spools(archive, spool, actor="collector-1")

        stored = {
            each.key.rpartition("/")[2]: archive.objects.read(each.key, each.version_id)
            for each in recovery.deposited
        }
        assert stored == expected
        (remark,) = recovery.remarks
        assert torn.name in remark
        assert list(spool.iterdir()) == []
        with archive.reader.connect() as connection:
            crawls = {
                crawl_id: len(tuple(captures_of_crawl(connection, crawl_id)))
                for crawl_id in (reported, killed["crawl_id"])
            }
            ends = {
                each.subject_id: each.details for each in entries(connection) if each.event == "collection_ended"
            }
        assert min(crawls.values()) > 0
        assert (
            ends[reported]["pages"]
            == json.loads((RELEASE / "spool" / reported / "report.json").read_text())["pages"]
        )
        assert ends[killed["crawl_id"]]["recovered"]
        assert process_pending(archive).records > 0
        assert [each for each in verify(archive) if not each.ok] == []


def whole_members(content: bytes) -> bytes:
    """As far as gzip members are whole, by nothing of ours."""
    left = content
    while left:
        member = zlib.decompressobj(31)
        member.decompress(left)
        if not member.eof:
            break
        left = member.unused_data
    return content[: len(content) - len(left)]


def test_a_log_begins_over_every_entry_of_0_1_0(
    object_store_server: ObjectStoreServer, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with upgrade(object_store_server, postgres_server, tmp_path / "data") as upgraded:
        if not upgraded.settings.sealing_keys_file.exists():
            make_keys(upgraded.settings.sealing_keys_file)
        signer, _ = prepare_signer(upgraded.settings)
        with opened_archive(upgraded.settings) as archive:
            with archive.reader.connect() as connection:
                before = entries(connection)
            signed = sign_next_checkpoint(archive, signer, actor="tester")
            assert signed is not None
            with archive.reader.connect() as connection:
                now = entries(connection)
            assert (now[: len(before)], len(now)) == (before, len(before) + 1)
            assert {entry.seal for entry in before} == {None}
            root = merkle_root([leaf_hash(entry.canonical()) for entry in now])
            assert (signed.size, signed.checkpoint.root) == (len(now), root)
            (version,) = archive.objects.list("log/tile/entries/")
            bundle = bundle_entries(archive.objects.read(version.key, version.version_id), len(now))
            assert bundle == tuple(entry.canonical() for entry in now)
            assert [each.subject for each in verify(archive) if not each.ok] == []
