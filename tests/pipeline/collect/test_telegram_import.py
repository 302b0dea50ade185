"""An export of Telegram Desktop becomes evidence and records beside the preview's, never mixed with them."""

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.collect.telegram_import import Imported, NotAnExportError, import_export
from pipeline.process.rebuild import rebuild
from pipeline.process.run import process_pending
from processors.digest import sha256
from samples.media.files import media_file
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_of
from storage.catalogue.records import sightings_of_record
from storage.catalogue.tables import records, sightings, versions
from storage.deposit.record_reader import read_record
from storage.queries.changes import changes
from storage.similarity.media import medium, occurrences_of

FIXTURE = Path(__file__).parents[2] / "processors" / "pages" / "fixtures" / "telegram-export" / "page.html"
ADDRESS = "file:///telegram-export/1700000001"
PHOTO = media_file("tram/w800/q82").content


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An invented export: the stored result.json, a picture, a paper, and a link that leads out of the folder."""
    folder = tmp_path / "ChatExport_2026-11-20"
    (folder / "photos").mkdir(parents=True)
    (folder / "files").mkdir()
    shutil.copy(FIXTURE, folder / "result.json")
    (folder / "photos" / "photo_1@01-10-2026_12-00-00.jpg").write_bytes(PHOTO)
    (folder / "files" / "spis.pdf").write_bytes(b"%PDF-1.4 \xd1\x96")
    (tmp_path / "secret").write_text("not of the export")
    (folder / "files" / "link").symlink_to(tmp_path / "secret")
    return folder


def import_from(archive: Archive, export: Path, tmp_path: Path) -> Imported:
    return import_export(archive, export, tmp_path / "spool", actor="tester")


def only(archive: Archive, url: str) -> Capture:
    with archive.reader.connect() as connection:
        (capture,) = captures_of(connection, url)
    return capture


def test_every_file_is_kept_byte_for_byte_and_nothing_from_beside_the_folder(
    archive: Archive, export: Path, tmp_path: Path
) -> None:
    imported = import_from(archive, export, tmp_path)
    assert (imported.files, imported.known_before, len(imported.deposited)) == (3, 0, 1)
    for path, address in (
        ("result.json", f"{ADDRESS}/result.json"),
        ("photos/photo_1@01-10-2026_12-00-00.jpg", f"{ADDRESS}/photos/photo_1%4001-10-2026_12-00-00.jpg"),
        ("files/spis.pdf", f"{ADDRESS}/files/spis.pdf"),
    ):
        sealed = read_record(archive, only(archive, address))
        assert sealed.block == (export / path).read_bytes()
        assert ("WARC-Type", "resource") in sealed.fields


def test_posts_are_marked_as_exported_and_their_pictures_are_media(
    archive: Archive, export: Path, tmp_path: Path
) -> None:
    import_from(archive, export, tmp_path)
    process_pending(archive)
    with archive.reader.connect() as connection:
        keys = set(connection.scalars(select(records.c.natural_key)))
        record = connection.scalar(select(records.c.id).where(records.c.natural_key == "-1700000001/3"))
        (seen,) = sightings_of_record(connection, str(record))
        shown = [capture.url for capture in occurrences_of(connection, sha256(PHOTO))]
        assert medium(connection, sha256(PHOTO)) is not None
    assert keys == {f"-1700000001/{number}" for number in (1, 2, 3, 4, 6, 7, 8, 9)}
    assert seen.content["export"]["chat_type"] == "public_channel"
    assert shown == [seen.content["media"][0]["url"]]


def test_the_same_export_again_changes_nothing(archive: Archive, export: Path, tmp_path: Path) -> None:
    import_from(archive, export, tmp_path)
    again = import_from(archive, export, tmp_path)
    assert (again.files, again.known_before, again.deposited) == (3, 3, ())


def test_a_later_export_shows_an_edit_and_claims_nothing_of_what_it_leaves_out(
    archive: Archive, export: Path, tmp_path: Path
) -> None:
    first = import_from(archive, export, tmp_path)
    whole = json.loads((export / "result.json").read_text("utf-8"))
    whole["messages"] = [message for message in whole["messages"] if message["id"] in (2, 3)]
    whole["messages"][1]["text"] = "Іншы подпіс"
    whole["messages"][1]["text_entities"] = [{"type": "plain", "text": "Іншы подпіс"}]
    (export / "result.json").write_text(json.dumps(whole, ensure_ascii=False), "utf-8")
    second = import_from(archive, export, tmp_path)
    process_pending(archive)
    with archive.reader.connect() as connection:
        found = [(change.kind, change.natural_key) for change in changes(connection, first.source_id)]
    assert (second.known_before, found) == (2, [("edited", "-1700000001/3")])


def test_a_rebuild_reads_the_export_again_with_equal_rows(archive: Archive, export: Path, tmp_path: Path) -> None:
    import_from(archive, export, tmp_path)
    process_pending(archive)

    def rows() -> list[tuple[object, ...]]:
        asked = select(sightings.c.record_id, versions.c.id, versions.c.content).join(
            versions, versions.c.id == sightings.c.version_id
        )
        with archive.reader.connect() as connection:
            return sorted(map(tuple, connection.execute(asked)), key=str)

    before = rows()
    rebuild(archive)
    assert before and rows() == before


@pytest.mark.parametrize("content", [None, b"{}", b"[1, 2", b'{"messages": []}'])
def test_a_folder_that_is_no_export_is_refused(archive: Archive, tmp_path: Path, content: bytes | None) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    if content is not None:
        (folder / "result.json").write_bytes(content)
    with pytest.raises(NotAnExportError, match="Nothing was imported"):
        import_from(archive, folder, tmp_path)
