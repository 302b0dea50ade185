"""Logins by `deploy/people/oidc.py` through Airflow's own auth manager: which role each group gives."""

import json
import os
import secrets
import subprocess
import sys
from typing import Any

import pytest

from access.roles import role_of
from pipeline.config.settings import ROOT
from storage.access_labels import Role
from tests.oidc_provider import CLIENT, SECRET

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LOGINS: tuple[tuple[str, list[str]], ...] = (
    ("ala", ["letapis-readers", "accounting"]),
    ("bela", ["letapis-collectors"]),
    ("kust", ["letapis-custodians"]),
    ("admin-vera", ["letapis-administrators"]),
    ("chuzhy", ["accounting"]),
    ("kust", []),
)


@pytest.fixture(scope="module")
def logins(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What came of each of `LOGINS`; Airflow's tables are made first, which takes a quarter of a minute."""
    home = tmp_path_factory.mktemp("airflow")
    secret = home / "client_secret"
    secret.write_text(f"{SECRET}\n", "utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "LETAPIS_"))}
    env = inherited | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(ROOT / "airflow.cfg"),
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "none"),
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
        "AIRFLOW__FAB__CONFIG_FILE": str(ROOT / "deploy" / "people" / "oidc.py"),
        "LETAPIS_ROOT": str(ROOT),
        "OIDC_CLIENT_SECRET_FILE": str(secret),
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_ISSUER": "http://127.0.0.1:9",
    }
    for command in (["airflow", "db", "migrate"], ["tests.fab_logins", json.dumps(LOGINS)]):
        done = subprocess.run(
            [sys.executable, "-m", *command], env=env, cwd=ROOT, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    assert SECRET not in done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"name"')]


@pytest.mark.parametrize(
    ("number", "role"),
    [(0, Role.READER), (1, Role.COLLECTOR), (2, Role.CUSTODIAN), (3, Role.ADMINISTRATOR), (4, None)],
    ids=["reader", "collector", "custodian", "administrator", "none of the groups"],
)
def test_a_group_of_the_provider_gives_the_role_of_its_name(
    logins: list[dict[str, Any]], number: int, role: Role | None
) -> None:
    row = logins[number]

    assert row["name"] == LOGINS[number][0]
    assert "login" not in row["to"], "it ends where it began, not at the login page"
    assert row["logins"] == 1
    assert role_of(row["roles"], {}) is role


def test_who_left_the_group_has_lost_the_role_at_the_next_login(logins: list[dict[str, Any]]) -> None:
    assert (logins[5]["name"], logins[5]["logins"]) == ("kust", 2)
    assert role_of(logins[5]["roles"], {}) is None


def test_the_client_brings_a_challenge_and_asks_for_the_groups(logins: list[dict[str, Any]]) -> None:
    asked = logins[0]["asked"]

    assert (asked["client_id"], asked["response_type"], asked["code_challenge_method"]) == (CLIENT, "code", "S256")
    assert {"openid", "groups"} <= set(asked["scope"].split())
