"""Engines on real PostgreSQL: what their errors say."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from pipeline.config.database import database_engine, lease_engine
from pipeline.config.settings import OwnedDatabase


def test_the_error_of_a_statement_shows_none_of_its_values(database: OwnedDatabase) -> None:
    for engine in (database_engine(database.writer_url, "a test"), lease_engine(database.writer_url)):
        with engine.connect() as connection, pytest.raises(SQLAlchemyError) as failed:
            connection.execute(text("SELECT 1 / 0, CAST(:actor AS text)"), {"actor": "ananim-7"})
        engine.dispose()
        assert "division by zero" in str(failed.value)
        assert "ananim-7" not in str(failed.value)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "INSERT INTO seen (id) VALUES ('ananim-7'), ('ananim-7')",
            "duplicate key value violates unique constraint",
        ),
        ("SELECT CAST('ananim-7' AS integer)", 'invalid input syntax for type integer: "..."'),
    ],
    ids=["detail", "quoted"],
)
def test_the_answer_of_the_server_is_shown_without_the_values_of_rows(
    database: OwnedDatabase, statement: str, says: str
) -> None:
    engine = database_engine(database.owner_url, "a test")
    with engine.connect() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE seen (id text PRIMARY KEY)"))
        with pytest.raises(SQLAlchemyError) as failed:
            connection.exec_driver_sql(statement)
    engine.dispose()
    answer = str(getattr(failed.value, "orig", ""))
    assert says in answer
    assert "ananim-7" not in answer
    assert "ananim-7" not in str(failed.value).partition("[SQL:")[0]
