"""A list of wanted persons larger than anybody publishes is read as far as the limit, and says so."""

from datetime import UTC, datetime

import pytest

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page

CARD = "<div class=card><h3>Прыклад Ян</h3><p>Дата нараджэння: 12.04.1986</p><p>Артыкул: арт. 342 КК</p></div>"


@pytest.mark.parametrize(("cards", "read", "cut"), [(3, 3, False), (60, 50, True)])
def test_cards_beyond_the_limit_are_left_with_a_remark(
    monkeypatch: pytest.MonkeyPatch, cards: int, read: int, cut: bool
) -> None:
    monkeypatch.setattr("processors.wanted_list.entries._MOST_CARDS", 50)
    body = f"<html><h1>Вышук</h1>{CARD * cards}</html>".encode()
    page = Page(
        "https://police.example/vyshuk", body, datetime(2026, 11, 1, tzinfo=UTC), 200, "text/html; charset=utf-8"
    )
    reading = read_page(page, "wanted_list")
    assert len(reading.records) == read
    assert reading.remarks == (("the page is too large to be examined whole",) if cut else ())
