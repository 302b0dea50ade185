"""The sample list of wanted persons holds exactly what is expected, and is read as such."""

import pytest
from lxml import html

from processors.parsing.parser_versions import read_page
from processors.wanted_list.record import WantedPerson
from samples import expected
from samples.wanted.site import HOST
from tests.samples.conftest import Visitor, text_of

pytestmark = pytest.mark.slow


def pages(visitor: Visitor, day: int) -> list[str]:
    visitor.sites.set_day(day)
    found = [
        visitor.get(f"https://{HOST}/?page={number}").body.decode()
        for number in range(1, expected.WANTED_PAGES + 1)
    ]
    assert visitor.get(f"https://{HOST}/?page={expected.WANTED_PAGES + 1}").status == 404
    return found


@pytest.mark.parametrize("day", [1, 2])
def test_the_list_holds_what_is_expected(visitor: Visitor, day: int) -> None:
    names = [text_of(heading) for text in pages(visitor, day) for heading in html.fromstring(text).iter("h3")]
    assert names == [name for _, name in expected.persons(day)]


@pytest.mark.parametrize("day", [1, 2])
def test_the_list_is_read_whole(visitor: Visitor, day: int) -> None:
    visitor.sites.set_day(day)
    waiting, seen, found = [f"https://{HOST}/"], set[str](), list[WantedPerson]()
    while waiting:
        url = waiting.pop(0)
        if url in seen:
            continue
        seen.add(url)
        reading = read_page(visitor.get(url).page, "wanted_list")
        found += [record for record in reading.records if isinstance(record, WantedPerson)]
        waiting += reading.links.next_pages
    assert [(person.identifier, person.name_raw) for person in found] == list(expected.persons(day))
    edited = next(person for person in found if person.identifier == expected.EDITED_PERSON)
    assert edited.article_codes == (expected.EDITED_CODES if day == 2 else expected.EDITED_CODES[:1])
