"""Lists of hearings after public reports of faults: what is right of each stands in its own ``expected.txt``."""

from pathlib import Path
from typing import Any

import pytest

from tests.processors.tables.sibling import Read, Sibling, hearing, read

SECOND = hearing(
    case_number="1-13/2026", parties_raw="Спица Д. Д.", starts_at="2026-03-03T08:00:00Z",
    starts_raw="03.03.2026 11:00",
)  # fmt: skip
NOT_KNOWN = {
    "room": None, "judge": None, "case_number": None, "parties_raw": None, "starts_at": None, "starts_raw": None,
}  # fmt: skip

RIGHT: dict[str, tuple[Any, ...]] = {
    "23-short-row/input.html": (
        hearing(),
        {key: value for key, value in SECOND.items() if key != "starts_at"} | {"starts_raw": "11:00"},
        hearing(**NOT_KNOWN, extra={"column 1": "1-14/2026", "column 2": "Вязальщик Е. Е."}),
        hearing(**NOT_KNOWN, extra={"column 1": "12:00", "column 2": "1-15/2026", "column 3": "Кружева Ж. Ж."}),
    ),
    "25b-rowspan-zero/input.html": (hearing(), SECOND),
    "32-footer-total/input.html": (hearing(),),
    "32b-total-rows/input.html": (hearing(parties_raw="Пряник"),),
    "32e-advert-row/input.html": (hearing(parties_raw="Пряник"),),
    "46b-html-two-empty-headings/input.html": (
        hearing(room=None, judge=None, extra={"column 5": "отложено", "column 6": "онлайн"}),
    ),
    "46c-html-two-same-unknown-headings/input.html": (
        hearing(room=None, judge=None, extra={"Прим.": "отложено", "Прим. (2)": "онлайн"}),
    ),
    "48-csv-sep-line/list.csv": (
        hearing(court=None, parties_raw="Пряник Г. Г.;\nСпица Д. Д."),
        SECOND | {"court": None, "parties_raw": 'ООО "Узор"'},
    ),
    "43b-xlsx-number-formats/numfmt.xlsx": tuple(
        hearing(court=None, case_number=number, starts_raw="2026-03-03 10:00:00")
        for number in ("0012", "1-2026-0012", "5", "20260000000012340", "0.1", "May.26", "№ 7")
    ),
    "43c-xlsx-room-as-date/room_date.xlsx": (
        hearing(court=None, room="1-3", starts_raw="2026-03-03 10:00:00"),
        hearing(court=None, room="TRUE", case_number="1-13/2026", starts_raw="2026-03-03 10:00:00"),
    ),
    "44-xlsx-hidden-struck/hidden_struck.xlsx": (
        hearing(starts_raw="2026-03-03 10:00:00"),
        hearing(
            case_number="1-14/2026", parties_raw="Вязальщик Е. Е.", starts_at="2026-03-03T09:00:00Z",
            starts_raw="2026-03-03 12:00:00", status_raw="crossed out",
            struck=[
                {"field": "starts_raw", "text": "2026-03-03"}, {"field": "starts_raw", "text": "12:00:00"},
                {"field": "case_number", "text": "1-14/2026"}, {"field": "parties_raw", "text": "Вязальщик Е. Е."},
                {"field": "judge", "text": "Узор А. А."}, {"field": "room", "text": "3"},
            ],
        ),
        hearing(
            court=None, case_number="1-20/2026", parties_raw="Кружева Ж. Ж.", starts_at="2026-04-07T07:00:00Z",
            starts_raw="2026-04-07 10:00:00",
        ),
    ),
    "44b-xlsx-rich-comment/rich.xlsx": (
        hearing(
            court=None, parties_raw="Пряник Спица Д. Д.", starts_raw="2026-03-03 10:00:00",
            documents=[{"url": "https://sud.example.by/d/12", "title": "1-12/2026"}],
            extra={"Судья (comment)": "Судья заменён: Кружева Ж. Ж."},
            struck=[{"field": "parties_raw", "text": "Г. Г."}],
        ),
    ),
    "45-xlsx-formula-no-cache/formula.xlsx": (
        hearing(starts_raw="2026-03-03 10:00:00"),
        hearing(case_number=None, parties_raw="Спица Д. Д.", starts_at=None, starts_raw=None),
    ),
    "46-xlsx-uneven/uneven.xlsx": (
        hearing(
            starts_raw="2026-03-03 10:00:00",
            extra={"column 7": "отложено", "column 9": "примечание без заголовка"},
        ),
        hearing(
            room=None, judge=None, case_number="1-13/2026", parties_raw="Спица Д. Д.",
            starts_at="2026-03-04T07:00:00Z", starts_raw="2026-03-04 10:00:00",
        ),
    ),
    "75-pdf-redacted/p_redacted.pdf": (hearing(court=None, parties_raw=None),),
    "78-docx-tracked-changes/d_track.docx": (
        hearing(
            starts_at="2026-03-10T07:00:00Z", starts_raw="10.03.2026 10:00",
            struck=[{"field": "starts_raw", "text": "03.03.2026"}],
        ),
        hearing(
            case_number="1-13/2026", parties_raw="Спица Д. Д.", starts_at="2026-03-04T08:00:00Z",
            starts_raw="04.03.2026 11:00", status_raw="crossed out",
            struck=[
                {"field": "starts_raw", "text": "04.03.2026"}, {"field": "starts_raw", "text": "11:00"},
                {"field": "case_number", "text": "1-13/2026"}, {"field": "parties_raw", "text": "Спица Д. Д."},
                {"field": "judge", "text": "Узор А. А."}, {"field": "room", "text": "3"},
            ],
        ),
    ),
    "48f-csv-sep-comma/list.csv": (hearing(court=None), SECOND | {"court": None}),
}  # fmt: skip

REMARKED = {
    "23-short-row/input.html": "under which heading a cell stands is not known",
    "32-footer-total/input.html": "'Всего дел 1'; 'Обновлено 09.03.2026 17:00'",
    "32b-total-rows/input.html": "'Итого: 1 дело'",
    "44-xlsx-hidden-struck/hidden_struck.xlsx": "row 5 is hidden",
    "45-xlsx-formula-no-cache/formula.xlsx": "Дело №: it holds a formula whose value is not stored",
    "75-pdf-redacted/p_redacted.pdf": "Стороны: a bar is drawn over words, which are left out of the record",
    "78-docx-tracked-changes/d_track.docx": "open tracked changes",
    "32e-advert-row/input.html": "'Телефон канцелярии 17-00-00'",
}


def case(shared_cases: Path, name: str) -> Read:
    content = (shared_cases / name).read_bytes()
    return read(Sibling(kind=0, name=name, content=content, records=()))


@pytest.mark.parametrize("name", RIGHT)
def test_the_hearings_of_the_case_are_right(shared_cases: Path, name: str) -> None:
    expected = [{key: value for key, value in row.items() if value is not None} for row in RIGHT[name]]
    assert list(case(shared_cases, name).records) == expected


@pytest.mark.parametrize("name", REMARKED)
def test_what_is_no_row_or_fits_no_heading_is_remarked_upon(shared_cases: Path, name: str) -> None:
    assert any(REMARKED[name] in remark for remark in case(shared_cases, name).remarks)
