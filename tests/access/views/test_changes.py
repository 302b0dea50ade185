"""What changed at a source: an invented court's list over three nights, asked by command, page and API."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from access.app import create_app
from crawlers.watchlist.source import Source
from pipeline.cli import app
from pipeline.config.settings import Settings, variable
from pipeline.process.run import process_pending
from storage.archive import Archive
from tests.access.conftest import user_of_header
from tests.access.test_commands import TOLD
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response
from tests.typed_commands import typed

COURT = Source(id="sud-prydumany", kind="court_list", pages=("https://sud.example/list",))
LIST, SECOND = "https://sud.example/list", "https://sud.example/list?page=2"

HEAD = "<tr><th>№ справы</th><th>Дата і час</th><th>Зала</th><th>Суддзя</th><th>Бакі</th></tr>"
MOVED_BEFORE = (
    "<tr><td>1-11/2026</td><td>24.11.2026 10:00</td><td>3</td><td>Вярба В.В.</td><td>Клён К.К.</td></tr>"
)
MOVED_AFTER = "<tr><td>1-11/2026</td><td>26.11.2026 14:30</td><td>7</td><td>Вярба В.В.</td><td>Клён К.К.</td></tr>"
STAYS = "<tr><td>1-12/2026</td><td>24.11.2026 11:00</td><td>3</td><td>Вярба В.В.</td><td>Дуб Д.Д.</td></tr>"
COMES_AND_GOES = (
    "<tr><td>1-13/2026</td><td>24.11.2026 12:00</td><td>3</td><td>Вярба В.В.</td><td>Бэз Б.Б.</td></tr>"
)
NEW = "<tr><td>1-14/2026</td><td>27.11.2026 09:00</td><td>5</td><td>Вярба В.В.</td><td>Ясень Я.Я.</td></tr>"


def page(*rows: str) -> bytes:
    table = f"<table>{HEAD}{''.join(rows)}</table>"
    return response(f"<html><head><title>Спіс спраў</title></head><body>{table}</body></html>".encode())


@pytest.fixture
def three_nights(archive: Archive, tmp_path: Path) -> dict[tuple[int, str], str]:
    """The archive after three nights; gives the capture ids by night and address."""
    from storage.catalogue.captures import captures_of_crawl
    from storage.deposit.deposit import deposit_file

    nights = (
        (MOVED_BEFORE, STAYS, COMES_AND_GOES),
        (MOVED_AFTER, STAYS),
        (MOVED_AFTER, STAYS, COMES_AND_GOES, NEW),
    )
    ids: dict[tuple[int, str], str] = {}
    for number, rows in enumerate(nights, 1):
        at = NIGHT + timedelta(days=number)
        path = crawl_one(tmp_path, [exchange(LIST, page(*rows), at=at)], source=COURT)
        deposit_file(archive, path)
        with archive.reader.connect() as connection:
            ids |= {(number, each.url): each.id for each in captures_of_crawl(connection, path.name[:26])}
    process_pending(archive)
    return ids


@pytest.fixture
def settings_in_environment(
    three_nights: dict[tuple[int, str], str],
    stored_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("LETAPIS_DATA", str(tmp_path))
    for name in TOLD:
        monkeypatch.setenv(variable(name), str(getattr(stored_settings, name)))


def rows_of(*words: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["changes", *words, "--json"])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_night_says_what_changed_with_the_captures_before_and_after(
    settings_in_environment: None, three_nights: dict[tuple[int, str], str]
) -> None:
    rows = rows_of(COURT.id)
    found = [
        (
            row["night"],
            row["change"],
            row["natural_key"].rpartition("|")[2],
            [each["id"] for each in row["captures"]],
        )
        for row in rows
    ]
    first, second, third = (three_nights[night, LIST] for night in (1, 2, 3))
    assert sorted(found) == [
        ("2026-11-22", "missing", "1-13/2026", [first, second]),
        ("2026-11-22", "moved", "1-11/2026", [first, second]),
        ("2026-11-23", "added", "1-14/2026", [second, third]),
        ("2026-11-23", "returned", "1-13/2026", [first, third]),
    ]
    (moved,) = (row for row in rows if row["change"] == "moved")
    assert {each["field"]: (each["before"], each["after"]) for each in moved["differences"]} == {
        "room": ("3", "7"),
        "starts_raw": ("24.11.2026 10:00", "26.11.2026 14:30"),
    }
    assert moved["kind"] == "change"
    assert moved["heading"] == "1-11/2026, Клён К.К."


@pytest.mark.parametrize(
    ("words", "nights"),
    [
        (("--since", "2026-11-23"), {"2026-11-23"}),
        (("--since", "2026-11-22"), {"2026-11-22", "2026-11-23"}),
        (("--night", "2026-11-22"), {"2026-11-22"}),
        (("--night", "2026-11-21"), set()),
    ],
)
def test_one_night_or_all_since_one(
    settings_in_environment: None, words: tuple[str, ...], nights: set[str]
) -> None:
    assert {row["night"] for row in rows_of(COURT.id, *words)} == nights


def test_people_read_it_night_by_night(settings_in_environment: None) -> None:
    said = typed("changes", COURT.id).stdout
    assert said.count("Night of ") == 2
    assert "moved     hearing: 1-11/2026, Клён К.К." in said
    assert "Room: 3 → 7" in said
    assert "vanished  hearing: 1-13/2026, Бэз Б.Б." in said
    assert "came back hearing: 1-13/2026" in said


def test_a_source_the_archive_has_nothing_of_is_named_with_those_it_has(settings_in_environment: None) -> None:
    result = typed("changes", "tg-nothing")
    assert result.returncode == 2
    assert "The archive has no files of a source 'tg-nothing'. It has: sud-prydumany." in result.stderr


@pytest.fixture
def analyst(archive: Archive, three_nights: dict[tuple[int, str], str]) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: archive, user_of_header), headers={"X-User": "analyst"}) as client:
        yield client


def test_the_page_shows_the_same_and_links_to_both_captures(
    analyst: TestClient, three_nights: dict[tuple[int, str], str]
) -> None:
    shown = analyst.get("/changes", params={"source": COURT.id, "since": ""}).text
    assert shown.index("Night of 2026-11-23") < shown.index("Night of 2026-11-22")
    assert "<del>3</del> → <ins>7</ins>" in shown
    assert all(f"/capture/{each.replace(':', '%3A')}" in shown for each in three_nights.values())
    later = analyst.get("/changes", params={"source": COURT.id, "since": "2026-11-23"}).text
    assert "Night of 2026-11-22" not in later
    unknown = analyst.get("/changes", params={"source": "tg-nothing"})
    assert (unknown.status_code, "has no files of a source tg-nothing" in unknown.text) == (404, True)
    assert analyst.get("/changes.csv", params={"source": "tg-nothing"}).status_code == 404
    assert analyst.get("/api/changes", params={"source": "tg-nothing"}).status_code == 404
    assert (
        "No change was noticed" in analyst.get("/changes", params={"source": COURT.id, "since": "2026-11-24"}).text
    )
    assert analyst.get("/changes", params={"source": COURT.id, "since": "2026-02-30"}).status_code == 422


def test_the_api_gives_the_same_rows(analyst: TestClient, settings_in_environment: None) -> None:
    assert analyst.get("/api/changes", params={"source": COURT.id}).json()["rows"] == rows_of(COURT.id)
