"""What tests do with the embedded PostgreSQL as its superuser, a role that nothing in production uses."""

import json
from contextlib import closing

import psycopg2
from psycopg2 import sql

from pipeline.devstack.postgres import SUPERUSER, PostgresServer


def superuser_password(server: PostgresServer) -> str:
    """The password of `postgres`, from the file that the server keeps for its owner."""
    passwords: dict[str, str] = json.loads((server.folder / "passwords.json").read_text("utf-8"))
    return passwords[SUPERUSER]


def drop_database(server: PostgresServer, name: str) -> None:
    """Remove a database, and end every connection to it."""
    password = superuser_password(server)
    with closing(
        psycopg2.connect(host=str(server.place.socket), user=SUPERUSER, password=password, dbname="postgres")
    ) as connection:
        connection.autocommit = True  # DROP DATABASE takes no transaction
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
