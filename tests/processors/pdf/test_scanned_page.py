"""Lists that are scanned pictures, really read by tesseract: what a person would read off the page.

Left out where tesseract, one of its languages or the font of the drawn pages is missing (`letapis doctor` names
the packages; `.ci/run` installs them).
"""

import shutil
from datetime import UTC, datetime

import pytest

from processors.documents.readers import read_document
from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.hearing import Hearing
from processors.tables.document import Document, DocumentLimits
from tests.processors.documents.scanned_documents import scan

pytestmark = pytest.mark.tesseract

BELARUSIAN = (
    ["Суд Прыкладнага раёна г. Узорска", "Спіс спраў, прызначаных да разгляду на 12 мая 2026 г."],
    [
        ["№", "Час", "Нумар справы", "Бакі", "Суддзя", "Зала"],
        ["1", "09:00", "2-101/2026", "Узорны Ян супраць\nААТ «Прыкладныя шляхі»", "Выдуманая Г. П.", "12"],
        ["2", "09:40", "2-115/2026", "Прыкладовіч Ірына супраць\nКУП «Жыллё»", "Выдуманая Г. П.", "12"],
        ["3", "10:30", "3-21/2026", "Х.", "Умоўны С. М.", "7"],
        ["4", "14:00", "2-130/2026", "Невядомая Соф'я супраць\nЖЭС № 4", "Узорная Л. І.", "3"],
    ],
    [30, 55, 95, 170, 360, 470, 520],
    "https://sud.by/list.pdf",
)
RUSSIAN = (
    ["Примерный районный суд г. Образцова", "Список дел, назначенных к слушанию"],
    [
        ["№ п/п", "Дата и время", "Номер дела", "Стороны", "Судья", "Зал"],
        ["1", "12.05.2026 09:00", "2-2101/2026", "Образцов П. Р. к банку", "Примерова А. А.", "101"],
        [
            "2",
            "12.05.2026 09:30",
            "2-2117/2026",
            "Условная М. С. к\nадминистрации города",
            "Примерова А. А.",
            "101",
        ],
        ["3", "12.05.2026 10:15", "1-315/2026", "Х.", "Вымышленный Б. Б.", "204"],
        ["4", "13.05.2026 16:45", "2-2290/2026", "Несуществующий Э. Ю. к банку", "Примерова А. А.", "101"],
    ],
    [25, 60, 155, 230, 420, 525, 575],
    "https://sud.by/list.pdf",
)
UKRAINIAN = (
    ["Вигаданий районний суд м. Зразкова", "Перелік справ, призначених до розгляду"],
    [
        ["№ з/п", "Дата", "Час", "Номер справи", "Учасники", "Суддя"],
        ["1", "12.05.2026", "09:00", "757/101/26-ц", "Вигаданий О. Є. до\nТОВ «Приклад»", "Зразкова Ї. І."],
        ["2", "12.05.2026", "09:45", "757/1177/26-к", "Умовний О. П.", "Зразкова Ї. І."],
        ["3", "12.05.2026", "11:20", "757/215/26-а", "Неіснуюча Л. Ю. до\nміської ради", "Уявний М. Щ."],
        ["4", "13.05.2026", "14:10", "757/3301/26-п", "Особа 1", "Уявний М. Щ."],
    ],
    [30, 65, 130, 170, 260, 430, 560],
    "https://court.gov.ua/list.pdf",
)
LISTS = {"Belarusian": BELARUSIAN, "Russian": RUSSIAN, "Ukrainian": UKRAINIAN}
# what tesseract 5.3.0 misreads of eight names and four numbers: a letter like another, a digit too many
MOST_WRONG_VALUES, MOST_WRONG_NUMBERS = 3, 1


def read(content: bytes) -> Document:
    found = read_document(content, DocumentLimits(tesseract=shutil.which("tesseract")))
    assert found is not None
    return found


def hearings(content: bytes, url: str) -> list[Hearing]:
    page = Page(url, content, datetime(2026, 5, 1, tzinfo=UTC), document=read(content))
    return [record for record in read_page(page, "court_list").records if isinstance(record, Hearing)]


def wrong_values(language: str, found: list[Hearing]) -> list[tuple[str, str | None]]:
    """(expected, read) of parties and judges that are not letter by letter what was drawn."""
    rows = LISTS[language][1]
    head = [("parties_raw", "Бакі Стороны Учасники"), ("judge", "Суддзя Судья Суддя")]
    places = {field: next(i for i, h in enumerate(rows[0]) if h in names.split()) for field, names in head}
    pairs = [
        (row[place], getattr(hearing, field))
        for row, hearing in zip(rows[1:], found, strict=True)
        for field, place in places.items()
    ]
    return [(said, seen) for said, seen in pairs if seen != said]


# a reading takes seconds of CPU: one list without lines stands for three
@pytest.mark.parametrize(
    ("language", "ruled"), [("Belarusian", True), ("Russian", True), ("Ukrainian", True), ("Belarusian", False)]
)
def test_a_scanned_list_becomes_its_hearings(language: str, ruled: bool) -> None:
    title, rows, edges, url = LISTS[language]
    found = hearings(scan(title, rows, edges, ruled=ruled), url)
    number = next(place for place, heading in enumerate(rows[0]) if heading.split()[0] in ("Нумар", "Номер"))
    drawn = [row[number] for row in rows[1:]]
    assert len(found) == len(drawn)
    wrong = [hearing.case_number for hearing in found if hearing.case_number not in drawn]
    assert len(wrong) <= MOST_WRONG_NUMBERS
    assert sum(hearing.starts_at is None for hearing in found) <= MOST_WRONG_NUMBERS
    assert len(wrong_values(language, found)) <= MOST_WRONG_VALUES


def test_a_page_laid_askew_on_the_scanner_is_read_upright() -> None:
    title, rows, edges, url = UKRAINIAN
    found = hearings(scan(title, rows, edges, ruled=True, askew_degrees=1.5), url)
    assert [hearing.case_number for hearing in found] == [row[3] for row in rows[1:]]


def test_a_grey_and_grainy_page_is_read() -> None:
    title, rows, edges, url = RUSSIAN
    found = hearings(scan(title, rows, edges, ruled=True, grain=25), url)
    assert len(found) == len(rows) - 1
    right = {row[2] for row in rows[1:]} & {hearing.case_number for hearing in found}
    assert len(right) >= len(rows) - 1 - MOST_WRONG_NUMBERS


def test_the_document_says_that_a_program_read_it_and_how_surely() -> None:
    title, rows, edges, _ = UKRAINIAN
    (remark,) = read(scan(title, rows, edges, ruled=True)).remarks
    assert remark.startswith("page 1 was read from a picture by tesseract ")
    assert "(ukr), sure of its letters to " in remark
