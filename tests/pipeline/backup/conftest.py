"""An archive with keys, a log and a watch-list, and its settings as variables."""

import json
import os
import subprocess
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.config.log_signer import prepare_signer
from pipeline.config.settings import NOT_VARIABLES, Settings, variable
from pipeline.handover.package_key import prepare_package_key
from pipeline.preserve.checkpoint import sign_and_deliver
from storage.archive import Archive
from storage.ledger.custody import append_and_publish
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
    append_and_publish(copied_archive, "received", subject_id="x", actor="tester", details={"reason": "a trial"})
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
