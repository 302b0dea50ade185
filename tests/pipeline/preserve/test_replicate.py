"""The second copy as people meet it: the command, the doctor, the clock, the words about a deposit."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.config.archive_factory import open_replica
from pipeline.config.settings import Settings, SettingsError, variable
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.preserve.replicate import replicate_pending
from pipeline.setup.doctor import Check, examine
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.store_outage import outage
from tests.typed_commands import typed


@pytest.fixture(autouse=True)
def settings_in_environment(
    copied_settings: Settings, copied_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands find this test's two stores by the environment."""
    del copied_archive
    prefixes = ("data", "s3_", "lock_", "database_", "replica_")
    for name, value in vars(copied_settings).items():
        if name.startswith(prefixes) and value is not None:
            monkeypatch.setenv(variable(name), str(value))


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    return crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"page"))])


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return typed(*arguments)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--json"])


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def found_by_doctor(settings: Settings) -> Check:
    return next(check for check in examine(settings) if check.name == "Second copy")


def test_deposit_says_preserved_only_when_both_stores_have_it_and_copies_brings_what_is_owed(
    second_object_store_server: ObjectStoreServer, copied_settings: Settings, warc: Path
) -> None:
    with outage(second_object_store_server):
        deposited, owing = invoke("deposit", str(warc)), invoke("copies")
        assert found_by_doctor(copied_settings).state == "missing"
    (row,), (owed,) = rows(deposited), rows(owing)
    assert (deposited.exit_code, row["preserved"]) == (0, False)
    assert second_object_store_server.endpoint in json.dumps(row["second_copy"])
    assert (owing.exit_code, owed["state"], owed["key"]) == (3, "owed", row["warc_key"])

    check = found_by_doctor(copied_settings)
    assert check.state == "warning"
    assert f"{row['warc_key']} is in the first store only; its copy is pending since" in check.found

    brought, again = invoke("copies"), run("deposit", str(warc))
    (copied,) = rows(brought)
    assert (brought.exit_code, copied["state"], copied["sha256"]) == (0, "copied", row["sha256"])
    assert "preserved: both stores have confirmed it" in again.stdout
    assert found_by_doctor(copied_settings).state == "ok"


def test_with_one_store_no_message_mentions_a_second_copy(
    stored_settings: Settings, warc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in vars(stored_settings):
        if name.startswith("replica_"):
            monkeypatch.delenv(variable(name), raising=False)

    deposited, copies = run("deposit", str(warc)), run("copies")

    assert "confirmed by the only store; no second store is configured" in deposited.stdout
    assert (copies.returncode, "no second store is configured" in copies.stderr) == (0, True)
    assert found_by_doctor(stored_settings).found == "no second store is configured"


@pytest.mark.parametrize("half", ["replica_access_key", "replica_lock_days"])
def test_a_second_store_that_is_half_named_is_refused(copied_settings: Settings, half: str) -> None:
    with pytest.raises(SettingsError, match=variable(half)):
        open_replica(replace(copied_settings, **{half: None}))  # type: ignore[arg-type]  # None is what is not told


def test_a_second_store_that_is_the_first_is_refused(copied_settings: Settings) -> None:
    same = replace(
        copied_settings,
        replica_endpoint=copied_settings.s3_endpoint,
        replica_bucket=copied_settings.s3_bucket,
    )
    with pytest.raises(SettingsError, match="another store than the first"):
        open_replica(same)


def test_a_second_bucket_without_lock_takes_nothing_and_is_named(
    copied_archive: Archive, second_object_store_server: ObjectStoreServer, warc: Path
) -> None:
    replica = copied_archive.replica
    assert replica is not None
    with outage(second_object_store_server):
        deposited = deposit_file(copied_archive, warc)
    replica.bucket = f"{replica.bucket}-plain"
    replica._client.create_bucket(Bucket=replica.bucket)

    report = replicate_pending(copied_archive, actor="clock")

    assert [each.entry.subject_id for each in report.pending] == [deposited.key]
    (problem,) = report.problems
    assert "expected versioning enabled, found versioning none" in problem
    assert "LETAPIS_REPLICA_BUCKET" in problem
    assert list(replica._client.list_objects_v2(Bucket=replica.bucket).get("Contents", [])) == []


def test_wrong_keys_of_the_second_store_are_named_as_its_keys(
    copied_settings: Settings, copied_archive: Archive, warc: Path
) -> None:
    wrong = open_replica(replace(copied_settings, replica_secret_key="wrong"))

    deposited = deposit_file(replace(copied_archive, replica=wrong), warc)

    assert not deposited.preserved
    assert deposited.second_copy is not None
    assert "LETAPIS_REPLICA_SECRET_KEY" in str(deposited.second_copy.problem)
