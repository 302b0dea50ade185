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
    "48f-csv-sep-comma/list.csv": (hearing(court=None), SECOND | {"court": None}),
}

REMARKED = {
    "23-short-row/input.html": "under which heading a cell stands is not known",
    "32-footer-total/input.html": "'Всего дел 1'; 'Обновлено 09.03.2026 17:00'",
    "32b-total-rows/input.html": "'Итого: 1 дело'",
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
