from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from pipeline.config.settings import OwnedDatabase
from storage.access_labels import EVERYONE
from storage.archive import Archive
from storage.ledger.access_log import AccessNotLoggedError, accesses_of, log_access
from storage.ledger.requests import RequestUnknownError, insert_request, request_by_id


def test_a_request_is_kept_with_reason_and_case(archive: Archive) -> None:
    with archive.writer.begin() as connection:
        kept = insert_request(
            connection,
            actor="analyst",
            urls=["https://example.org/а"],
            reason="можа знікнуць",
            case_reference="K-17",
        )
    with archive.reader.connect() as connection:
        assert request_by_id(connection, kept.id) == kept


@pytest.mark.parametrize("video", [False, True])
@pytest.mark.parametrize("profile", [None, "board", "board-2_x"])
def test_how_a_request_is_to_be_fetched_is_kept(archive: Archive, video: bool, profile: str | None) -> None:
    with archive.writer.begin() as connection:
        kept = insert_request(
            connection, actor="ala", urls=["https://a.test/"], engine="browser", video=video, profile=profile
        )
    with archive.reader.connect() as connection:
        found = request_by_id(connection, kept.id)
    assert (found, found.engine, found.video, found.profile) == (kept, "browser", video, profile)


def test_a_request_that_was_never_made_is_an_error_that_names_it(archive: Archive) -> None:
    with archive.reader.connect() as connection, pytest.raises(RequestUnknownError, match="01NOTHERE"):
        request_by_id(connection, "01NOTHERE")


LOOKED = "INSERT INTO ledger.access_log VALUES (:id, now(), :actor, 'viewed', 'urn:uuid:1', '{}')"


def test_the_api_server_writes_down_who_looked_at_what(archive: Archive) -> None:
    log_access(archive, actor="analyst", action="viewed", subject_id="urn:uuid:1")
    log_access(archive, actor="admin", action="downloaded", subject_id="urn:uuid:1", details={"bytes": 3})
    log_access(archive, actor="admin", action="viewed", subject_id="urn:uuid:2")
    with archive.reader.connect() as connection:
        seen = [(entry.actor, entry.action, entry.details) for entry in accesses_of(connection, "urn:uuid:1")]
    assert seen == [("analyst", "viewed", {}), ("admin", "downloaded", {"bytes": 3})]


@pytest.mark.parametrize("role", ["writer", "reader"])
def test_writer_and_reader_write_down_nothing_in_a_persons_name(database: OwnedDatabase, role: str) -> None:
    """With the password of a worker, nobody makes it look as if an analyst had been there."""
    url = database.writer_url if role == "writer" else database.reader_url
    engine = create_engine(url)
    for statement in (LOOKED, f"SET row_security = off; {LOOKED}", f"SET ROLE letapis_access; {LOOKED}"):
        with engine.connect() as connection, pytest.raises(DBAPIError) as refused:
            connection.execute(text(statement), {"id": "1", "actor": "admin"})
        assert getattr(refused.value.orig, "pgcode", None) == "42501"
    with engine.begin() as connection:
        connection.execute(text(LOOKED), {"id": "2", "actor": EVERYONE.name})
        assert [row.actor for row in accesses_of(connection, "urn:uuid:1")] == ["letapis"]


def test_the_role_of_the_access_log_does_nothing_else(database: OwnedDatabase) -> None:
    assert database.access_url is not None
    refused = []
    with create_engine(database.access_url, isolation_level="AUTOCOMMIT").connect() as connection:
        statements = (
            "SELECT * FROM ledger.access_log",
            "UPDATE ledger.access_log SET actor = 'x'",
            "DELETE FROM ledger.access_log",
            "INSERT INTO ledger.requests VALUES ('1', now(), 'analyst', '[]', NULL, NULL)",
            "SELECT * FROM ledger.custody",
            "SELECT * FROM catalogue.captures",
            "CREATE TEMPORARY TABLE x (y int)",
            "SET ROLE letapis_writer",
        )
        for statement in statements:
            try:
                connection.execute(text(statement))
            except DBAPIError as problem:
                assert getattr(problem.orig, "pgcode", None) == "42501"
                refused.append(statement)
    assert refused == list(statements)


def test_without_the_right_to_write_it_down_nothing_is_shown_and_the_reason_is_said(archive: Archive) -> None:
    with pytest.raises(AccessNotLoggedError, match="LETAPIS_DATABASE_ACCESS_URL"):
        log_access(replace(archive, accesses=None), actor="analyst", action="viewed", subject_id="urn:uuid:1")
    log_access(replace(archive, accesses=None), actor=EVERYONE.name, action="viewed", subject_id="urn:uuid:1")
    with archive.reader.connect() as connection:
        assert [row.actor for row in accesses_of(connection, "urn:uuid:1")] == ["letapis"]
