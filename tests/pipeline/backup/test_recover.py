"""`letapis recover`: from one file and the store to the archive as it was, and never over what is there."""

import json
import random
import secrets
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.backup.contents import Contents
from pipeline.backup.making import make_backup, read_backup, write_new
from pipeline.backup.sealed_file import seal_backup
from pipeline.config.archive_factory import open_store, opened_archive
from pipeline.config.settings import ROOT, Settings
from pipeline.process.run import process_pending
from pipeline.setup.status import status_lines
from storage.archive import Archive
from storage.ledger.custody import append_and_publish
from storage.log.rotation import rotate_key
from storage.sealing_keys import add_key
from tests.pipeline.backup.conftest import (
    PASSPHRASE,
    Machine,
    clean_environment,
    letapis,
    recovered,
    rows_of,
)
from tests.storage.catalogue.test_revisits import AGAIN, FIRST, deposit_night, picture
from tests.storage.integrity.test_restore import catalogue, custody

KILLS = 5
LONGEST_S = 2.5

RUN = """
from pipeline.backup import recovering
from pipeline.cli import main
print("ready", flush=True)
main()
"""


@pytest.fixture
def lived(kept: Archive, tmp_path: Path) -> Archive:
    """Two nights, the second a revisit; all of it read."""
    deposit_night(kept, tmp_path / "spool", [picture(FIRST)])
    deposit_night(kept, tmp_path / "spool", [picture(AGAIN, later=True)])
    process_pending(kept)
    return kept


def require_same(lived: Archive, machine: Machine) -> None:
    """Every row of catalogue and custody; which store has confirmed an entry is learned anew."""
    with opened_archive(machine.settings) as archive:
        assert catalogue(archive) == catalogue(lived)
        assert custody(archive)["custody"] == custody(lived)["custody"]


def test_a_new_machine_has_keys_settings_and_catalogue_after_one_command(
    lived: Archive, backup_file: Path, kept_settings: Settings, machine: Machine, passphrase_file: Path
) -> None:
    done = recovered(machine, backup_file, passphrase_file, "--json")

    assert done.returncode == 0, done.stderr
    *things, row = rows_of(done)
    data, old = machine.folder / "data", kept_settings.data
    for name in (
        "keys/sealing.keys",
        "keys/log.key",
        "keys/log.key.last",
        "keys/package.key",
        "airflow/jwt_secret",
    ):
        assert (data / name).read_bytes() == (old / name).read_bytes()
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    assert (machine.folder / "watchlist.yaml").read_bytes() == kept_settings.watchlist.read_bytes()
    assert stat.S_IMODE(machine.settings_file.stat().st_mode) == 0o600
    assert {each["action"] for each in things} == {"placed"}
    assert (row["catalogue"], row["store_compared"], row["problems"], row["open_points"]) == (
        "derived",
        True,
        [],
        [],
    )
    assert (row["files"], row["captures"]) == (2, 2)
    require_same(lived, machine)
    settings = machine.settings
    assert (settings.s3_bucket, settings.collector) == (kept_settings.s3_bucket, "collector-7")
    (line,) = (each for each in status_lines(settings) if each.what == "backup")
    assert "No backup" not in line.found


def test_a_second_run_finds_everything_there_and_changes_nothing(
    lived: Archive, backup_file: Path, machine: Machine, passphrase_file: Path
) -> None:
    recovered(machine, backup_file, passphrase_file)
    before = {path: path.stat().st_mtime_ns for path in machine.folder.rglob("*.key*")}

    done = recovered(machine, backup_file, passphrase_file, "--json")

    *things, row = rows_of(done)
    assert (done.returncode, row["catalogue"]) == (0, "there")
    assert {each["action"] for each in things} == {"same"}
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_check_says_what_would_be_done_and_does_nothing(
    lived: Archive, backup_file: Path, machine: Machine, passphrase_file: Path
) -> None:
    done = recovered(machine, backup_file, passphrase_file, "--check")

    assert done.returncode == 0, done.stderr
    assert "the sealing keys: would be put in place" in done.stdout
    assert "The store is that of the backup's archive.\nNothing was changed." in done.stdout
    assert list(machine.folder.iterdir()) == []


def test_a_key_that_is_there_stops_everything_and_is_kept_beside_where_it_is_replaced(
    lived: Archive, backup_file: Path, kept_settings: Settings, machine: Machine, passphrase_file: Path
) -> None:
    mine = machine.folder / "data" / "keys" / "sealing.keys"
    mine.parent.mkdir(parents=True, mode=0o700)
    mine.write_bytes(b"another key")

    refused = recovered(machine, backup_file, passphrase_file)
    replaced = recovered(machine, backup_file, passphrase_file, "--replace")

    assert refused.returncode == 1
    assert f"1 file of this machine is not as in the backup:\n  {mine}: the sealing keys" in refused.stderr
    assert replaced.returncode == 0, replaced.stderr
    assert mine.read_bytes() == kept_settings.sealing_keys_file.read_bytes()
    assert mine.with_name("sealing.keys.before-recovery").read_bytes() == b"another key"


def test_a_refusal_has_written_nothing(
    lived: Archive, backup_file: Path, machine: Machine, passphrase_file: Path
) -> None:
    (machine.folder / "watchlist.yaml").write_text("sources: []\n", "utf-8")

    done = recovered(machine, backup_file, passphrase_file)

    assert done.returncode == 1
    assert [path.name for path in machine.folder.iterdir()] == ["watchlist.yaml"]


def test_settings_that_are_given_here_stay_and_are_named(
    lived: Archive, backup_file: Path, machine: Machine, passphrase_file: Path
) -> None:
    machine.settings_file.write_text("LETAPIS_COLLECTOR=new-house\n# mine\n", "utf-8")

    done = recovered(machine, backup_file, passphrase_file, "--replace", "--json")

    row = rows_of(done)[-1]
    assert done.returncode == 0, done.stderr
    assert "LETAPIS_COLLECTOR" in row["settings_kept"]
    assert "LETAPIS_S3_BUCKET" in row["settings_added"]
    assert machine.settings_file.read_text("utf-8").startswith("LETAPIS_COLLECTOR=new-house\n# mine\nLETAPIS_")
    assert machine.settings.collector == "new-house"


def test_the_second_store_alone_is_enough(
    lived: Archive, backup_file: Path, kept_settings: Settings, machine: Machine, passphrase_file: Path
) -> None:
    second = {
        f"LETAPIS_S3_{name}": str(getattr(kept_settings, f"replica_{name.lower()}"))
        for name in ("ENDPOINT", "BUCKET", "ACCESS_KEY", "SECRET_KEY")
    }
    locks = {"LETAPIS_LOCK_MODE": "governance", "LETAPIS_LOCK_DAYS": "1"}

    done = recovered(machine, backup_file, passphrase_file, "--json", **second, **locks)

    assert done.returncode == 0, done.stderr
    row = rows_of(done)[-1]
    assert (row["files"], row["catalogue"], row["problems"]) == (2, "derived", [])
    assert "LETAPIS_REPLICA_ENDPOINT" in row["settings_left_out"]
    assert machine.settings.replica_endpoint is None


def test_the_store_of_another_archive_is_refused_before_anything_is_written(
    lived: Archive,
    backup_file: Path,
    kept_settings: Settings,
    machine: Machine,
    passphrase_file: Path,
) -> None:
    other = replace(kept_settings, s3_bucket=f"test-{secrets.token_hex(6)}")
    open_store(other).ensure_bucket()
    named = {
        f"LETAPIS_S3_{name}": str(getattr(other, f"s3_{name.lower()}"))
        for name in ("ENDPOINT", "BUCKET", "ACCESS_KEY", "SECRET_KEY")
    } | {"LETAPIS_LOCK_MODE": "governance", "LETAPIS_LOCK_DAYS": "1"}

    empty = recovered(machine, backup_file, passphrase_file, **named)
    content = b'{"another": "entry"}'
    manifest = read_backup(backup_file, PASSPHRASE).manifest
    objects = open_store(other)
    objects._client.put_object(
        Bucket=other.s3_bucket, Key=f"custody/{manifest.archive.custody_entries:012d}.json", Body=content
    )
    another = recovered(machine, backup_file, passphrase_file, **named)

    assert (empty.returncode, another.returncode) == (1, 1)
    assert "found no custody at all: this store is empty. Nothing was changed." in empty.stderr
    assert ": another archive. Nothing was changed." in another.stderr
    assert list(machine.folder.iterdir()) == []


def test_a_store_that_is_away_is_said_and_keys_alone_can_be_put_in_place(
    lived: Archive, backup_file: Path, machine: Machine, passphrase_file: Path
) -> None:
    away = {
        "LETAPIS_S3_ENDPOINT": "http://127.0.0.1:9",
        "LETAPIS_S3_ACCESS_KEY": "x",
        "LETAPIS_S3_SECRET_KEY": "y",
    }
    away |= {"LETAPIS_LOCK_MODE": "governance", "LETAPIS_LOCK_DAYS": "1"}

    refused = recovered(machine, backup_file, passphrase_file, **away)
    alone = recovered(machine, backup_file, passphrase_file, "--no-catalogue", **away)

    assert refused.returncode == 1
    assert "Object store http://127.0.0.1:9 (primary): listing custody/" in refused.stderr
    assert alone.returncode == 0, alone.stderr
    assert (machine.folder / "data" / "keys" / "log.key").is_file()
    assert "The catalogue was not looked at; `letapis rebuild` derives it from the store." in alone.stdout


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (lambda file: file[:-40], "expected a whole file, found one that was cut off or damaged"),
        (lambda file: file.replace(b"backup/1", b"backup/2", 1), "format 2, which a newer version of Letapis has"),
        (lambda file: b"", "expected a backup of Letapis, found an empty file"),
    ],
)
def test_a_file_that_is_cut_or_of_a_newer_version_is_refused_in_words(
    changed: object, sentence: str, backup_file: Path, machine: Machine, passphrase_file: Path
) -> None:
    assert callable(changed)
    backup_file.write_bytes(changed(backup_file.read_bytes()))

    done = recovered(machine, backup_file, passphrase_file)

    assert (done.returncode, sentence in done.stderr) == (1, True), done.stderr
    assert list(machine.folder.iterdir()) == []


def test_another_passphrase_is_said_to_be_another(
    backup_file: Path, machine: Machine, passphrase_file: Path
) -> None:
    passphrase_file.write_text("five six seven eight\n", "utf-8")

    done = recovered(machine, backup_file, passphrase_file)

    assert done.returncode == 1
    assert "expected the passphrase of this backup, found another one. Nothing was changed." in done.stderr
    assert list(machine.folder.iterdir()) == []


@pytest.mark.parametrize("newer", ["tables", "things"])
def test_tables_or_things_of_a_newer_version_are_refused(
    newer: str, backup_file: Path, machine: Machine, passphrase_file: Path
) -> None:
    contents = read_backup(backup_file, PASSPHRASE)
    manifest = contents.manifest
    if newer == "tables":
        manifest = replace(manifest, schema="9999")
    else:
        manifest = replace(
            manifest, things=(*manifest.things[:-1], replace(manifest.things[-1], name="keys/moon"))
        )
    held = dict(contents.bytes_of)
    held[manifest.things[-1].name] = held.pop(contents.manifest.things[-1].name)
    backup_file.unlink()
    write_new(backup_file, seal_backup(Contents(manifest, held).as_bytes(), PASSPHRASE))

    done = recovered(machine, backup_file, passphrase_file)

    assert done.returncode == 1
    assert "which a newer version has made. Nothing was changed. Install that version" in done.stderr
    assert list(machine.folder.iterdir()) == []


def test_keys_that_came_after_the_backup_are_named_and_the_rest_comes_back(
    lived: Archive, backup_file: Path, kept_settings: Settings, machine: Machine, passphrase_file: Path
) -> None:
    new_key = rotate_key(lived, kept_settings.log_key_file, actor="tester")
    add_key(kept_settings.sealing_keys_file)
    with opened_archive(kept_settings) as again:
        append_and_publish(again, "trial", subject_id="y", actor="tester", details={"reason": "a trial"})

    done = recovered(machine, backup_file, passphrase_file)

    assert done.returncode == 3
    assert f"the key of the log was exchanged after the backup. Custody names {new_key}" in done.stderr
    assert "1 custody entry cannot be opened: the backup is older than the sealing key" in done.stderr
    assert "The catalogue was derived from the store" in done.stdout


def test_an_older_state_of_the_log_never_takes_the_place_of_a_newer(
    lived: Archive, backup_file: Path, kept_settings: Settings, passphrase_file: Path, tmp_path: Path
) -> None:
    done = letapis("custody", env=clean_environment(kept_settings))
    from pipeline.preserve.checkpoint import sign_and_deliver

    assert sign_and_deliver(kept_settings, lived).problem is None
    state = kept_settings.log_key_file.with_name("log.key.last")
    newest = state.read_bytes()

    done = letapis(
        *("recover", "--from", backup_file, "--passphrase-file", passphrase_file, "--replace", "--json"),
        *("--settings-to", tmp_path / "letapis.env"),
        env=clean_environment(kept_settings),
    )

    assert done.returncode == 0, done.stderr
    assert {row["name"]: row["action"] for row in rows_of(done)[:-1]}["keys/log.last"] == "newer"
    assert state.read_bytes() == newest


def test_a_recovery_that_is_killed_at_any_moment_is_finished_by_the_next(
    lived: Archive, backup_file: Path, machine: Machine, passphrase_file: Path
) -> None:
    moments = random.Random(20261130)
    arguments = ["recover", "--from", str(backup_file), "--passphrase-file", str(passphrase_file)]
    arguments += ["--settings-to", str(machine.settings_file)]
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", RUN, *arguments],
            cwd=ROOT,
            env=machine.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert child.stdout is not None
        child.stdout.readline()
        try:
            child.wait(timeout=moments.uniform(0, LONGEST_S))
        except subprocess.TimeoutExpired:
            child.kill()
        assert child.wait() in (0, -signal.SIGKILL)

    done = recovered(machine, backup_file, passphrase_file, "--json")

    assert done.returncode == 0, done.stderr
    assert rows_of(done)[-1]["problems"] == []
    require_same(lived, machine)
    assert [path.name for path in machine.folder.rglob("*") if "recover" in path.name] == []


def test_a_machine_without_a_store_gets_its_keys_and_is_told_what_is_lacking(
    kept_settings: Settings, kept: Archive, machine: Machine, passphrase_file: Path, tmp_path: Path
) -> None:
    without = {"LETAPIS_COLLECTOR": "collector-7"}
    make_backup(kept_settings, without, PASSPHRASE, tmp_path / "b")

    done = recovered(machine, tmp_path / "b", passphrase_file)

    assert done.returncode == 3
    assert "no object store is known: set LETAPIS_S3_*" in done.stdout
    assert (machine.folder / "data" / "keys" / "sealing.keys").is_file()


def test_no_secret_is_printed(
    lived: Archive, backup_file: Path, kept_settings: Settings, machine: Machine, passphrase_file: Path
) -> None:
    done = recovered(machine, backup_file, passphrase_file, "--json")

    shown = done.stdout + done.stderr
    secret = kept_settings.sealing_keys_file.read_text("utf-8").split("aes256-gcm:")[1][:64]
    assert [each for each in (secret, str(kept_settings.s3_secret_key), PASSPHRASE) if each in shown] == []
    assert json.loads(done.stdout.splitlines()[-1])["kind"] == "recovery"
