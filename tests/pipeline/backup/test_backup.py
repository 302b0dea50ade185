"""`letapis backup`: one sealed file of what is neither in the store nor made anew, and what has changed since."""

import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.backup.making import make_backup, read_backup
from pipeline.backup.variables import given_variables
from pipeline.config.settings import Settings, load_settings
from pipeline.setup.status import status_lines
from storage.archive import Archive
from storage.ledger.custody import append_and_publish, entries
from storage.sealing_keys import add_key
from tests.pipeline.backup.conftest import PASSPHRASE, clean_environment, letapis, rows_of, variables_of
from tests.typed_commands import typed


def test_the_file_is_its_owners_alone_and_holds_every_key_and_setting(
    backup_file: Path, kept: Archive, kept_settings: Settings
) -> None:
    contents = read_backup(backup_file, PASSPHRASE)
    data = kept_settings.data

    assert stat.S_IMODE(backup_file.stat().st_mode) == 0o600
    assert {name: content for name, content in contents.bytes_of.items() if name != "settings"} == {
        "keys/sealing": (data / "keys" / "sealing.keys").read_bytes(),
        "keys/log": (data / "keys" / "log.key").read_bytes(),
        "keys/log.last": (data / "keys" / "log.key.last").read_bytes(),
        "keys/package": (data / "keys" / "package.key").read_bytes(),
        "watchlist": kept_settings.watchlist.read_bytes(),
        "airflow/fernet_key": b"fernet_key of this stack",
        "airflow/secret_key": b"secret_key of this stack",
        "airflow/jwt_secret": b"jwt_secret of this stack",
        "airflow/passwords.json": b'{"admin": "x", "analyst": "y"}',
        "airflow/first_started": b"2026-11-01T00:00:00+00:00",
    }
    with kept.reader.connect() as connection:
        last = entries(connection)[-1]
    belongs = contents.manifest.archive
    assert (belongs.custody_entries, belongs.newest_digest) == (last.seq, str(last.digest))
    assert belongs.store == f"{kept_settings.s3_endpoint}, bucket {kept_settings.s3_bucket}"
    assert belongs.second_store == f"{kept_settings.replica_endpoint}, bucket {kept_settings.replica_bucket}"


def test_settings_of_the_process_are_in_it_and_keys_for_purging_are_not(
    kept: Archive, kept_settings: Settings, passphrase_file: Path, tmp_path: Path
) -> None:
    env = clean_environment(kept_settings, LETAPIS_S3_PURGE_ACCESS_KEY="p", LETAPIS_S3_PURGE_SECRET_KEY="q")

    done = letapis("backup", "--to", tmp_path / "b", "--passphrase-file", passphrase_file, env=env)

    contents = read_backup(tmp_path / "b", PASSPHRASE)
    assert b"LETAPIS_S3_PURGE" not in contents.bytes_of["settings"]
    assert b'"LETAPIS_COLLECTOR": "collector-7"' in contents.bytes_of["settings"]
    assert "keys for purging are kept apart from everything else" in done.stderr
    assert done.returncode == 3


def test_a_check_finds_nothing_new_until_a_key_is_added_and_a_setting_changed(
    backup_file: Path, kept: Archive, kept_settings: Settings, passphrase_file: Path
) -> None:
    env = clean_environment(kept_settings)
    check = ("backup", "--check", backup_file, "--passphrase-file", passphrase_file)

    before = letapis(*check, "--json", env=env)
    add_key(kept_settings.sealing_keys_file)
    append_and_publish(kept, "trial", subject_id="y", actor="tester", details={})
    after = letapis(*check, "--json", env=env | {"LETAPIS_COLLECTOR": "collector-8"})
    for_people = letapis(*check, env=env)

    assert (before.returncode, after.returncode, for_people.returncode) == (0, 3, 3)
    assert {row["name"] for row in rows_of(before) if row.get("change")} == set()
    assert {row["name"]: row["change"] for row in rows_of(after) if row.get("change")} == {
        "keys/sealing": "changed",
        "settings": "changed",
    }
    assert rows_of(after)[0]["entries_since"] == 1
    assert "Not as in the backup: the sealing keys (changed)." in for_people.stderr


def test_the_status_screen_says_how_the_backup_stands(
    kept: Archive, kept_settings: Settings, passphrase_file: Path, tmp_path: Path
) -> None:
    def line() -> tuple[str, str]:
        (found,) = (each for each in status_lines(kept_settings) if each.what == "backup")
        return found.section, found.found

    file, day = tmp_path / "b", datetime.now(UTC).date()
    before = line()
    made = make_backup(kept_settings, given_variables(), PASSPHRASE, file)
    after = line()
    add_key(kept_settings.sealing_keys_file)

    assert [each.name for each in made.contents.manifest.absent] == ["outlets"]
    assert before == (
        "pending",
        "No backup of keys and settings was made on this machine: `letapis backup --to FILE` makes one.",
    )
    assert after == ("stack", f"made on {day}: {file}")
    assert line() == ("pending", f"Changed since that of {day}: the sealing keys.")


def test_no_secret_is_printed(backup_file: Path, kept_settings: Settings, passphrase_file: Path) -> None:
    env = clean_environment(kept_settings)
    done = letapis("backup", "--check", backup_file, "--passphrase-file", passphrase_file, env=env)

    secret = (kept_settings.data / "keys" / "sealing.keys").read_text("utf-8").split("aes256-gcm:")[1][:64]
    shown = done.stdout + done.stderr
    assert [each for each in (secret, str(kept_settings.s3_secret_key), PASSPHRASE) if each in shown] == []


def test_a_file_that_is_there_is_never_written_over(
    backup_file: Path, kept_settings: Settings, passphrase_file: Path
) -> None:
    before = backup_file.read_bytes()

    done = letapis(
        "backup", "--to", backup_file, "--passphrase-file", passphrase_file, env=clean_environment(kept_settings)
    )

    assert done.returncode == 2
    assert f"{backup_file} exists and was not changed. Name another file." in done.stderr
    assert backup_file.read_bytes() == before


def test_a_folder_that_takes_no_file_leaves_nothing(
    kept: Archive, kept_settings: Settings, passphrase_file: Path, tmp_path: Path
) -> None:
    to = tmp_path / "missing" / "b"

    done = letapis(
        "backup", "--to", to, "--passphrase-file", passphrase_file, env=clean_environment(kept_settings)
    )

    assert (done.returncode, to.exists()) == (1, False)
    assert "could not be written: No such file or directory. Nothing is there under this name." in done.stderr


def test_a_key_that_is_damaged_is_no_backup_of_it(
    kept: Archive, kept_settings: Settings, passphrase_file: Path, tmp_path: Path
) -> None:
    kept_settings.sealing_keys_file.write_text("aes256-gcm:torn", "utf-8")

    done = letapis(
        "backup",
        "--to",
        tmp_path / "b",
        "--passphrase-file",
        passphrase_file,
        env=clean_environment(kept_settings),
    )

    assert (done.returncode, (tmp_path / "b").exists()) == (1, False)
    assert "expected lines aes256-gcm:<64 hexadecimal digits>, found another line 1" in done.stderr


def test_a_key_that_is_missing_is_named_and_the_rest_is_kept(
    kept: Archive, kept_settings: Settings, passphrase_file: Path, tmp_path: Path
) -> None:
    (kept_settings.data / "keys" / "log.key").unlink()

    done = letapis(
        "backup",
        "--to",
        tmp_path / "b",
        "--passphrase-file",
        passphrase_file,
        env=clean_environment(kept_settings),
    )

    assert done.returncode == 3
    assert "Not in the backup: the log's signing key: there is none: no checkpoint can be signed" in done.stderr
    assert "keys/sealing" in read_backup(tmp_path / "b", PASSPHRASE).bytes_of


def test_a_database_that_is_away_is_said_and_the_keys_are_kept(
    kept: Archive, kept_settings: Settings, passphrase_file: Path, tmp_path: Path
) -> None:
    nowhere = "postgresql://letapis@127.0.0.1:9/letapis"
    away = replace(kept_settings, database_writer_url=nowhere, database_reader_url=nowhere)

    done = letapis(
        "backup",
        "--to",
        tmp_path / "b",
        "--passphrase-file",
        passphrase_file,
        "--json",
        env=clean_environment(away),
    )

    assert done.returncode == 0
    found = rows_of(done)[0]
    assert (found["custody_entries"], found["problem"]) == (
        None,
        "the database did not answer, so how far custody had come is not known",
    )


def test_a_passphrase_in_a_file_that_others_may_read_is_refused(
    kept_settings: Settings, passphrase_file: Path, tmp_path: Path
) -> None:
    passphrase_file.chmod(0o644)

    done = letapis(
        "backup",
        "--to",
        tmp_path / "b",
        "--passphrase-file",
        passphrase_file,
        env=clean_environment(kept_settings),
    )

    assert (done.returncode, (tmp_path / "b").exists()) == (2, False)
    assert "expected a file of its owner alone (mode 0600), found mode 0644" in done.stderr


def test_without_a_passphrase_nothing_is_written(kept_settings: Settings, tmp_path: Path) -> None:
    done = letapis("backup", "--to", tmp_path / "b", env=clean_environment(kept_settings))  # stdin is empty

    assert (done.returncode, (tmp_path / "b").exists()) == (2, False)
    assert "Expected a passphrase, found none" in done.stderr


def test_files_that_settings_name_go_along(
    kept: Archive, kept_settings: Settings, passphrase_file: Path, tmp_path: Path
) -> None:
    password, outlets = tmp_path / "smtp-password", tmp_path / "outlets.yaml"
    password.write_text("hunter2", "utf-8")
    outlets.write_text(
        "- {name: lawyers, kind: email, host: smtp.example, sender: a@org.example, receivers: [b@org.example], "
        f"user: a, password_file: {password}}}\n",
        "utf-8",
    )
    settings = replace(kept_settings, outlets=outlets)

    done = letapis(
        "backup", "--to", tmp_path / "b", "--passphrase-file", passphrase_file, env=clean_environment(settings)
    )

    contents = read_backup(tmp_path / "b", PASSPHRASE)
    assert done.returncode == 0
    assert (contents.bytes_of["outlets"], contents.bytes_of["file/1"]) == (outlets.read_bytes(), b"hunter2")
    assert [each.path for each in contents.manifest.things if each.name == "file/1"] == [str(password)]


def test_an_umask_opens_nothing(
    kept: Archive, kept_settings: Settings, passphrase_file: Path, tmp_path: Path
) -> None:
    arguments = ("backup", "--to", str(tmp_path / "b"), "--passphrase-file", str(passphrase_file))

    done = typed(*arguments, env=clean_environment(kept_settings), umask=0)

    assert done.returncode == 0
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    assert stat.S_IMODE((kept_settings.data / "last-backup.json").stat().st_mode) == 0o600


def test_the_variables_of_a_test_are_read_as_the_same_settings(kept_settings: Settings) -> None:
    assert load_settings(variables_of(kept_settings), running_stack=False) == kept_settings
