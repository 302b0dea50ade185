"""An archive with keys, a log and a watch-list, and its settings as variables."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.config.log_signer import prepare_signer
from pipeline.config.settings import NOT_VARIABLES, OwnedDatabase, Settings, load_settings, variable
from pipeline.devstack.postgres import PostgresServer
from pipeline.handover.package_key import prepare_package_key
from pipeline.preserve.checkpoint import sign_and_deliver
from storage.archive import Archive
from storage.ledger.custody import append_and_publish
from tests.embedded_database import drop_database
from tests.typed_commands import typed

PASSPHRASE = "адзін два тры чатыры"

WATCHLIST = """\
sources:
  - id: kanal
    kind: telegram
    channel: kanal
"""


def variables_of(settings: Settings) -> dict[str, str]:
    """The environment in which these settings are read again."""
    given = {
        variable(each.name): value
        for each in fields(Settings)
        if each.name not in NOT_VARIABLES
        and isinstance(value := getattr(settings, each.name), str | int | Path)
        and value != each.default
        and not isinstance(value, bool)
    }
    return {name: str(value) for name, value in given.items()}


@pytest.fixture
def passphrase_file(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n", "utf-8")
    file.chmod(0o600)
    return file


@pytest.fixture
def kept_settings(copied_settings: Settings, tmp_path: Path) -> Settings:
    """Settings in two stores, with every key, a watch-list, and what the embedded Airflow keeps."""
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text(WATCHLIST, "utf-8")
    settings = replace(copied_settings, watchlist=watchlist, sealing_keys=None, collector="collector-7")
    prepare_signer(settings)
    prepare_package_key(settings.package_key_file)
    airflow = settings.data / "airflow"
    airflow.mkdir()
    for name in ("fernet_key", "secret_key", "jwt_secret"):
        (airflow / name).write_text(f"{name} of this stack", "utf-8")
    (airflow / "passwords.json").write_text(json.dumps({"admin": "x", "analyst": "y"}), "utf-8")
    (airflow / "first_started").write_text("2026-11-01T00:00:00+00:00", "utf-8")
    return settings


@pytest.fixture
def kept(kept_settings: Settings, copied_archive: Archive) -> Archive:
    """The archive of `kept_settings`, with an entry of custody and a signed checkpoint."""
    append_and_publish(copied_archive, "trial", subject_id="x", actor="tester", details={"reason": "a trial"})
    assert sign_and_deliver(kept_settings, copied_archive).problem is None
    return copied_archive


def clean_environment(settings: Settings | None = None, **besides: str) -> dict[str, str]:
    """This process's environment without settings, and with these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LETAPIS_")}
    return {**clean, **({} if settings is None else variables_of(settings)), **besides}


def letapis(*arguments: str | Path, env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """The command with these arguments."""
    return typed(*map(str, arguments), env=env)


def rows_of(done: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    """What it printed with --json."""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def backup_file(kept: Archive, kept_settings: Settings, passphrase_file: Path, tmp_path: Path) -> Path:
    file = tmp_path / "archive.backup"
    done = letapis(
        "backup", "--to", file, "--passphrase-file", passphrase_file, env=clean_environment(kept_settings)
    )
    assert done.returncode == 0, done.stderr
    return file


@dataclass(frozen=True)
class Machine:
    """A new machine: an empty data folder, an empty database, and only the addresses of the latter named."""

    folder: Path
    database: OwnedDatabase

    @property
    def settings_file(self) -> Path:
        return self.folder / "letapis.env"

    @property
    def env(self) -> dict[str, str]:
        return clean_environment(
            LETAPIS_DATA=str(self.folder / "data"),
            LETAPIS_WATCHLIST=str(self.folder / "watchlist.yaml"),
            LETAPIS_DATABASE_URL=self.database.owner_url,
            LETAPIS_DATABASE_WRITER_URL=self.database.writer_url,
            LETAPIS_DATABASE_READER_URL=self.database.reader_url,
            LETAPIS_DATABASE_ACCESS_URL=str(self.database.access_url),
        )

    @property
    def settings(self) -> Settings:
        """The settings after a recovery."""
        return load_settings(self.env, dotenv=self.settings_file, running_stack=False)


@pytest.fixture
def machine(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Machine]:
    name = f"new_{secrets.token_hex(6)}"
    folder = tmp_path / "new-machine"
    folder.mkdir(mode=0o700)
    yield Machine(folder, postgres_server.create_database(name))
    drop_database(postgres_server, name)


def recovered(
    machine: Machine, file: Path, passphrase_file: Path, *more: str, **besides: str
) -> "subprocess.CompletedProcess[str]":
    """`letapis recover` on the new machine."""
    arguments = ("recover", "--from", file, "--passphrase-file", passphrase_file)
    return letapis(*arguments, "--settings-to", machine.settings_file, *more, env=machine.env | besides)
