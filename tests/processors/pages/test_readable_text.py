"""A page as text is what a reader sees of it."""

from datetime import UTC, datetime

import pytest

from processors.pages.page import Page
from processors.pages.readable_text import readable_text
from processors.parsing.limits import PageLimits
from processors.parsing.parsers import PageNotRead
from processors.parsing.sandboxed_parsers import ConfinedParsers

pytestmark = pytest.mark.slow

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Весці &amp; навіны</title>
<style>p {color: red}</style><script>let text = "<p>не для чытача</p>"</script></head>
<body><nav><a href="https://vesnik.example/">Галоўная</a></nav>
<h1>Затрыманні<br>на плошчы</h1><p>Сведкі   паведамляюць,
што <b>двое</b> чалавек&hellip;</p><ul><li>адзін</li><li>два &lt;тры&gt;</li></ul>
<table><tr><td>1-11/2026</td><td>10:00</td></tr></table>
<!-- схавана --><noscript>без скрыптоў</noscript></body></html>"""


def page(body: str, content_type: str = "text/html") -> Page:
    return Page(
        url="https://vesnik.example/",
        body=body.encode(),
        captured_at=datetime(2026, 11, 20, tzinfo=UTC),
        status=200,
        content_type=content_type,
    )


def test_every_line_that_is_seen_in_the_order_of_the_page() -> None:
    assert readable_text(page(PAGE)).splitlines() == [
        "Весці & навіны",
        "",
        "Галоўная",
        "Затрыманні",
        "на плошчы",
        "Сведкі паведамляюць, што двое чалавек…",
        "адзін",
        "два <тры>",
        "1-11/2026 10:00",
    ]


@pytest.mark.parametrize("body", ["", "<!-- only this -->", "<html><body><script>1</script></body></html>"])
def test_where_nothing_is_to_be_read_there_is_no_text(body: str) -> None:
    assert readable_text(page(body)) == ""


def test_no_address_of_a_link_stands_in_it() -> None:
    assert "vesnik.example" not in readable_text(page(PAGE))


def test_a_confined_worker_gives_the_same_and_gives_up_a_page_that_takes_too_long() -> None:
    hostile = "<p>слова</p>" * 1_500_000
    limits = PageLimits(seconds=1.0, seconds_per_mb=0.0)
    with ConfinedParsers(limits) as parsers, pytest.raises(PageNotRead, match="takes more than"):
        parsers.readable_text(page(hostile))
    with ConfinedParsers() as parsers:
        assert parsers.readable_text(page(PAGE)) == readable_text(page(PAGE))
