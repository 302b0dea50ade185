"""`letapis verify` of each store and `letapis audit`: their answers and exit codes."""

import json
import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.config.settings import Settings, variable
from pipeline.devstack.seaweedfs import ObjectStoreServer
from processors.digest import sha256
from storage.archive import Archive
from storage.deposit.deposit import Deposited, deposit_file
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.lock_bypass import end_lock
from tests.storage.store_volumes import turn_bit
from tests.typed_commands import typed


@pytest.fixture(autouse=True)
def settings_in_environment(
    copied_settings: Settings, copied_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands find this test's two stores by the environment."""
    del copied_archive
    for name, value in vars(copied_settings).items():
        if name.startswith(("data", "s3_", "lock_", "database_", "replica_")) and value is not None:
            monkeypatch.setenv(variable(name), str(value))


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    return crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"page"))])


@pytest.fixture
def deposited(copied_archive: Archive, warc: Path) -> Deposited:
    return deposit_file(copied_archive, warc)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--json"])


def run_for_a_person(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """In words, as a person is told."""
    return typed(*arguments, env=os.environ | env)


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(
    "how", [(), ("--replica",), ("--store-alone",), ("--store-alone", "--replica")], ids=" ".join
)
def test_each_store_is_as_expected_with_and_without_the_database(
    deposited: Deposited, how: tuple[str, ...]
) -> None:
    result = run("verify", *how)

    assert result.exit_code == 0
    found = [(row["subject"], row["problems"]) for row in rows(result)]
    assert found == [(deposited.key, []), ("sealed", []), ("custody", [])]


def test_the_store_alone_needs_no_database(deposited: Deposited, monkeypatch: pytest.MonkeyPatch) -> None:
    for door in ("database_url", "database_writer_url", "database_reader_url"):
        monkeypatch.setenv(variable(door), "postgresql+psycopg2://nobody@127.0.0.1:1/none")

    assert run("verify", "--store-alone").exit_code == 0
    assert run("verify").exit_code == 1


def test_a_bit_turned_on_one_disk_is_named_there_and_not_in_the_other_store(
    deposited: Deposited, second_object_store_server: ObjectStoreServer, warc: Path
) -> None:
    content = warc.read_bytes()
    turned = turn_bit(second_object_store_server.folder / "objects", content, 800)

    there, here, audited = run("verify", "--replica"), run("verify"), run("audit")

    assert (there.exit_code, here.exit_code, audited.exit_code) == (1, 0, 1)
    problems = rows(there)[0]["problems"]
    digests = {"what": "sha256", "expected": str(sha256(content)), "found": str(sha256(turned))}
    assert (rows(there)[0]["subject"], problems[0]) == (deposited.key, digests)
    *looked, whole = rows(audited)
    assert [(row["store"], row["subject"]) for row in looked if not row["ok"]] == [("replica", deposited.key)]
    assert (whole["kind"], whole["wrong"], whole["stores"]) == ("audit", 1, ["primary", "replica"])


def test_without_a_second_store_asking_for_it_is_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in vars(Settings()):
        if name.startswith("replica_"):
            monkeypatch.delenv(variable(name), raising=False)

    codes = [run(*asked).exit_code for asked in (("verify", "--replica"), ("rebuild", "--replica"))]

    assert codes == [2, 2]


def test_a_lock_that_ran_out_is_told_and_renewed_where_that_is_asked_for(
    deposited: Deposited, copied_archive: Archive
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    raised = {"LETAPIS_LOCK_DAYS": "2", "LETAPIS_REPLICA_LOCK_DAYS": "2"}
    end_lock(copied_archive.objects, deposited.key, deposited.version_id, soon)
    while datetime.now(UTC) < soon + timedelta(seconds=1):
        time.sleep(0.1)

    over = run_for_a_person("audit", "--weeks", "1")
    renewed = run_for_a_person("audit", "--weeks", "1", "--renew", **raised)
    after = run_for_a_person("verify", **raised)

    assert over.returncode == 1
    assert f"{deposited.key} (primary): NOT as expected\n  lock: expected until " in over.stdout
    assert "which is over" in over.stdout
    assert "objects in primary were renewed until " in renewed.stdout
    assert "objects in replica were renewed until " in renewed.stdout
    assert after.returncode == 0
    assert after.stderr.endswith("3 checked, 0 not as expected.\n")


def test_renewing_is_told_in_json_too(deposited: Deposited) -> None:
    result = run_for_a_person("audit", "--weeks", "1", "--renew", "--json", LETAPIS_LOCK_DAYS="2")
    report = json.loads(result.stdout.splitlines()[-1])
    assert (report["kind"], report["locks_over"], report["locks_renewed"]) == ("audit", 0, 5)
    assert "The locks of 5 objects in primary were renewed until " in result.stderr
