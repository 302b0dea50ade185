"""Lists in sheets, JSON and PDF, and lists of courts of the United States, against LETAPIS_REALDATA."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from processors.documents.readers import read_document
from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.hearing import Hearing
from processors.text import folded, one_line

# two words without the blank between them; shorter ones are found in any letters
_GLUED = 8
_THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
CAPTURED = datetime(2026, 8, 12, tzinfo=UTC)
# what each heading of the HMCTS lists means, read from the lists by a person (2026-11-23)
FIELDS = {
    "judge": "judge", "judges": "judge", "time": "starts_raw", "hearingtime": "starts_raw", "date": "starts_raw",
    "venue": "court", "venueplatform": "court", "location": "court", "type": "hearing_kind",
    "hearingtype": "hearing_kind", "casenumber": "case_number", "casereferencenumber": "case_number",
    "appealreferencenumber": "case_number", "casename": "parties_raw", "casetitle": "parties_raw",
    "casedetails": "parties_raw", "appellant": "parties_raw", "courtroom": "room",
    "additionalinformation": "extra", "members": "panel", "member": "panel", "tribunal": "panel",
    "representative": "extra", "modeofhearing": "extra", "ftarespondent": "parties_raw",
}  # fmt: skip


def hearings_of(url: str, content: bytes) -> list[Hearing]:
    """Read as the pipeline does, the document opened."""
    reading = read_page(Page(url, content, CAPTURED, 200, document=read_document(content)), "court_list")
    return [record for record in reading.records if isinstance(record, Hearing)]


def hmcts(folder: Path) -> Iterator[tuple[str, str, bool]]:
    """(file, heading, right) for every value of the sheets and of the same lists as JSON."""
    for path in sorted((folder / "uk-hmcts-xlsx").iterdir()):
        if path.suffix == ".xlsx":
            book = CalamineWorkbook.from_path(str(path))
            sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
            rows = [dict(zip(sheet[0], row, strict=True)) for sheet in sheets for row in sheet[1:]]
        else:
            loaded = json.loads(path.read_bytes())
            lists = [loaded] if isinstance(loaded, list) else list(loaded.values())
            rows = [row for each in lists for row in each if isinstance(each, list)]
        found = hearings_of("https://www.court-tribunal-hearings.service.gov.uk/list", path.read_bytes())
        yield path.name, "rows", len(found) == len(rows)
        for row, hearing in zip(rows, found, strict=False):
            for heading, value in row.items():
                yield path.name, str(heading), _holds(hearing, str(heading), value)


def _holds(hearing: Hearing, heading: str, value: Any) -> bool:
    text = one_line(str(int(value)) if isinstance(value, float) else str(value))
    if not text:
        return True
    field = FIELDS["".join(letter for letter in heading.casefold() if letter.isalpha())]
    if field == "extra":
        said = " ".join(one_line(each) for each in hearing.extra.values())
    elif field == "panel":
        said = " ".join((*hearing.panel, hearing.judge or ""))
    else:
        said = one_line(str(getattr(hearing, field) or ""))
    if field == "starts_raw" and isinstance(value, date):  # a sheet shows its days in a format of its own
        return f"{value:%d/%m/%Y}" in said or text in said
    return all(word in said for word in text.split())


def us_lists(folder: Path) -> dict[str, int]:
    """How many cases of the gold are found by number and by name, of all pages and of those read at all."""
    score: Counter[str] = Counter()
    for kind in ("us-opinion-lists", "us-oral-arguments"):
        for gold_path in sorted((folder / kind).glob("*.gold.json")):
            name = gold_path.name.removesuffix(".gold.json")
            (path,) = (each for each in (folder / kind).glob(f"{name}.*") if not each.name.endswith(".gold.json"))
            found = hearings_of("https://court.uscourts.gov/list", path.read_bytes())
            gold = json.loads(gold_path.read_text(encoding="utf-8"))
            score["pages"] += 1
            score["pages_read"] += bool(found)
            score["cases"] += len(gold)
            if found:
                score["cases_on_pages_read"] += len(gold)
                score += Counter(fact for case in gold for fact in _facts(case, found))
    return dict(score)


def _facts(case: Mapping[str, Any], found: list[Hearing]) -> Iterator[str]:
    number, name = folded(str(case.get("docket_numbers") or "")), folded(str(case.get("case_names") or ""))
    same = [each for each in found if each.case_number and number and folded(each.case_number) in number]
    same = same or [each for each in found if each.case_number and number and number in folded(each.case_number)]
    if same:
        yield "number"
    if any(each.parties_raw and name and name in folded(each.parties_raw) for each in same or found):
        yield "name"


def pdf(folder: Path) -> dict[str, int]:
    """Rows of the verified tables found cell by cell, and words of first pages found anywhere.

    Rows that say nothing are not counted: where a verified table is the left part of one, other columns go on
    there. The words verified have no blanks where print is small: ours count where they make the same letters.
    """
    score: Counter[str] = Counter()
    tables = json.loads((folder / "expected-tables.json").read_text(encoding="utf-8"))
    for name, expected in tables.items():
        document = read_document((folder / "pdfplumber" / name).read_bytes())
        assert document is not None
        wanted = [row for row in (_cells(row) for row in expected["rows"]) if any(row)]
        width = len(wanted[0])
        ours = {_cells(cell.text for cell in row[:width]) for table in document.tables for row in table.rows}
        score["rows"] += len(wanted)
        score["rows_right"] += sum(row in ours for row in wanted)
    texts = json.loads((folder / "reference-text.json").read_text(encoding="utf-8"))
    for name, expected in texts.items():
        document = read_document((folder / name).read_bytes())
        assert document is not None
        cells = (cell for table in document.tables for row in table.rows for cell in row if not cell.copied)
        said = " ".join((*document.text, *(cell.text for cell in cells))).split()
        have = Counter(said)
        words = Counter((expected.get("page1_text") or "").split())
        score["words"] += words.total()
        score["words_found"] += (words & have).total()
        letters = "".join(said)
        score["words_found"] += sum(
            count for word, count in (words - have).items() if len(word) >= _GLUED and word in letters
        )
    return dict(score)


def _cells(row: Iterable[str | None]) -> tuple[str, ...]:
    """Cells as compared: numbers without the blank that stands for a mark of thousands."""
    return tuple(_THOUSANDS.sub("", one_line(cell or "")) for cell in row)


def measure(folder: Path) -> dict[str, Any]:
    """All figures of lists in documents."""
    values = list(hmcts(folder / "courts"))
    return {
        "hmcts_values": len(values),
        "hmcts_right": sum(right for _, _, right in values),
        "hmcts_wrong": [value for value in values if not value[2]],
        "us": us_lists(folder / "courts"),
        "pdf": pdf(folder / "pdf"),
    }
