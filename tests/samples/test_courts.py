"""The sample court lists hold exactly the hearings expected, page by page."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from lxml import html

from samples import expected
from samples.expected import ExpectedHearing
from tests.samples.conftest import Visitor, text_of

pytestmark = pytest.mark.slow

REGIONAL = "https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1"
CITY = "https://sud.pryklad.example/rasklad/"


def rows(text: str) -> list[dict[str, str]]:
    """The rows of the list's table by heading; rows that only group others are left out."""
    tables = [table for table in html.fromstring(text).iter("table") if table.find(".//th") is not None]
    headings = [" ".join(text_of(cell).split()) for cell in tables[0].iter("th")]
    found = [[" ".join(text_of(cell).split()) for cell in row.findall("td")] for row in tables[0].iter("tr")]
    return [dict(zip(headings, cells, strict=True)) for cells in found if len(cells) == len(headings)]


def hearing(number: str, starts: str, room: str) -> ExpectedHearing:
    local = datetime.strptime(starts, "%d.%m.%Y %H:%M").replace(tzinfo=ZoneInfo("Europe/Minsk"))
    at = local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return ExpectedHearing("" if number == "—" else number, at, room)


def regional(visitor: Visitor, day: int) -> list[ExpectedHearing]:
    visitor.sites.set_day(day)
    text = visitor.get(REGIONAL).body.decode("windows-1251")
    starts = "Дата и времяслушания"
    return [hearing(row["Номердела"], row[starts], row["Зал"]) for row in rows(text)]


def city(visitor: Visitor, day: int) -> list[ExpectedHearing]:
    visitor.sites.set_day(day)
    found = []
    for page in range(1, expected.LIST_PAGES[expected.CITY_SOURCE] + 1):
        text = visitor.get(f"{CITY}?page={page}").body.decode()
        found += [hearing(row["Нумар справы"], f"{row['Дата']} {row['Час']}", row["Зала"]) for row in rows(text)]
    return found


def test_the_lists_hold_the_hearings_of_day_one_in_order(visitor: Visitor) -> None:
    assert tuple(regional(visitor, 1)) == expected.HEARINGS_DAY_1[expected.REGIONAL_SOURCE]
    assert tuple(city(visitor, 1)) == expected.HEARINGS_DAY_1[expected.CITY_SOURCE]


def test_day_two_moves_one_hearing_adds_one_and_drops_one(visitor: Visitor) -> None:
    assert frozenset(regional(visitor, 2)) == expected.hearings(expected.REGIONAL_SOURCE, 2)
    assert frozenset(city(visitor, 2)) == expected.hearings(expected.CITY_SOURCE, 2)
    before = expected.hearings(expected.REGIONAL_SOURCE, 1)
    after = expected.hearings(expected.REGIONAL_SOURCE, 2)
    assert after - before == {expected.MOVED_HEARING[1], expected.NEW_HEARING[1]}
    assert (len(before), len(after)) == (11, 12)
    assert len(expected.hearings(expected.CITY_SOURCE, 2)) == 22


def test_the_regional_list_comes_in_windows_1251(visitor: Visitor) -> None:
    answer = visitor.get(REGIONAL)
    assert answer.header("content-type") == "text/html; charset=windows-1251"
    assert "Примерский областной суд".encode("windows-1251") in answer.body


@pytest.mark.parametrize(("page", "next_page"), [(1, 2), (2, 3), (3, None)])
def test_each_page_of_the_city_list_links_to_the_next(visitor: Visitor, page: int, next_page: int | None) -> None:
    tree = html.fromstring(visitor.get(f"{CITY}?page={page}").body.decode())
    links = [link.get("href") for link in tree.iterfind("head/link[@rel='next']")]
    assert links == ([f"/rasklad/?page={next_page}"] if next_page is not None else [])


def test_there_is_no_page_after_the_last(visitor: Visitor) -> None:
    assert visitor.get(f"{CITY}?page=4").status == 404


def test_a_judgment_is_a_pdf(visitor: Visitor) -> None:
    (address,) = expected.COURT_DOCUMENTS
    answer = visitor.get(address)
    assert (answer.header("content-type"), answer.body[:5]) == ("application/pdf", b"%PDF-")
