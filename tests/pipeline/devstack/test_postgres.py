"""The embedded database: closed to others, right in every script, and there again after a crash."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import sqlalchemy
from psycopg2 import sql

from pipeline.devstack import postgres_cluster
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.postgres_cluster import standing_in
from pipeline.devstack.postgres_location import STATE_FOLDER
from pipeline.supervise.processes import processes_of_data_folder
from tests.embedded_database import drop_database


def one(url: str, question: str) -> object:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return connection.execute(sqlalchemy.text(question)).scalar_one()


@pytest.fixture
def empty_database(postgres_server: PostgresServer) -> str:
    drop_database(postgres_server, "empty")
    return postgres_server.create_database("empty").owner_url


def test_every_script_is_lower_cased(empty_database: str) -> None:
    assert one(empty_database, "SELECT lower('МІНСК ЎЗГОРАК ЇЖАК ŻÓŁW')") == "мінск ўзгорак їжак żółw"


def test_russian_full_text_and_trigrams_work_for_the_owner(empty_database: str) -> None:
    question = "SELECT to_tsvector('russian', 'Задержаны трое') @@ plainto_tsquery('russian', 'ЗАДЕРЖАН')"
    engine = sqlalchemy.create_engine(empty_database, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE EXTENSION pg_trgm"))
        connection.execute(sqlalchemy.text("CREATE EXTENSION unaccent"))

    assert one(empty_database, question) is True
    assert one(empty_database, "SELECT similarity('Акрэсціна', 'акрэсціна')") == 1.0


def test_nothing_listens_but_a_socket_in_a_closed_folder(postgres_server: PostgresServer) -> None:
    assert one(postgres_server.access.owner_url, "SELECT current_setting('listen_addresses')") == ""
    assert stat.S_IMODE(postgres_server.place.socket.stat().st_mode) == 0o700


def test_a_wrong_password_is_refused(postgres_server: PostgresServer) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(
            host=str(postgres_server.place.socket), user="letapis_reader", password="guess", dbname="letapis"
        )


def test_airflow_cannot_reach_the_archive_nor_the_reader_airflow(postgres_server: PostgresServer) -> None:
    for url, other in ((postgres_server.airflow_url, "letapis"), (postgres_server.access.reader_url, "airflow")):
        engine = sqlalchemy.create_engine(sqlalchemy.make_url(url).set(database=other))
        with pytest.raises(sqlalchemy.exc.OperationalError, match="permission denied for database"):
            engine.connect()


def test_committed_rows_survive_a_crash(services_folder: Path) -> None:
    with PostgresServer(services_folder / "crashing") as server:
        with closing(psycopg2.connect(server.airflow_url.replace("+psycopg2", ""))) as connection, connection:
            connection.cursor().execute("CREATE TABLE kept AS SELECT 1 AS a")

        server.kill()
        assert standing_in(server.place.cluster) == ()
        assert server.restart_if_dead()

        assert one(server.airflow_url, "SELECT a FROM kept") == 1


START_AND_WAIT = """
import sys, time
from pathlib import Path
from pipeline.devstack import postgres_cluster
from pipeline.devstack.postgres import PostgresServer
server = PostgresServer(Path(sys.argv[1]))
server.start()
print("started", flush=True)
time.sleep(600)
"""


def started_elsewhere(folder: Path) -> "subprocess.Popen[str]":
    parent = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "started\n"
    return parent


def until_nothing_stands_in(cluster: Path) -> None:
    deadline = time.monotonic() + 20
    while standing_in(cluster):
        assert time.monotonic() < deadline, f"still there: {standing_in(cluster)}"
        time.sleep(0.05)


def test_the_server_ends_when_its_parent_is_killed(services_folder: Path) -> None:
    parent = started_elsewhere(services_folder / "orphaned")
    cluster = PostgresServer(services_folder / "orphaned").folder / "cluster"
    assert standing_in(cluster)

    parent.kill()
    parent.communicate()

    until_nothing_stands_in(cluster)


def test_a_server_that_survived_parent_and_keeper_is_ended_at_the_next_start(
    services_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_cluster, "SECONDS_PER_STEP", 1.0)
    folder = services_folder / "surviving"
    parent = started_elsewhere(folder)
    before = standing_in(folder / "cluster")
    # Stopped, the server can neither end with its parent nor hear of it: the worst leftover there can be.
    for pid in before:
        os.kill(pid, signal.SIGSTOP)
    for pid in (*processes_of_data_folder(folder), parent.pid):
        os.kill(pid, signal.SIGKILL)
    parent.communicate()

    with PostgresServer(folder) as server:
        assert one(server.access.owner_url, "SELECT 1") == 1
        assert not set(before) & set(standing_in(folder / "cluster"))


def test_a_server_of_the_version_before_gets_the_role_of_the_access_log(services_folder: Path) -> None:
    server = PostgresServer(services_folder / "older")
    with server:
        server._execute(sql.SQL("REVOKE ALL ON DATABASE letapis FROM letapis_access"))
        server._execute(sql.SQL("DROP ROLE letapis_access"))
        passwords = json.loads(server._passwords_file.read_text())
        before = {role: password for role, password in passwords.items() if role != "letapis_access"}
    server._passwords_file.write_text(json.dumps(before))

    with server:
        assert one(server.access.access_url or "", "SELECT current_user") == "letapis_access"
        assert one(server.access.reader_url, "SELECT current_user") == "letapis_reader"
        assert json.loads(server._passwords_file.read_text()).items() > before.items()
        assert server._passwords_file.stat().st_mode & 0o777 == 0o600


def test_a_folder_too_deep_for_a_socket_works(services_folder: Path) -> None:
    with PostgresServer(services_folder / ("deep" * 30) / "postgres") as server:
        assert one(server.access.owner_url, "SELECT 1") == 1
        assert stat.S_IMODE(server.place.socket.stat().st_mode) == 0o700
        socket = server.place.socket
    assert not socket.exists()


@pytest.mark.root
def test_as_root_a_folder_below_a_closed_one_works_and_no_mode_is_changed(tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)

    with PostgresServer(closed / "data" / "postgres") as server:
        assert one(server.access.owner_url, "SELECT 1") == 1
        assert server.place.folder.is_relative_to(STATE_FOLDER)
        place = server.place.folder
    with server:
        assert server.place.folder == place
    server.remove()

    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not place.exists()


@pytest.mark.root
def test_as_root_the_server_runs_as_an_account_of_its_own(postgres_server: PostgresServer) -> None:
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in standing_in(postgres_server.place.cluster)}

    assert postgres_server.place.account is not None
    assert owners == {postgres_server.place.account.uid}
