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
