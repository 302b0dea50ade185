"""Dates and times of the cases after public reports: the right value, or none and a remark."""

import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.record import record_json

pytestmark = pytest.mark.realdata


def read(folder: Path) -> list[dict[str, Any]]:
    """The records that the case's own command gives."""
    words = shlex.split((folder / "command.txt").read_text("utf-8"))
    _, _, kind, name = words[:4]
    at = datetime.fromisoformat(words[words.index("--at") + 1])
    page = Page(words[words.index("--url") + 1], (folder / name).read_bytes(), at, 200, "text/html")
    return [record_json(record) for record in read_page(page, kind.replace("-", "_")).records]


@pytest.mark.parametrize(
    ("case", "at"),
    [
        ("06d-date-us-text", "2026-02-10T18:18:00Z"),
        ("14j-zone-words", "2026-02-10T10:18:00Z"),
        ("14l0-zone", "2026-02-10T10:18:00Z"),
        ("14l1-zone", "2026-02-10T18:18:00Z"),
        ("14l3-zone", "2026-02-10T10:18:00Z"),
        ("14l5-zone", "2026-02-10T10:18:00Z"),
        ("14l8-zone", "2026-02-10T21:18:00Z"),
    ],
)
def test_an_article_appeared_at_the_time_of_the_zone_named(shared_cases: Path, case: str, at: str) -> None:
    (article,) = read(shared_cases / case)
    assert (article["published_at"], article["remarks"]) == (at, [])


def test_times_of_twelve_hours_and_in_words_are_read_and_no_midnight_is_invented(
    shared_cases: Path,
) -> None:
    rows = read(shared_cases / "33-12h-times")
    assert [(row["starts_at"], row["remarks"]) for row in rows] == [
        ("2026-03-03T10:30:00Z", []),
        ("2026-03-03T06:30:00Z", []),
        ("2026-03-03T11:15:00Z", []),
        ("2026-03-03T07:45:00Z", []),
        (None, ["no start time: 'после обеда' names no hour ('03.03.2026 после обеда')"]),
        ("2026-03-03T21:00:00Z", []),
    ]


def test_impossible_days_are_none_and_their_wording_is_kept(shared_cases: Path) -> None:
    rows = read(shared_cases / "34-date-formats")
    unread = "no start time: no day and time could be read"
    assert [(row["starts_at"], row["starts_raw"], row["remarks"]) for row in rows] == [
        ("2026-03-03T07:00:00Z", "3 сакавіка 2026 г. 10:00", []),
        ("2026-03-03T07:00:00Z", "03/03/26 10:00", []),
        (None, "вт 3 мар 10:00", [f"{unread} ('вт 3 мар 10:00')"]),
        (None, "31.02.2026 10:00", [f"{unread} ('31.02.2026 10:00')"]),
        (None, "03.03.0206 10:00", ["no start time: the year 206 is out of reason ('03.03.0206 10:00')"]),
        ("2026-03-03T07:00:00Z", "О3.03.2026 10:00", []),
    ]


def test_years_out_of_reason_are_none_with_a_remark(shared_cases: Path) -> None:
    rows = read(shared_cases / "34b-years")
    assert [row["starts_at"] for row in rows] == [None] * 5
    assert [row["starts_raw"] for row in rows] == [
        *("03.03.0206 10:00", "03.03.2206 10:00", "03.03.20226 10:00", "03.03.1026 10:00", "03.03.226 10:00")
    ]
    assert [len(row["remarks"]) for row in rows] == [1] * 5
