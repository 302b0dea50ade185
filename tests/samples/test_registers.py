"""The sample register and board hold exactly what is expected."""

import pytest
from lxml import html

from samples import expected_registers as expected
from tests.samples.conftest import Visitor, text_of

pytestmark = pytest.mark.slow


def names(visitor: Visitor, day: int) -> tuple[str, ...]:
    visitor.sites.set_day(day)
    found: list[str] = []
    for number in range(1, expected.REGISTER_PAGES + 1):
        tree = html.fromstring(visitor.get(f"https://reestr.pryklad.example/?page={number}").body.decode())
        found += [text_of(row.findall("td")[1]) for row in tree.findall(".//tbody/tr")]
    assert visitor.get(f"https://reestr.pryklad.example/?page={expected.REGISTER_PAGES + 1}").status == 404
    return tuple(found)


def titles(visitor: Visitor, day: int) -> tuple[str, ...]:
    visitor.sites.set_day(day)
    tree = html.fromstring(visitor.get("https://vykliki.pryklad.example/").body.decode())
    return tuple(text_of(heading) for heading in tree.iter("h2"))


def test_the_register_holds_what_is_expected_on_both_days(visitor: Visitor) -> None:
    assert [names(visitor, day) for day in (1, 2)] == [expected.entries(1), expected.entries(2)]


def test_the_board_holds_what_is_expected_on_both_days(visitor: Visitor) -> None:
    assert [titles(visitor, day) for day in (1, 2)] == [expected.notices(1), expected.notices(2)]
