"""The embedded PostgreSQL: reachable by a Unix socket in a closed folder, and only with a password.

In: a folder of its own. Out: addresses of the databases `letapis` (for the roles `letapis_owner`,
`letapis_writer`, `letapis_reader`, `letapis_access`, `letapis_sql`) and `airflow`. Guaranteed: nothing listens
on any network; another local user can neither reach the socket nor log in; `letapis` lower-cases every script,
whatever LANG says here: with another locale than C.UTF-8, `lower('МИНСК')`, full text and trigrams fail without
a word (measured, PostgreSQL 18.6).
"""

import json
import os
import secrets
import signal
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from pipeline.config.settings import OwnedDatabase
from pipeline.devstack.postgres_cluster import end_leftover_server, environment, make_cluster_once
from pipeline.devstack.postgres_location import (
    PostgresLocation,
    prepare,
    remove_place,
    remove_temporary_socket_folder,
)
from pipeline.supervise.processes import ServiceError, SupervisedProcess, end_leftovers

SUPERUSER: Final = "postgres"
OWNER: Final = "letapis_owner"
WRITER: Final = "letapis_writer"
READER: Final = "letapis_reader"
ACCESS: Final = "letapis_access"
SQL: Final = "letapis_sql"
ANALYST: Final = "letapis_analyst"
"""The role whose members are logins of single persons; nobody logs in as it."""
AIRFLOW: Final = "airflow"
DRILL: Final = "letapis_drill"
"""Makes and drops the scratch database of a drill, and may connect to none of the others."""
ROLES: Final = (OWNER, WRITER, READER, ACCESS, SQL, AIRFLOW, DRILL)

START_S: Final = 120.0
"""Recovery after a crash replays the log before the server answers; measured without it 0.3 s."""

CONNECTIONS: Final = 200
"""Airflow's processes keep up to 15 each, tasks and commands a few."""


class PostgresServer:
    """PostgreSQL over one folder."""

    def __init__(self, folder: Path, *, home: Path | None = None) -> None:
        self.folder = folder.resolve()
        self.home = home or self.folder
        self._place: PostgresLocation | None = None
        self._process: SupervisedProcess | None = None

    @property
    def access(self) -> OwnedDatabase:
        """The addresses of the database `letapis`; known once started."""
        return self.access_to("letapis")

    @property
    def airflow_url(self) -> str:
        """Airflow's own database."""
        return self._url(AIRFLOW, AIRFLOW)

    @property
    def drill_url(self) -> str:
        """As the role that makes databases for drills, in a database without any table."""
        return self._url(DRILL, "postgres")

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.alive

    @property
    def place(self) -> PostgresLocation:
        """Where it lives; known once started."""
        if self._place is None:
            raise ServiceError("PostgreSQL was not started.")
        return self._place

    def access_to(self, database: str) -> OwnedDatabase:
        """The addresses of a database made by `create_database`."""
        return OwnedDatabase(
            owner_url=self._url(OWNER, database),
            writer_url=self._url(WRITER, database),
            reader_url=self._url(READER, database),
            access_url=self._url(ACCESS, database),
            sql_url=self._url(SQL, database),
        )

    def start(self) -> None:
        """Start, at first making cluster, roles and databases; returns when it answers; raises `ServiceError`."""
        self._place = prepare(self.folder)
        self._make_passwords_once()
        if self.home == self.folder:
            end_leftovers(self.home)
        end_leftover_server(self.place)
        make_cluster_once(self._place, superuser=SUPERUSER, password=self._password(SUPERUSER))
        self._process = self._new_process()
        self._process.start()
        try:
            self._process.wait_until(self._answers, timeout_s=START_S)
            self._make_roles_and_databases()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server in order (open transactions are rolled back); returns when no process is left."""
        if self._process is not None:
            self._process.stop()
            remove_temporary_socket_folder(self.folder)

    def remove(self) -> None:
        """Remove the stopped server with all its databases, wherever it lives."""
        remove_place(self.folder)

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._process is not None:
            self._process.kill()
            end_leftover_server(self.place)

    def restart_if_dead(self) -> bool:
        """Start again a server that ended by itself; returns whether it had."""
        if self._process is None or self._process.alive:
            return False
        end_leftover_server(self.place)
        self._process.start()
        self._process.wait_until(self._answers, timeout_s=START_S)
        return True

    def create_database(self, name: str, *, template: str = "template0") -> OwnedDatabase:
        """Make a database with our roles and locale, empty or a clone of ``template``, which was made here."""
        create = sql.SQL(
            "CREATE DATABASE {} OWNER {} TEMPLATE {} ENCODING 'UTF8' "
            "LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        ).format(*map(sql.Identifier, (name, OWNER, template)))
        self._execute(
            create,
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)),
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}, {}").format(
                *map(sql.Identifier, (name, WRITER, READER))
            ),
            _may_connect(name),
        )
        return self.access_to(name)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _passwords_file(self) -> Path:
        return self.folder / "passwords.json"

    def _make_passwords_once(self) -> None:
        stored: dict[str, str] = {}
        if self._passwords_file.exists():
            stored = json.loads(self._passwords_file.read_text("utf-8"))
        passwords = {role: stored.get(role) or secrets.token_urlsafe(24) for role in (SUPERUSER, *ROLES)}
        if passwords == stored:
            return
        draft = self._passwords_file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(passwords, file)
        draft.replace(self._passwords_file)

    def _password(self, role: str) -> str:
        passwords: dict[str, str] = json.loads(self._passwords_file.read_text("utf-8"))
        return passwords[role]

    def _url(self, role: str, database: str) -> str:
        socket = quote(str(self.place.socket))
        return f"postgresql+psycopg2://{role}:{quote(self._password(role), safe='')}@/{database}?host={socket}"

    def _new_process(self) -> SupervisedProcess:
        place = self.place
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(place.socket),
            "unix_socket_permissions": "0700",
            "max_connections": str(CONNECTIONS),
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        return SupervisedProcess(
            name="Database (PostgreSQL)",
            command=[
                str(place.programs / "postgres"),
                "-D",
                str(place.cluster),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            home=self.home,
            log=self.folder / "postgres.log",
            cwd=Path("/"),
            env=environment(),
            stop_signal=signal.SIGINT,  # "fast shutdown": SIGTERM would wait until every client has left
            grace_s=30.0,
            account=place.account,
        )

    def _connect_as_superuser(self, database: str = "postgres") -> "psycopg2.extensions.connection":
        return psycopg2.connect(
            host=str(self.place.socket),
            user=SUPERUSER,
            password=self._password(SUPERUSER),
            dbname=database,
            connect_timeout=5,
        )

    def _answers(self) -> bool:
        try:
            self._connect_as_superuser().close()
        except psycopg2.OperationalError:
            return False
        return True

    def _execute(self, *statements: sql.Composable) -> None:
        with closing(self._connect_as_superuser()) as connection:
            connection.autocommit = True  # CREATE DATABASE takes no transaction
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

    def _existing(self, question: str) -> set[str]:
        with closing(self._connect_as_superuser()) as connection, connection.cursor() as cursor:
            cursor.execute(question)
            return {name for (name,) in cursor.fetchall()}

    def _make_roles_and_databases(self) -> None:
        there = self._existing("SELECT rolname FROM pg_roles")
        for role in ROLES:
            if role not in there:
                self._execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                        sql.Identifier(role), sql.Literal(self._password(role))
                    )
                )
        if DRILL not in there:
            self._execute(sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(DRILL)))
        if ANALYST not in there:
            self._execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(ANALYST)))
        there = self._existing("SELECT datname FROM pg_database")
        if "letapis" not in there:
            self.create_database("letapis")
        else:
            self._execute(_may_connect("letapis"))  # made by a version without these roles
        if AIRFLOW not in there:
            self._execute(
                sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(AIRFLOW)),
                sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(AIRFLOW)),
            )


def _may_connect(database: str) -> sql.Composable:
    return sql.SQL("GRANT CONNECT ON DATABASE {} TO {}, {}, {}").format(
        *map(sql.Identifier, (database, ACCESS, SQL, ANALYST))
    )
