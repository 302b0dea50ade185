"""What stands around a row of a court's list holds for the row, and only what is nearest of it."""

from datetime import UTC, datetime

import pytest

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.hearing import Hearing
from processors.tables.layout import Layout

AT = datetime(2026, 3, 1, tzinfo=UTC)
HEAD = "<tr><th>Time</th><th>Case number</th><th>Parties</th><th>Room</th></tr>"


def hearings(markup: str, timezone: str | None = "Europe/Minsk") -> tuple[Hearing, ...]:
    page = Page("https://court.example/list", f"<html><body>{markup}".encode(), AT, 200, "text/html")
    reading = read_page(page, "court_list", layout=Layout(name="list", timezone=timezone))
    found = tuple(record for record in reading.records if isinstance(record, Hearing))
    assert len(found) == len(reading.records)
    return found


def row(number: int, time: str = "10:00") -> str:
    return f"<tr><td>{time}</td><td>2-{number}/2026</td><td>Sample v Example</td><td>{number}</td></tr>"


def test_of_two_days_above_a_table_the_nearer_is_the_day_of_the_list() -> None:
    above = "<p>List of hearings, published 1 March 2026</p><h2>Hearings of 5 March 2026</h2>"
    (found,) = hearings(f"{above}<table>{HEAD}{row(1)}</table>")
    assert found.starts_at == datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
    assert found.starts_raw == "Hearings of 5 March 2026 10:00"


def test_a_zone_that_the_row_names_goes_before_the_zone_of_the_court() -> None:
    named, unnamed = hearings(
        f"<table>{HEAD}{row(1, '5 March 2026 10:00 GMT')}{row(2, '5 March 2026 10:00')}</table>"
    )
    assert named.starts_at == datetime(2026, 3, 5, 10, 0, tzinfo=UTC)
    assert unnamed.starts_at == datetime(2026, 3, 5, 7, 0, tzinfo=UTC)


def test_lines_over_the_width_all_hold_for_the_rows_below() -> None:
    court = "<tr><td colspan=4>Sample District Court</td></tr>"
    judge = "<tr><td colspan=4>Judge: A. Sample</td></tr>"
    first, second = hearings(f"<table>{HEAD}{court}{judge}{row(1)}{row(2)}</table>")
    assert [(each.court, each.judge) for each in (first, second)] == [("Sample District Court", "A. Sample")] * 2


def test_a_line_over_the_width_that_nothing_is_known_of_is_kept_beside_the_rows_below() -> None:
    line = "<tr><td colspan=4>Matters adjourned last week</td></tr>"
    (found,) = hearings(f"<table>{HEAD}{line}{row(1)}</table>")
    assert "Matters adjourned last week" in found.extra.values()


def test_a_judge_of_the_row_goes_before_the_judge_of_the_line_above() -> None:
    head = HEAD.replace("<th>Room</th>", "<th>Judge</th>")
    line = "<tr><td colspan=4>Judge: A. Sample</td></tr>"
    (found,) = hearings(f"<table>{head}{line}{row(1).replace('<td>1</td>', '<td>B. Example</td>')}</table>")
    assert found.judge == "B. Example"


@pytest.mark.parametrize(
    ("members", "panel"),
    [
        ("B. Example", ("A. Sample", "B. Example")),
        ("<p>Presiding judge: A. Sample</p><p>B. Example</p>", ("A. Sample", "B. Example")),
    ],
)
def test_a_judge_of_the_line_above_goes_before_the_members_of_the_panel(
    members: str, panel: tuple[str, ...]
) -> None:
    head = HEAD.replace("<th>Room</th>", "<th>Panel</th>")
    line = "<tr><td colspan=4>Judge: A. Sample</td></tr>"
    (found,) = hearings(f"<table>{head}{line}{row(1).replace('<td>1</td>', f'<td>{members}</td>')}</table>")
    assert (found.judge, found.panel) == ("A. Sample", panel)


def test_a_card_with_its_headings_in_the_first_column_is_one_hearing() -> None:
    said = {
        "Case number": "2-1/2026",
        "Date and time": "5 March 2026 10:00",
        "Judge": "A. Sample",
        "Parties": "Sample v Example",
    }
    card = "".join(f"<tr><td>{heading}</td><td>{value}</td></tr>" for heading, value in said.items())
    (found,) = hearings(f"<table>{card}</table>")
    assert (found.case_number, found.judge, found.parties_raw) == ("2-1/2026", "A. Sample", "Sample v Example")
    assert found.starts_at == datetime(2026, 3, 5, 7, 0, tzinfo=UTC)


def test_a_row_that_only_numbers_the_columns_is_no_hearing() -> None:
    numbers = "<tr><td>1</td><td>2</td><td>3</td><td>4</td></tr>"
    found = hearings(f"<table>{HEAD}{numbers}{row(1)}</table>")
    assert [each.case_number for each in found] == ["2-1/2026"]
