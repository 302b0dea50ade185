"""The docket of one case gives an entry for each row of it; dated lines of a page that names no case give none."""

import json
from datetime import UTC, datetime
from pathlib import Path

from processors.pages.outcome import Outcome
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.parsing.parser_versions import read_page
from processors.records.record import record_without

BESIDE = ("kind", "url", "officials", "names")
CASE = {
    "case_number": "2:31-cv-00417-ABC", "parties_raw": "Sample Weavers v. Example Mill, Inc.",
    "judge": "Ann Placeholder",
}  # fmt: skip


def reading(markup: str) -> Reading:
    page = Page(
        "https://ecf.example.gov/history", f"<html><head><meta charset=utf-8></head><body>{markup}".encode(),
        datetime(2031, 5, 1, tzinfo=UTC), 200, "text/html",
    )  # fmt: skip
    return read_page(page, "court_list")


def entries(markup: str) -> list[dict[str, object]]:
    rows = [record_without(record, *BESIDE) for record in reading(markup).records]
    return [{key: value for key, value in row.items() if value not in (None, [], {})} for row in rows]


def test_a_table_of_days_and_descriptions_is_read_with_the_days_that_stand_in_tables_of_their_own() -> None:
    day = (
        "<table><tr><td><i>Filed: </i></td><td>{}</td></tr><tr><td>Entered: </td><td>03/04/2031</td></tr></table>"
    )
    found = entries(
        "<center><b>2:31-cv-00417-ABC</b> Sample Weavers v. Example Mill, Inc.<br>Ann Placeholder, presiding<br>"
        "Date filed: 03/03/2031</center><h2>History</h2>"
        "<table><tr><th>Doc.<br>No.</th><th>Dates</th><th>Description</th></tr>"
        f"<tr><td>1</td><td>{day.format('03/03/2031')}</td><td>Complaint</td></tr>"
        f"<tr><td></td><td>{day.format('03/04/2031')}</td><td>Notice of Hearing</td></tr></table>"
    )
    assert found == [
        {
            **CASE,
            "hearing_kind": "Complaint",
            "extra": {"Dates": "Filed: 03/03/2031 Entered: 03/04/2031", "Doc. No.": "1"},
        },
        {
            **CASE,
            "hearing_kind": "Notice of Hearing",
            "extra": {"Dates": "Filed: 03/04/2031 Entered: 03/04/2031"},
        },
    ]


def test_rows_without_headings_are_entries_where_each_begins_with_a_day() -> None:
    found = entries(
        "<p>Court of Appeals for the Example Circuit</p><p>Court of Appeals Docket #: 31-4170</p>"
        "<p>Sample Weavers v. Example Mill, Inc.</p><p>Appeal From: District of Example</p><table>"
        "<tr><td>03/03/2031</td><td><a href=/d/1>1</a></td><td>Appeal docketed by appellant.</td></tr>"
        "<tr><td>03/09/2031</td><td></td><td>Oral argument set for 04/02/2031.</td></tr></table>"
    )
    case = {
        "court": "Court of Appeals for the Example Circuit",
        "case_number": "31-4170",
        "parties_raw": "Sample Weavers v. Example Mill, Inc.",
    }
    assert found == [
        {
            **case,
            "hearing_kind": "Appeal docketed by appellant.",
            "extra": {"date": "03/03/2031", "column 2": "1"},
            "documents": [{"url": "https://ecf.example.gov/d/1", "title": "1"}],
        },
        {**case, "hearing_kind": "Oral argument set for 04/02/2031.", "extra": {"date": "03/09/2031"}},
    ]


def test_entries_in_tables_of_one_row_each_are_put_together_with_the_papers_below_them() -> None:
    found = entries(
        "<p>No. 31-88</p><p>Title:</p><p>Ann Sample, Petitioner</p><p>v.</p><p>Example Mill</p>"
        "<table><tr><td>Mar 03 2031</td><td>Petition for review filed.</td></tr>"
        "<tr><td></td><td><a href=/p.pdf>Petition</a></td></tr></table>"
        "<table><tr><td>Mar 20 2031</td><td>Petition DENIED.</td></tr></table>"
    )
    case = {"case_number": "31-88", "parties_raw": "Ann Sample, Petitioner v. Example Mill"}
    assert found == [
        {
            **case,
            "hearing_kind": "Petition for review filed.\nPetition",
            "extra": {"date": "Mar 03 2031"},
            "documents": [{"url": "https://ecf.example.gov/p.pdf", "title": "Petition"}],
        },
        {**case, "hearing_kind": "Petition DENIED.", "extra": {"date": "Mar 20 2031"}},
    ]


def test_entries_in_lines_below_their_headings_go_on_to_the_next_day() -> None:
    found = entries(
        "<pre>No. 31-5514        Status: DECIDED\nTitle: Ann Sample, Petitioner\n v.\n Example Mill\n"
        "~~Date~~~~   ~~~~Proceedings and Orders~~~~~\n"
        "Jan 10 2031  Petition filed and motion for leave to proceed\n             in forma pauperis.\n"
        "Aug 22 2031  Waiver of right to respond filed.\n*****************\nCounsel: Ann Sample\n</pre>"
    )
    assert [(each["hearing_kind"], each["extra"]) for each in found] == [
        ("Petition filed and motion for leave to proceed in forma pauperis.", {"date": "Jan 10 2031"}),
        ("Waiver of right to respond filed.", {"date": "Aug 22 2031"}),
    ]


def test_the_docket_of_a_case_without_entries_says_so() -> None:
    found = reading(
        "<h1>Court of Example - Docket</h1><b>2:31-cv-00417-ABC</b> Sample v. Example<br>"
        "<p>Date filed: 03/03/2031</p><p>All entries are under seal, so that nothing is shown here.</p>"
    )
    assert (found.outcome, found.records) == (Outcome.EMPTY, ())
    assert found.outcome_reason == "the page is the docket of case 2:31-cv-00417-ABC and lists no entry of it"


def test_dated_lines_of_a_page_that_names_no_case_are_no_docket() -> None:
    found = reading(
        "<h1>News of the court</h1><table><tr><td>03/03/2031</td><td>The registry moves elsewhere.</td></tr>"
        "<tr><td>03/09/2031</td><td>A new president of the court was sworn in.</td></tr></table>"
    )
    assert found.records == ()


def test_real_dockets_give_an_entry_for_each_of_the_gold(realdata: Path) -> None:
    folder = realdata / "courts"
    counted = {}
    for kind in ("us-scotus-dockets", "us-docket-history", "us-appellate-dockets"):
        for path in sorted((folder / kind).glob("*.htm*")):
            gold = json.loads((path.parent / f"{path.stem}.gold.json").read_text(encoding="utf-8"))
            page = Page(
                "https://court.uscourts.gov/list", path.read_bytes(), datetime(2026, 8, 12, tzinfo=UTC), 200
            )
            docket = gold[0] if isinstance(gold, list) else gold
            read = len(read_page(page, "court_list").records)
            counted[path.name] = (read, len(docket["docket_entries"]))
    assert {name: pair for name, pair in counted.items() if pair[0] != pair[1]} == {}
    assert sum(read > 0 for read, _ in counted.values()) == len(counted) - 1
