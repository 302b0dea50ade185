import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Table, select

from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.process.rebuild import rebuild
from processors.digest import sha256
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.ledger.custody import entries
from storage.ledger.disclosures import (
    disclosure_of_package,
    disclosures_to,
    register_disclosure,
)
from storage.ledger.exhibits import (
    ExhibitNumberError,
    ExhibitSubject,
    exhibit_by_number,
    number_exhibits,
)
from storage.ledger.memberships import add_member
from storage.ledger.tables import disclosures, exhibits
from tests.embedded_database import drop_database

POST = ExhibitSubject("record", "rec-17")
PHOTO = ExhibitSubject("medium", "sha256:" + "ab" * 32)
PAGE = ExhibitSubject("capture", "urn:uuid:1")
PACKAGE = sha256(b"a package")
SELECTION: dict[str, Any] = {
    "package_id": "01KB8Z0000000000000000000A",
    "recipient": {"name": "Regional Court", "level": "court", "request": "12/2026", "language": "lt"},
}


def rows(archive: Archive, table: Table) -> list[Any]:
    with archive.reader.connect() as connection:
        return list(connection.execute(select(table).order_by(table.c.custody_seq)))


def test_a_subject_keeps_the_number_that_it_was_given_and_numbers_follow_each_other(archive: Archive) -> None:
    first = number_exhibits(archive, [POST, PHOTO], actor="ala")
    again = number_exhibits(archive, [PAGE, POST], actor="basia")
    year = first[POST.id].at.year
    assert {subject: each.number for subject, each in {**first, **again}.items()} == {
        POST.id: f"LTP-{year}-000001",
        PHOTO.id: f"LTP-{year}-000002",
        PAGE.id: f"LTP-{year}-000003",
    }
    assert again[POST.id] == first[POST.id]
    with archive.reader.connect() as connection:
        assert exhibit_by_number(connection, f"LTP-{year}-000002") == first[PHOTO.id]
        assert exhibit_by_number(connection, f"LTP-{year}-000009") is None
        numbered = [entry for entry in entries(connection) if entry.event == "exhibit_numbered"]
    assert [(entry.actor, len(entry.details["exhibits"])) for entry in numbered] == [("ala", 2), ("basia", 1)]
    assert b"rec-17" not in numbered[0].canonical(), "entries leave the house"


def test_two_people_who_number_the_same_at_once_get_the_same_numbers(archive: Archive) -> None:
    subjects = [ExhibitSubject("record", f"rec-{number}") for number in range(6)]
    orders = [subjects, subjects[::-1], subjects[2:], subjects[:4]]
    with ThreadPoolExecutor(len(orders)) as together:
        given = list(together.map(lambda order: number_exhibits(archive, order, actor="ala"), orders))
    merged = {subject: each.number for found in given for subject, each in found.items()}
    assert all(merged[subject] == each.number for found in given for subject, each in found.items())
    assert sorted(int(number[-6:]) for number in merged.values()) == [1, 2, 3, 4, 5, 6]


def test_what_is_no_exhibit_gets_no_number(archive: Archive) -> None:
    with pytest.raises(ExhibitNumberError, match="a record, a capture, a medium"):
        number_exhibits(archive, [ExhibitSubject("source", "x")], actor="ala")
    assert rows(archive, exhibits) == []


def test_the_same_package_is_registered_once_and_one_with_other_bytes_again(archive: Archive) -> None:
    first = register_disclosure(archive, SELECTION, PACKAGE, labels=["default"], actor="kust")
    assert register_disclosure(archive, SELECTION, PACKAGE, labels=["default"], actor="ala") == first
    other = register_disclosure(archive, SELECTION, sha256(b"other"), labels=["default"], actor="kust")
    with archive.reader.connect() as connection:
        assert disclosures_to(connection, "Regional Court") == (other, first)
        assert disclosures_to(connection, "Somebody else") == ()
        assert disclosure_of_package(connection, first.package_id) == other
        (entry, _) = [entry for entry in entries(connection) if entry.event == "disclosed"]
    assert (entry.subject_digest, first.selection, first.request) == (PACKAGE, SELECTION, "12/2026")
    assert b"Regional Court" not in entry.canonical()


def test_a_disclosure_is_known_to_those_alone_who_may_see_what_was_handed_over(archive: Archive) -> None:
    label = add_member(archive, "ala", actor="kust", case="C-1").label
    made = register_disclosure(archive, SELECTION, PACKAGE, labels=["default", label], actor="kust")
    with archive.reader.connect() as connection:
        assert disclosures_to(connection, viewer=Viewer("ala", Role.CUSTODIAN)) == (made,)
        assert disclosures_to(connection, viewer=Viewer("basia", Role.CUSTODIAN)) == ()
        assert disclosure_of_package(connection, made.package_id, viewer=Viewer("basia")) is None


def test_numbers_and_register_are_restored_from_the_store_alone(
    archive: Archive, stored_settings: Settings, postgres_server: PostgresServer, migrated_template: str
) -> None:
    number_exhibits(archive, [POST, PHOTO], actor="ala")
    number_exhibits(archive, [PAGE], actor="ala")
    register_disclosure(archive, SELECTION, PACKAGE, labels=["default"], actor="kust")
    name = f"test_{secrets.token_hex(6)}"
    empty = postgres_server.create_database(name, template=migrated_template)
    elsewhere = replace(
        stored_settings,
        database_url=empty.owner_url,
        database_writer_url=empty.writer_url,
        database_reader_url=empty.reader_url,
        database_access_url=empty.access_url,
    )
    with opened_archive(elsewhere) as restored:
        rebuild(restored)
        rebuild(restored)
        assert rows(restored, exhibits) == rows(archive, exhibits)
        assert rows(restored, disclosures) == rows(archive, disclosures)
        assert number_exhibits(restored, [PAGE], actor="ala")[PAGE.id].number.endswith("-000003")
    drop_database(postgres_server, name)
