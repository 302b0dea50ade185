"""A package with files that a person brought: received in every word, and it verifies."""

import io
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ulid import ULID

from pipeline.collect.received_statement import BroughtFile, OriginStatement
from pipeline.collect.receiving import receive_file
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.handover.package import build_package
from pipeline.handover.package_key import PackageKey
from pipeline.handover.report.build import exhibit_blocks
from pipeline.handover.report.explain import explanation
from pipeline.handover.report.gather import facts_of_capture
from pipeline.handover.report.report_texts import languages, texts_for
from pipeline.handover.selection import ExhibitKind, FrozenSelection
from storage.access_labels import Role, Viewer
from storage.catalogue.captures import Capture, first_capture_in
from storage.log.checkpoints import newest_in_ledger
from storage.log.signing import sign_next_checkpoint
from tests.access.conftest import picture
from tests.pipeline.handover.handed_over_archive import HandedOver, exhibit, handed_over_archive
from tests.pipeline.handover.test_purged_package import verified
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.log.log_archive import signer_at

STATED = OriginStatement("2026-11-20", "Сведка Сямёнаў", "знята на тэлефон", "пакой 4")
ADDRESS = "https://vesnik.example/a"


@pytest.fixture
def handed_over(
    postgres_server: PostgresServer, migrated_template: str, object_store_server: ObjectStoreServer, tmp_path: Path
) -> Iterator[HandedOver]:
    name, folder = f"received_{secrets.token_hex(4)}", tmp_path / "archive"
    with handed_over_archive(postgres_server, migrated_template, object_store_server, folder, name) as filled:
        yield filled


def brought(handed_over: HandedOver, tmp_path: Path, content: bytes, name: str) -> Capture:
    """The capture of a file that Ann brought; of a WARC file the first one in it."""
    receipt = receive_file(
        handed_over.archive,
        Settings(data=tmp_path / "data", keep_free_mb=0),
        BroughtFile(io.BytesIO(content), name),
        STATED,
        person=Viewer("ann", Role.COLLECTOR),
    )
    with handed_over.archive.reader.connect() as connection:
        capture = first_capture_in(connection, receipt.received.warc_key)
    assert capture is not None
    return capture


def chosen(handed_over: HandedOver, folder: Path, capture: Capture) -> FrozenSelection:
    sign_next_checkpoint(handed_over.archive, signer_at(folder / "log.key"), actor="tester")
    with handed_over.archive.reader.connect() as connection:
        newest = newest_in_ledger(connection)
    assert newest is not None
    return replace(
        handed_over.selection,
        checkpoint=newest.checkpoint,
        package_id=str(ULID()),
        frozen_at=datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1),
        exhibits=(exhibit(1, ExhibitKind.CAPTURE, capture.id, "video", (), {capture.id: "subject"}),),
        opened=("clock",),
    )


def test_a_received_file_goes_as_an_exhibit_that_says_received(handed_over: HandedOver, tmp_path: Path) -> None:
    capture = brought(handed_over, tmp_path, picture("PNG"), "spatkannie.png")
    selection = chosen(handed_over, tmp_path / "archive", capture)
    built = build_package(handed_over.archive, selection, tmp_path / "package", key=PackageKey.generate())
    assert built.folder is not None
    verified(built.folder)
    report = next(built.folder.rglob("report.html")).read_text("utf-8")
    assert "Sie wurde entgegengenommen, nicht beobachtet" in report
    assert "Wann und wie es beobachtet wurde" not in report and "Zeit der Aufnahme" not in report


@pytest.mark.parametrize("language", languages())
def test_the_report_says_received_in_every_language(
    handed_over: HandedOver, tmp_path: Path, language: str
) -> None:
    texts = texts_for(language)
    facts = facts_of_capture(handed_over.archive, brought(handed_over, tmp_path, b"%PDF-1.4 x", "a.pdf").id)
    assert facts is not None
    said = repr((list(exhibit_blocks(facts, texts)), explanation(facts, texts, written_at=datetime.now(UTC))))
    for name in ("received.note", "custody.received", "not_proved.received", "not_proved.truth_received"):
        assert repr(texts(name))[1:-1] in said, name
    for name in ("section.observation", "observed.asked", "not_proved.truth", "not_proved.others"):
        assert repr(texts(name))[1:-1] not in said, name


def test_a_page_of_a_web_archive_that_was_brought_says_that_the_file_states_it(
    handed_over: HandedOver, tmp_path: Path
) -> None:
    path = crawl_one(tmp_path / "elsewhere", [exchange(ADDRESS, response(b"<p>a</p>"))])
    facts = facts_of_capture(handed_over.archive, brought(handed_over, tmp_path, path.read_bytes(), path.name).id)
    assert facts is not None and facts.custody is not None
    assert (facts.custody.received, facts.custody.imported, facts.custody.signed) == (True, True, False)
    texts = texts_for("en")
    said = repr((list(exhibit_blocks(facts, texts)), explanation(facts, texts, written_at=datetime.now(UTC))))
    assert "A person brought the file in which the capture of the address" in said
    assert texts("custody.received_container") in said
