"""`letapis prepare` makes an archive in a database and a store of the operator's own, and starts nothing."""

import json
import os
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings, load_settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.handover.package_key import read_package_key
from pipeline.prepare import prepare_archive
from storage.ledger.custody import append_and_publish, entries
from storage.migrations import OtherSchemaError, SchemaTooNewError, known_schemas, migrate, newest_schema
from storage.sealing_keys import add_key, id_of_key, make_keys, read_keys
from tests.typed_commands import typed

CLOSED = "http://127.0.0.1:9"


@pytest.fixture
def variables(
    settings: Settings, postgres_server: PostgresServer, object_store_server: ObjectStoreServer
) -> dict[str, str]:
    """Variables of an installation whose database is empty and whose bucket is not there."""
    access = postgres_server.create_database(f"prepared_{secrets.token_hex(6)}")
    return {
        "LETAPIS_DATA": str(settings.data),
        "LETAPIS_DATABASE_URL": access.owner_url,
        "LETAPIS_DATABASE_WRITER_URL": access.writer_url,
        "LETAPIS_DATABASE_READER_URL": access.reader_url,
        "LETAPIS_S3_ENDPOINT": object_store_server.endpoint,
        "LETAPIS_S3_ACCESS_KEY": object_store_server.access_key,
        "LETAPIS_S3_SECRET_KEY": object_store_server.secret_key,
        "LETAPIS_S3_BUCKET": f"prepared-{secrets.token_hex(6)}",
        "LETAPIS_LOCK_MODE": "governance",
        "LETAPIS_LOCK_DAYS": "1",
    }


def prepare(variables: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LETAPIS_")}
    return typed("prepare", "--json", *options, env={**clean, **variables})


def schemas(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [json.loads(line)["schema"] for line in done.stdout.splitlines()]


def test_tables_and_bucket_are_made_once_and_left_alone_then(variables: dict[str, str]) -> None:
    first, again = prepare(variables), prepare(variables)

    rows = [[json.loads(line) for line in done.stdout.splitlines()] for done in (first, again)]
    keys_file = Path(variables["LETAPIS_DATA"]) / "keys" / "sealing.keys"
    newest = id_of_key(read_keys(keys_file).newest)
    place = f"{variables['LETAPIS_S3_ENDPOINT']}, bucket {variables['LETAPIS_S3_BUCKET']}"
    log_key, replay_key, package_key = (
        keys_file.with_name(name) for name in ("log.key", "replay.key", "package.key")
    )
    public = read_package_key(package_key).name
    verifier = rows[0][2]["found"].split(", ")[1]
    for made, state in zip(rows, ("made", "there before"), strict=True):
        assert [(row["kind"], row["name"], row["found"], row["problem"]) for row in made] == [
            ("prepared", "Database", f"schema {newest_schema()}, {state}", None),
            ("prepared", "Sealing keys", f"{keys_file}, newest {newest}, {state}", None),
            ("prepared", "Key of the log", f"{log_key}, {verifier}, {state}", None),
            ("prepared", "Replay key", f"{replay_key}, {state}", None),
            ("prepared", "Package key", f"{package_key}, {public}, {state}", None),
            ("prepared", "Object store", f"{place}, {state}", None),
        ]
    assert (first.returncode, again.returncode) == (0, 0)
    assert "LETAPIS_AIRFLOW_URL is not set" in first.stderr


def test_a_worker_works_without_the_owners_address(variables: dict[str, str]) -> None:
    assert prepare(variables).returncode == 0
    del variables["LETAPIS_DATABASE_URL"]

    with opened_archive(load_settings(variables)) as archive, archive.writer.connect() as connection:
        assert entries(connection) == ()

    refused = prepare(variables)
    assert refused.returncode == 2
    assert "The database is known only in part: set LETAPIS_DATABASE_URL as well." in refused.stderr


def test_an_owner_elsewhere_is_not_completed_with_doors_of_another_database(variables: dict[str, str]) -> None:
    del variables["LETAPIS_DATABASE_WRITER_URL"], variables["LETAPIS_DATABASE_READER_URL"]

    refused = prepare(variables)

    assert refused.returncode == 2
    assert "set LETAPIS_DATABASE_WRITER_URL, LETAPIS_DATABASE_READER_URL as well" in refused.stderr


def test_a_database_that_does_not_answer_is_said_in_words(variables: dict[str, str]) -> None:
    nowhere = "postgresql+psycopg2://letapis@127.0.0.1:9/letapis"
    refused = prepare({**variables, "LETAPIS_DATABASE_URL": nowhere})

    assert refused.returncode == 1
    assert refused.stderr.startswith("The database does not answer: ")
    assert "Traceback" not in refused.stderr


def test_a_second_store_that_is_away_is_told_and_owed(variables: dict[str, str]) -> None:
    away = {name.replace("S3", "REPLICA"): value for name, value in variables.items() if "_S3_" in name}
    locks = {"LETAPIS_REPLICA_LOCK_MODE": "governance", "LETAPIS_REPLICA_LOCK_DAYS": "1"}
    done = prepare({**variables, **away, **locks, "LETAPIS_REPLICA_ENDPOINT": CLOSED})

    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["name"], done.returncode) == ("Second store", 0)
    assert "The second store is unavailable; its copies are pending." in last["problem"]


def test_what_an_upgrade_would_do_is_listed_and_tried_and_nothing_is_changed(variables: dict[str, str]) -> None:
    owner = variables["LETAPIS_DATABASE_URL"]
    listed, tried, listed_again = (prepare(variables, each) for each in ("--check", "--dry-run", "--check"))

    assert schemas(listed) == schemas(tried) == schemas(listed_again) == list(known_schemas())
    assert all(json.loads(line)["duration_s"] > 0 for line in tried.stdout.splitlines())
    with create_engine(owner).connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('ledger.custody')")) is None
    assert "taken back" in tried.stderr

    migrate(owner)
    for option in ("--check", "--dry-run"):
        done = prepare(variables, option)
        assert (done.returncode, done.stdout) == (0, "")
        assert f"No migration is due: the database has schema {newest_schema()}." in done.stderr


def test_a_migration_that_the_data_do_not_allow_fails_in_the_dry_run_and_leaves_everything(
    variables: dict[str, str],
) -> None:
    owner = variables["LETAPIS_DATABASE_URL"]
    with create_engine(owner).begin() as connection:
        connection.execute(text("CREATE SCHEMA catalogue"))

    refused = prepare(variables, "--dry-run")

    assert refused.returncode == 1
    assert "The database refused a migration, and it is as it was before." in refused.stderr
    assert "Traceback" not in refused.stderr
    with create_engine(owner).connect() as connection:
        assert connection.scalar(text("SELECT to_regnamespace('ledger')")) is None


@pytest.mark.parametrize(
    ("schema", "what_to_do"),
    [("0021", "run `letapis prepare` of this one"), ("9999", "install the newer version on this machine")],
)
def test_a_program_of_another_version_is_refused_and_learns_which_side_to_upgrade(
    variables: dict[str, str], schema: str, what_to_do: str
) -> None:
    assert prepare(variables).returncode == 0
    with create_engine(variables["LETAPIS_DATABASE_URL"]).begin() as connection:
        connection.execute(text("UPDATE ledger.schema_version SET version_num = :it"), {"it": schema})

    with opened_archive(load_settings(variables)) as archive:
        for engine in (archive.writer, archive.reader):
            for _ in range(2):  # not only the first time
                with pytest.raises(OtherSchemaError, match=what_to_do) as refused, engine.connect():
                    pass
                assert (refused.value.found, refused.value.needed) == (schema, newest_schema())

    clean = {name: value for name, value in os.environ.items() if not name.startswith("LETAPIS_")}
    shown = typed("search", "word", env={**clean, **variables})
    assert shown.returncode == 1
    assert what_to_do in " ".join(shown.stderr.split())
    assert "Nothing was read or written." in " ".join(shown.stderr.split())


def test_a_database_without_tables_is_refused_in_words(variables: dict[str, str]) -> None:
    with (
        opened_archive(load_settings(variables)) as archive,
        pytest.raises(OtherSchemaError, match="no tables of Letapis"),
        archive.reader.connect(),
    ):
        pass


def test_tables_of_a_newer_version_are_left_alone(variables: dict[str, str]) -> None:
    owner = variables["LETAPIS_DATABASE_URL"]
    migrate(owner)
    with create_engine(owner).begin() as connection:
        connection.execute(text("UPDATE ledger.schema_version SET version_num = '9999'"))

    with pytest.raises(SchemaTooNewError) as refused:
        list(prepare_archive(load_settings(variables)))

    assert (refused.value.found, refused.value.newest) == ("9999", newest_schema())


def test_lost_keys_of_an_archive_are_named_and_no_others_are_made_in_their_place(
    variables: dict[str, str],
) -> None:
    assert prepare(variables).returncode == 0
    with opened_archive(load_settings(variables)) as archive:
        append_and_publish(archive, "received", subject_id="x", actor="tester", details={})
    keys_file = Path(variables["LETAPIS_DATA"]) / "keys" / "sealing.keys"
    kept = keys_file.rename(keys_file.with_name("kept"))

    refused = prepare(variables)
    assert refused.returncode == 1
    assert "which has sealed entries of custody, found no file" in refused.stderr
    assert not keys_file.exists()

    make_keys(keys_file)
    assert "which has sealed entries of custody, found others" in prepare(variables).stderr
    kept.rename(keys_file)
    add_key(keys_file)
    assert prepare(variables).returncode == 0
