"""Lists over two nights: registers, notices, and hearings in documents; what changed, and what did not."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from crawlers.model.capture import Captured
from crawlers.watchlist.loader import read_watchlist
from crawlers.watchlist.source import Source
from pipeline.process.run import process_pending
from processors.parsing.parser_versions import read_page
from processors.parsing.sandboxed_parsers import ConfinedParsers
from samples import expected as sample_persons
from samples import expected_registers as expected
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.tables import readings, sightings, versions
from storage.deposit.deposit import deposit_file
from storage.queries.changes import changes
from tests.processors.documents import packed_documents as making_packed
from tests.processors.documents import pdf_documents as making_pdf
from tests.samples.conftest import Visitor
from tests.storage.crawled_files import crawl_one, exchange, response

NIGHTS = {1: datetime(2026, 11, 9, 21, 0, tzinfo=UTC), 2: datetime(2026, 11, 10, 21, 0, tzinfo=UTC)}
SAMPLES = Path(__file__).parents[3] / "samples" / "watchlist.yaml"
WATCHLIST = Path(__file__).parents[3] / "samples" / "watchlist-registers.yaml"
LIST, DOCX = "https://sud.pryklad.by/spis/", "https://sud.pryklad.by/spis/12.docx"
COURT = Source(id="sud", kind="court_list", pages=(LIST,))


@pytest.fixture(scope="module")
def sites() -> Iterator[SampleSites]:
    with SampleSites() as running:
        yield running


def seal(archive: Archive, spool: Path, source: Source, night: int, pages: dict[str, tuple[bytes, str]]) -> None:
    """Deposit one crawl that got these pages."""
    items: list[Captured] = [
        exchange(url, response(body, kind), at=NIGHTS[night] + timedelta(seconds=number))
        for number, (url, (body, kind)) in enumerate(pages.items())
    ]
    deposit_file(archive, crawl_one(spool, items, source=source))


def collect(archive: Archive, spool: Path, sites: SampleSites, source: Source, night: int) -> None:
    """Walk the sample list as its spider does, and deposit what it got."""
    sites.set_day(night)
    visitor = Visitor(sites)
    waiting, pages = list(source.seeds), dict[str, tuple[bytes, str]]()
    while waiting:
        url = waiting.pop(0)
        if url not in pages:
            page = visitor.get(url).page
            pages[url] = (page.body, page.content_type or "")
            waiting += read_page(page, source.kind, layout=source.layout).links.next_pages
    sites.set_day(1)
    seal(archive, spool, source, night, pages)


def named(archive: Archive, source_id: str, field: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Changes of a source: kind, what a field of the version says, the fields that differ."""
    with archive.reader.connect() as connection:
        contents = {row.id: row.content for row in connection.execute(select(versions))}
        return sorted(
            (change.kind, str(contents[change.version_ids[-1]][field]), change.fields)
            for change in changes(connection, source_id)
        )


def test_entries_of_a_register_that_come_change_and_vanish_are_named(
    archive: Archive, tmp_path: Path, sites: SampleSites
) -> None:
    (source,) = (each for each in read_watchlist(WATCHLIST).sources if each.id == expected.REGISTER_SOURCE)
    for night in (1, 2):
        collect(archive, tmp_path, sites, source, night)
    report = process_pending(archive)
    assert report.records == len(expected.entries(1)) + len(expected.entries(2))
    assert named(archive, source.id, "name_raw") == [
        ("added", expected.NEW_ENTRY, ()),
        ("edited", expected.EDITED_ENTRY, ("act_raw",)),
        ("missing", expected.GONE_ENTRY, ()),
    ]


def test_a_vanished_entry_is_shown_by_both_captures(archive: Archive, tmp_path: Path, sites: SampleSites) -> None:
    (source,) = (each for each in read_watchlist(WATCHLIST).sources if each.id == expected.REGISTER_SOURCE)
    for night in (1, 2):
        collect(archive, tmp_path, sites, source, night)
    process_pending(archive)
    with archive.reader.connect() as connection:
        (gone,) = (each for each in changes(connection, source.id) if each.kind == "missing")
        seen = {row.capture_id: row.captured_at for row in connection.execute(select(readings))}
    first, *later = gone.capture_ids
    assert seen[first].date() == NIGHTS[1].date()
    assert {seen[each].date() for each in later} == {NIGHTS[2].date()}
    assert len(later) == expected.REGISTER_PAGES


def test_notices_that_come_change_and_vanish_are_named(
    archive: Archive, tmp_path: Path, sites: SampleSites
) -> None:
    (source,) = (each for each in read_watchlist(WATCHLIST).sources if each.id == expected.NOTICE_SOURCE)
    for night in (1, 2):
        collect(archive, tmp_path, sites, source, night)
    process_pending(archive)
    assert named(archive, source.id, "title") == [
        ("added", expected.NEW_NOTICE, ()),
        ("edited", expected.EDITED_NOTICE, ("article_codes", "text")),
        ("missing", expected.GONE_NOTICE, ()),
    ]


def test_wanted_persons_who_come_change_and_vanish_are_named(
    archive: Archive, tmp_path: Path, sites: SampleSites
) -> None:
    (source,) = (each for each in read_watchlist(SAMPLES).sources if each.id == sample_persons.WANTED_SOURCE)
    for night in (1, 2):
        collect(archive, tmp_path, sites, source, night)
    assert process_pending(archive).records == len(sample_persons.persons(1)) + len(sample_persons.persons(2))
    assert named(archive, source.id, "identifier") == [
        ("added", sample_persons.NEW_PERSON[0], ()),
        ("edited", sample_persons.EDITED_PERSON, ("article_codes", "offence_raw")),
        ("missing", sample_persons.GONE_PERSON, ()),
    ]


ROLL, PERSONS = "https://vyshuk.pryklad.by/vyshuk/", ("Прыклад Ян", "Узор Ганна", "Выдуманы Пётр")


def roll(*numbers: int) -> tuple[bytes, str]:
    """A list that shows names and links alone."""
    cards = "".join(
        f"<li class=card><a href='/vyshuk/{number}/'><img src='/{number}.jpg'>{PERSONS[number]}</a></li>"
        for number in numbers
    )
    return f"<html lang=be><title>Вышук</title><h1>Асобы ў вышуку</h1><ul>{cards}</ul>".encode(), "text/html"


def of_person(number: int) -> tuple[bytes, str]:
    facts = f"<p>Дата нараджэння: 1{number}.03.1988</p><p>Артыкул: арт. 342 КК</p>"
    return f"<html lang=be><title>Вышук</title><h1>{PERSONS[number]}</h1>{facts}".encode(), "text/html"


@pytest.mark.parametrize("got_all", [True, False])
def test_a_person_is_missing_only_where_every_page_of_a_person_was_read(
    archive: Archive, tmp_path: Path, got_all: bool
) -> None:
    source = Source(id="roll", kind="wanted_list", pages=(ROLL,))
    first, second, third = ({f"{ROLL}{number}/": of_person(number)} for number in (0, 1, 2))
    seal(archive, tmp_path, source, 1, {ROLL: roll(0, 1, 2), **first, **second, **third})
    later = roll(0, 2) if got_all else roll(0, 1, 2)
    seal(archive, tmp_path, source, 2, {ROLL: later, **first, **third})
    assert process_pending(archive).records == 5
    assert named(archive, source.id, "name_raw") == ([("missing", PERSONS[1], ())] if got_all else [])


CIVIL, CRIMINAL = "https://sud.pryklad.by/civil/", "https://sud.pryklad.by/criminal/"
ROBOTS = ("https://sud.pryklad.by/robots.txt", (b"User-agent: *\nAllow: /\n", "text/plain"))


def schedule(*rows: list[str]) -> tuple[bytes, str]:
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in (HEAD, *rows))
    return f"<html lang=be><title>Спіс</title><table>{cells}</table>".encode(), "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("second_night", "missing"),
    [
        ({}, []),
        ({CIVIL: 1}, []),
        ({CIVIL: 1, CRIMINAL: 0}, [("missing", "1-81/2026", ())]),
    ],
    ids=["neither-could-be-fetched", "one-could-be-fetched", "both-were-read"],
)
def test_a_page_that_could_not_be_fetched_makes_nothing_on_it_missing(
    archive: Archive, tmp_path: Path, second_night: dict[str, int], missing: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    source = Source(id="two-lists", kind="court_list", pages=(CIVIL, CRIMINAL))
    robots = dict([ROBOTS])
    seal(archive, tmp_path, source, 1, robots | {CIVIL: schedule(FIRST), CRIMINAL: schedule(SECOND)})
    pages = {url: schedule(*([FIRST] * rows)) if rows else schedule(THIRD) for url, rows in second_night.items()}
    seal(archive, tmp_path, source, 2, robots | pages)
    process_pending(archive)

    assert [each for each in named(archive, source.id, "case_number") if each[0] != "added"] == missing


HEAD = ["Дата і час", "Зала", "Суддзя", "Нумар справы", "Бакі"]
FIRST = ["01.12.2026 10:00", "5", "Узорны П. Р.", "1-77/2026", "А. А."]
SECOND = ["01.12.2026 12:00", "5", "Узорны П. Р.", "1-81/2026", "Б. Б."]
THIRD = ["01.12.2026 15:00", "5", "Узорны П. Р.", "1-90/2026", "В. В."]
MOVED = ["02.12.2026 09:00", "7", "Узорны П. Р.", "1-77/2026", "А. А."]
OF_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def index_page() -> tuple[bytes, str]:
    links = f'<p><a href="{DOCX}">Спіс на снежань (DOCX)</a></p>'
    return (
        f"<html lang=be><title>Спісы</title><body><h1>Суд Прыкладнага раёна</h1>{links}</body></html>".encode(),
        "text/html; charset=utf-8",
    )


def paper(*rows: list[str]) -> tuple[bytes, str]:
    return making_packed.docx(making_packed.docx_table([HEAD, *rows])), OF_WORD


def test_hearings_in_a_document_are_read_moved_and_missed(archive: Archive, tmp_path: Path) -> None:
    seal(archive, tmp_path, COURT, 1, {LIST: index_page(), DOCX: paper(FIRST, SECOND)})
    seal(archive, tmp_path, COURT, 2, {LIST: index_page(), DOCX: paper(MOVED)})
    assert process_pending(archive).records == 3
    assert named(archive, "sud", "case_number") == [
        ("missing", "1-81/2026", ()),
        ("moved", "1-77/2026", ("room", "starts_at", "starts_raw")),
    ]


def test_a_document_that_is_taken_down_says_nothing_of_its_hearings(archive: Archive, tmp_path: Path) -> None:
    other = "https://sud.pryklad.by/spis/13.docx"
    seal(archive, tmp_path, COURT, 1, {LIST: index_page(), DOCX: paper(FIRST)})
    page, kind = index_page()
    seal(archive, tmp_path, COURT, 2, {LIST: (page.replace(b"12.docx", b"13.docx"), kind), other: paper(SECOND)})
    process_pending(archive)
    assert "missing" not in {kind for kind, *_ in named(archive, "sud", "case_number")}


def test_an_unchanged_document_is_seen_again_and_not_parsed_again(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {LIST: index_page(), DOCX: paper(FIRST, SECOND)}
    seal(archive, tmp_path, COURT, 1, pages)
    process_pending(archive)

    def parsed(*_: object, **__: object) -> None:
        raise AssertionError("parsed again")

    seal(archive, tmp_path, COURT, 2, pages)
    with monkeypatch.context() as patched:
        patched.setattr(ConfinedParsers, "read_page", parsed)
        patched.setattr("processors.documents.sandboxed_reader.DocumentReader.read", parsed)
        report = process_pending(archive)
    assert (report.pages, report.records, report.unreadable) == (2, 2, 0)
    with archive.reader.connect() as connection:
        seen = connection.execute(select(sightings)).all()
        assert len({row.version_id for row in seen}) == 2
        assert {row.captured_at.date() for row in seen} == {night.date() for night in NIGHTS.values()}
        assert changes(connection, "sud") == ()


def test_a_scanned_list_is_unread_with_its_reason(archive: Archive, tmp_path: Path) -> None:
    scan = making_pdf.scanned_pdf(bytes([200]) * 40_000, (200, 200))
    seal(archive, tmp_path, COURT, 1, {LIST: (scan, "application/pdf")})
    report = process_pending(archive)
    assert (report.pages, report.records, report.unreadable) == (1, 0, 1)
    with archive.reader.connect() as connection:
        (row,) = connection.execute(select(readings.c.outcome, readings.c.problem))
    assert row.outcome == "empty"
    assert "the PDF was not read: page 1 is a scanned picture" in row.problem


def test_a_list_in_json_is_read_by_its_bytes(archive: Archive, tmp_path: Path) -> None:
    rows = '[{"date": "12.11.2026 10:00", "judge": "Умовна О. О.", "number": "999/1/26", "involved": "Особа 1"}]'
    url = "https://pr.court.gov.ua/new.php"
    source = Source(id="ua", kind="court_list", pages=(url,))
    seal(archive, tmp_path, source, 1, {url: (rows.encode(), "application/json")})
    assert process_pending(archive).records == 1


PAGES = int(os.environ.get("LETAPIS_LIST_PAGES", "60"))
"""Of the long list, six rows each; 1000 for the figure in docs/quality.md."""


def long_list(night: int) -> dict[str, tuple[bytes, str]]:
    """A list over many pages; on night 2 one row in a hundred is moved, and one has vanished."""
    address = "https://sud.pryklad.by/long/"
    pages = {}
    for page in range(1, PAGES + 1):
        rows = []
        for number in range(page * 6, page * 6 + 6):
            day = 2 if night == 2 and number % 100 == 50 else 1
            cells = (f"{day:02d}.12.2026 10:00", "5", "Узорны П. Р.", f"2-{number}/2026", f"Асоба {number}")
            if night == 1 or number != 33:
                rows.append("".join(f"<td>{cell}</td>" for cell in cells))
        head = "".join(f"<th>{cell}</th>" for cell in HEAD)
        table = f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
        onward = f"<a rel=next href='?page={page + 1}'>Наступная</a>" if page < PAGES else ""
        url = address if page == 1 else f"{address}?page={page}"
        body = f"<html lang=be><body><h1>Суд Прыкладнага раёна</h1>{table}{onward}</body></html>"
        pages[url] = (body.encode(), "text/html; charset=utf-8")
    return pages


@pytest.mark.timeout(900)
def test_of_a_long_list_only_what_moved_or_vanished_is_named(archive: Archive, tmp_path: Path) -> None:
    source = Source(id="long", kind="court_list", pages=("https://sud.pryklad.by/long/",))
    for night in (1, 2):
        seal(archive, tmp_path, source, night, long_list(night))
    assert process_pending(archive).records == PAGES * 12 - 1
    moved = [number for number in range(6, PAGES * 6 + 6) if number % 100 == 50]
    with archive.reader.connect() as connection:
        found = changes(connection, "long")
    assert sorted((each.kind, each.natural_key.rpartition("|")[2]) for each in found) == sorted(
        [*(("moved", f"2-{number}/2026") for number in moved), ("missing", "2-33/2026")]
    )
