import pytest

from storage.access_log import accesses_of, log_access
from storage.archive import Archive
from storage.requests import RequestUnknownError, keep_request, request_by_id


def test_a_request_is_kept_with_reason_and_case(archive: Archive) -> None:
    with archive.writer.begin() as connection:
        kept = keep_request(
            connection,
            actor="analyst",
            urls=["https://example.org/а"],
            reason="можа знікнуць",
            case_reference="K-17",
        )
    with archive.reader.connect() as connection:
        assert request_by_id(connection, kept.id) == kept


def test_a_request_that_was_never_made_is_an_error_that_names_it(archive: Archive) -> None:
    with archive.reader.connect() as connection, pytest.raises(RequestUnknownError, match="01NOTHERE"):
        request_by_id(connection, "01NOTHERE")


def test_the_reader_may_write_down_who_looked_at_what(archive: Archive) -> None:
    with archive.reader.begin() as connection:
        log_access(connection, actor="analyst", action="viewed", subject_id="urn:uuid:1")
        log_access(connection, actor="admin", action="downloaded", subject_id="urn:uuid:1", details={"bytes": 3})
        log_access(connection, actor="admin", action="viewed", subject_id="urn:uuid:2")
    with archive.reader.connect() as connection:
        seen = [(entry.actor, entry.action, entry.details) for entry in accesses_of(connection, "urn:uuid:1")]
    assert seen == [("analyst", "viewed", {}), ("admin", "downloaded", {"bytes": 3})]
