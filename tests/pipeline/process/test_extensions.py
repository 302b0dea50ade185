"""An operator's parser over two nights: records of an own kind, its deposit, its versions, and a worker without
it.
"""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from access.views.changes import changes_of
from access.views.search import found, one_record
from crawlers.extensions.folder import ExtensionFolder
from crawlers.watchlist.source import Source
from pipeline.process.extensions import ExtensionUse, deposited_last
from pipeline.process.rebuild import RebuildReport, rebuild
from pipeline.process.run import ProcessReport, process_pending
from processors.digest import sha256
from storage.archive import Archive
from storage.catalogue.records import reading_problem
from storage.catalogue.tables import captures, readings, records, versions, warcs
from storage.deposit.deposit import deposit_file
from storage.ledger.extensions import code_of_version, extension_deposits
from storage.queries.changes import changes
from storage.search_index.question import SearchQuery
from tests.processors.extension.extensions import FILES, PARSER, URL, page, row
from tests.storage.crawled_files import crawl_one, exchange, response

NIGHTS = tuple(datetime(2026, 11, day, 21, 0, tzinfo=UTC) for day in (19, 20, 21))
POLICE = Source(id="police", kind="register", pages=(URL,), parser="detained.parser:Detained")
COURT = Source(id="court", kind="court_list", pages=("https://court.example.org/list",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The operator's folder, with the extension ``detained``."""
    top = tmp_path / "extensions"
    (top / "detained").mkdir(parents=True)
    write(top)
    return top


def write(top: Path, **changed: str) -> None:
    for name, content in {**FILES, **{f"{module}.py": text.encode() for module, text in changed.items()}}.items():
        (top / "detained" / name).write_bytes(content)
    for each in (top, *top.rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o644)


def use(folder: Path | None) -> ExtensionUse:
    return ExtensionUse(ExtensionFolder(folder), "collector-1")


def visited(archive: Archive, spool: Path, night: int, *rows: str, source: Source = POLICE, url: str = URL) -> str:
    """Deposit one night's visit of the list; returns the key of its file."""
    block = response(page(*rows, url=url).body)
    item = exchange(url, block, at=NIGHTS[night] + timedelta(seconds=1))
    return deposit_file(archive, crawl_one(spool, [item], source=source)).key


def process(archive: Archive, folder: Path | None) -> ProcessReport:
    return process_pending(archive, extensions=use(folder))


def changes_seen(archive: Archive) -> list[tuple[str, str]]:
    with archive.reader.connect() as connection:
        return sorted((change.kind, change.natural_key) for change in changes(connection, "police"))


def versions_that_read(archive: Archive) -> set[str]:
    with archive.reader.connect() as connection:
        return set(connection.scalars(select(readings.c.parser_version)))


def test_records_of_an_own_kind_are_searched_shown_and_compared(
    archive: Archive, tmp_path: Path, folder: Path
) -> None:
    visited(archive, tmp_path / "spool", 0, row("17", "Ales Novik"), row("18", "Vera Kos"))
    visited(
        archive,
        tmp_path / "spool",
        1,
        row("17", "Ales Novik", views=9),
        row("18", "Viera Kos"),
        row("19", "Jan Lis"),
    )
    visited(archive, tmp_path / "spool", 2, row("18", "Viera Kos"), row("19", "Jan Lis"))
    report = process(archive, folder)
    assert (report.pages, report.records, report.unreadable, report.waiting.pages) == (3, 7, 0, {})

    answer = found(archive, SearchQuery(text="Novik", kind=("detained.entry",)))
    (hit,) = answer.rows
    assert (hit["kind"], hit["heading"], hit["dated_at"], hit["source"]) == (
        "detained.entry",
        "Ales Novik",
        "2026-11-19T11:30:00Z",
        "police",
    )
    assert list(hit)[:6] == ["kind", "url", "title", "starts_at", "starts_raw", "number"]
    assert found(archive, SearchQuery(text="Novik", kind=("hearing",))).rows == []

    (kos,) = found(archive, SearchQuery(text="Viera")).rows
    shown = one_record(archive, kos["record_id"])
    assert shown is not None
    assert [version["content"]["title"] for version in shown["versions"]] == ["Vera Kos", "Viera Kos"]
    assert [each["field"] for each in shown["versions"][1]["differences"]] == ["title"]

    assert changes_seen(archive) == [("added", "police|19"), ("edited", "police|18"), ("missing", "police|17")]
    (edit,) = changes_of(archive, "police", only="edited")
    assert (edit["heading"], edit["fields"]) == ("Viera Kos", ["title"])


def test_of_a_list_that_is_not_complete_nothing_is_missing(archive: Archive, tmp_path: Path, folder: Path) -> None:
    write(folder, parser=PARSER.replace("complete_list=True", "complete_list=False"))
    visited(archive, tmp_path / "spool", 0, row("17", "A"), row("18", "B"))
    visited(archive, tmp_path / "spool", 1, row("18", "C"), row("19", "D"))
    process(archive, folder)
    assert changes_seen(archive) == [("edited", "police|18")]


def test_the_code_is_in_custody_and_the_parser_version_leads_to_it(
    archive: Archive, tmp_path: Path, folder: Path
) -> None:
    visited(archive, tmp_path / "spool", 0, row("17", "A"))
    process(archive, folder)
    (version,) = versions_that_read(archive)
    code = ExtensionFolder(folder).code("detained")
    assert version == f"detained.parser:Detained/1@{code.digest.value.hex()[:16]}"
    with archive.reader.connect() as connection:
        entry = code_of_version(connection, version)
        assert code_of_version(connection, "register-4") is None
    assert entry is not None
    assert (entry.event, entry.subject_id) == ("extension_deposited", f"extensions/detained/{code.digest.hex}.tar")
    stored = archive.objects.read(entry.subject_id, entry.details["object_version"])
    assert (stored, sha256(stored)) == (code.archive, entry.subject_digest)
    head = archive.objects.head(entry.subject_id)
    assert head is not None
    assert head.locked_until is not None


def test_the_same_code_is_deposited_once(archive: Archive, tmp_path: Path, folder: Path) -> None:
    for night in (0, 1):
        visited(archive, tmp_path / "spool", night, row("17", "A"))
        process(archive, folder)
    with archive.reader.connect() as connection:
        assert len(extension_deposits(connection, "detained")) == 1


def test_changed_code_reads_its_own_sources_again_and_no_other(
    archive: Archive, tmp_path: Path, folder: Path
) -> None:
    visited(archive, tmp_path / "spool", 0, row("17", "A"))
    visited(archive, tmp_path / "spool", 0, source=COURT, url=COURT.pages[0])
    assert process(archive, folder).files == 2
    assert process(archive, folder).files == 0
    write(folder, places="def station(text):\n    return text.upper()\n")
    again = process(archive, folder)
    assert (again.files, again.records) == (1, 1)
    (hit,) = found(archive, SearchQuery(kind=("detained.entry",))).rows
    assert hit["station_raw"] == "LENIN DISTRICT"
    with archive.reader.connect() as connection:
        assert len(extension_deposits(connection, "detained")) == 2
    (folder / "detained" / "pages").mkdir(mode=0o755)
    (folder / "detained" / "pages" / "new.html").write_text("<p>")
    assert process(archive, folder).files == 0, "a stored page is no code"


def test_a_page_whose_parser_is_not_here_waits_and_is_named(
    archive: Archive, tmp_path: Path, folder: Path
) -> None:
    visited(archive, tmp_path / "spool", 0, row("17", "A"))
    report = process(archive, None)
    assert (report.pages, report.records, report.unreadable) == (1, 0, 0)
    assert report.waiting.pages == {("detained.parser:Detained", "police"): 1}
    with archive.reader.connect() as connection:
        (capture,) = connection.scalars(select(captures.c.id))
        problem = reading_problem(connection, capture)
    assert problem is not None
    assert problem.startswith("detained.parser:Detained: the page waits for this parser, which cannot read here: ")
    assert "LETAPIS_EXTENSIONS" in problem
    assert changes_seen(archive) == []
    assert process(archive, None).files == 0, "and is not tried again until something changes"
    assert process(archive, folder).records == 1
    assert process(archive, folder).files == 0


def test_a_worker_without_the_folder_leaves_readings_as_they_are(
    archive: Archive, tmp_path: Path, folder: Path
) -> None:
    visited(archive, tmp_path / "spool", 0, row("17", "A"))
    process(archive, folder)
    before = versions_that_read(archive)
    assert process(archive, None).files == 0
    with archive.writer.begin() as connection:  # as if a parser of ours had changed meanwhile
        connection.execute(warcs.update().values(processed_with="older"))
    process(archive, None)
    assert versions_that_read(archive) == before
    with archive.reader.connect() as connection:
        assert len(connection.execute(select(records)).all()) == 1


def test_a_folder_that_others_may_write_to_is_not_used(archive: Archive, tmp_path: Path, folder: Path) -> None:
    visited(archive, tmp_path / "spool", 0, row("17", "A"))
    (folder / "detained" / "parser.py").chmod(0o666)
    report = process(archive, folder)
    assert list(report.waiting.pages) == [("detained.parser:Detained", "police")]
    with archive.reader.connect() as connection:
        assert extension_deposits(connection, "detained") == ()


def test_a_parser_that_raises_on_one_page_costs_that_page_alone(
    archive: Archive, tmp_path: Path, folder: Path
) -> None:
    visited(archive, tmp_path / "spool", 0, row("17", "A"))
    visited(archive, tmp_path / "spool", 1, row("17", "A"), row("eighteen", "B"))
    visited(archive, tmp_path / "spool", 2, row("17", "A"))
    report = process(archive, folder)
    assert (report.pages, report.records, report.unreadable) == (3, 2, 1)
    assert report.failed == ()
    with archive.reader.connect() as connection:
        problems = [each for each in connection.scalars(select(readings.c.problem)) if each]
    assert problems == [
        "detained.parser:Detained: ValueError: record 2: number: 'eighteen' does not match '^[0-9]+$'"
    ]
    assert changes_seen(archive) == [], "nobody takes what was not read for missing"


def test_what_did_not_change_is_not_parsed_again(archive: Archive, tmp_path: Path, folder: Path) -> None:
    for night in (0, 1):
        visited(archive, tmp_path / "spool", night, row("17", "A"))
    assert process(archive, folder).records == 2
    with archive.reader.connect() as connection:
        rows = connection.execute(select(readings.c.kind, readings.c.layout, readings.c.records)).all()
    assert [tuple(each) for each in rows] == [("detained.entry", "complete list", 1)] * 2


def test_a_source_that_names_no_class_costs_its_pages_only(archive: Archive, tmp_path: Path, folder: Path) -> None:
    visited(archive, tmp_path / "spool", 0, row("17", "A"))
    visited(archive, tmp_path / "spool", 0, row("18", "B"), source=replace(POLICE, id="other", parser="os:system"))
    report = process(archive, folder)
    assert (report.records, report.waiting.pages) == (1, {("os:system", "other"): 1})


def rebuilt(archive: Archive, folder: Path | None) -> RebuildReport:
    return rebuild(archive, extensions=deposited_last(archive, ExtensionFolder(folder), "collector-1"))


def rows_of(archive: Archive) -> list[tuple[object, ...]]:
    with archive.reader.connect() as connection:
        asked = select(versions.c.id, versions.c.record_id, versions.c.content, versions.c.text).order_by(
            versions.c.id
        )
        return [tuple(each) for each in connection.execute(asked)]


def test_a_rebuild_without_the_code_names_what_stays_unread_and_with_it_gives_equal_rows(
    archive: Archive, tmp_path: Path, folder: Path
) -> None:
    for night in (0, 1):
        visited(archive, tmp_path / "spool", night, row("17", "A"), row("18", f"B{night}"))
    process(archive, folder)
    before = rows_of(archive)
    code = ExtensionFolder(folder).code("detained")

    without = rebuilt(archive, None)
    (unread,) = without.waiting
    assert (unread.parser, unread.sources, unread.pages) == ("detained.parser:Detained", ("police",), 2)
    assert unread.digest == str(code.digest)
    assert "LETAPIS_EXTENSIONS" in unread.reason
    assert rows_of(archive) == []

    assert rebuilt(archive, folder).waiting == ()
    assert rows_of(archive) == before


def test_a_rebuild_runs_other_code_than_was_deposited_only_when_asked(
    archive: Archive, tmp_path: Path, folder: Path
) -> None:
    visited(archive, tmp_path / "spool", 0, row("17", "A"))
    process(archive, folder)
    digest = ExtensionFolder(folder).code("detained").digest
    write(folder, places="def station(text):\n    return text.upper()\n")
    other = ExtensionFolder(folder).code("detained").digest

    (unread,) = rebuilt(archive, folder).waiting
    assert f"expected the code that was deposited last, {digest}, found {other} in {folder}" in unread.reason
    assert "letapis rebuild --with-extensions" in unread.reason
    assert rows_of(archive) == []

    assert rebuild(archive, extensions=use(folder)).waiting == ()
    (hit,) = found(archive, SearchQuery(kind=("detained.entry",))).rows
    assert hit["station_raw"] == "LENIN DISTRICT"


def test_a_rebuild_never_runs_what_the_store_holds(archive: Archive, tmp_path: Path, folder: Path) -> None:
    visited(archive, tmp_path / "spool", 0, row("17", "A"))
    process(archive, folder)
    shutil.rmtree(folder / "detained")
    (unread,) = rebuilt(archive, folder).waiting
    assert f"there is no folder {folder / 'detained'}" in unread.reason
    with archive.reader.connect() as connection:
        (entry,) = extension_deposits(connection, "detained")
    assert archive.objects.head(entry.subject_id) is not None, "the code is in the store, and stays there"
