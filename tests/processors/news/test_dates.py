"""When an article appeared: where pages say it in ways of their own, and what does not count."""

from datetime import UTC, datetime

import pytest

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.article import Article

TEXT = (
    "<p>Суд прыдуманага раёна адклаў разгляд справы на тыдзень, бо сведка не прыйшоў у залу пасяджэнняў.</p>"
    "<p>Наступнае пасяджэнне пройдзе ў той самай зале; пачатак прызначаны на дзясятую гадзіну раніцы.</p>"
)


def published(
    before: str = "",
    *,
    head: str = "",
    after: str = "",
    url: str = "https://raka.example/n/tydzen",
    language: str = "",
) -> tuple[str | None, datetime | None]:
    markup = (
        f"<html lang='{language}'><head><title>Суд адклаў разгляд</title>{head}</head><body><main><article>"
        f"{before}<div class='text'>{TEXT}</div>{after}</article></main></body></html>"
    )
    page = Page(
        url,
        markup.encode(),
        datetime(2026, 11, 1, tzinfo=UTC),
        200,
        "text/html; charset=utf-8",
    )
    (article,) = read_page(page, "news").records
    assert isinstance(article, Article)
    return article.published_raw, article.published_at


HEADLINE = "<h1>Суд адклаў разгляд</h1>"


def test_a_property_of_another_vocabulary_is_read() -> None:
    stated = '<span property="schema:dateCreated" content="2026-03-12T10:15:00+00:00" class="hidden"></span>'
    assert published(HEADLINE + stated)[1] == datetime(2026, 3, 12, 10, 15, tzinfo=UTC)


def test_a_time_beside_the_article_within_it_is_read() -> None:
    beside = "<aside><p><time datetime='2026-03-12'>12.03.2026</time></p></aside>"
    assert published(HEADLINE + beside)[1] == datetime(2026, 3, 12, tzinfo=UTC)


def test_a_date_inside_the_headline_is_nearest_to_it() -> None:
    headline = "<h1><span class=date>12.03.2026</span>Суд адклаў разгляд</h1>"
    after = "<p>Закон ад 31.12.2018</p>"
    assert published(f"<p>Архіў 01.01.2020</p>{headline}", after=after)[1] == datetime(2026, 3, 12, tzinfo=UTC)


def test_data_for_scripts_count_where_the_page_shows_no_date() -> None:
    state = '<script>window.state={"post":{"publishedAt":"2026-03-12T10:15:00+00:00"}}</script>'
    raw, at = published(HEADLINE, after=state)
    assert (raw, at) == ("2026-03-12T10:15:00+00:00", datetime(2026, 3, 12, 10, 15, tzinfo=UTC))


def test_data_for_scripts_that_tell_of_several_days_count_for_none() -> None:
    state = '<script>s=[{"publishedAt":"2026-03-12"},{"publishedAt":"2026-03-13"}]</script>'
    assert published(HEADLINE, after=state) == (None, None)


def test_a_day_that_the_headline_speaks_of_is_not_that_of_the_article() -> None:
    headline = "<h1>Вынікі спаборніцтваў, 19.05.2026</h1><p>апублікавана 21.05.2026</p>"
    assert published(headline)[1] == datetime(2026, 5, 21, tzinfo=UTC)


def test_of_a_line_with_the_time_of_a_change_the_part_before_it_counts() -> None:
    line = "<p class=date>Written: 2026-03-12 15:03:30 Updated: 2026-03-14 10:00:00</p>"
    assert published(HEADLINE + line)[1] == datetime(2026, 3, 12, 15, 3, 30, tzinfo=UTC)


def test_a_line_that_tells_of_a_change_alone_is_no_day_of_publication() -> None:
    assert published(HEADLINE + "<p class=date>Обновлено 12.03.2026</p>") == (None, None)


def test_a_day_before_the_web_that_the_page_shows_is_one_that_its_text_speaks_of() -> None:
    shown = "<p>Суд заснаваны 18.11.1920</p><p>12.03.2026</p>"
    assert published(HEADLINE + shown)[1] == datetime(2026, 3, 12, tzinfo=UTC)


def test_a_day_in_the_address_goes_before_another_one_shown() -> None:
    address = "https://raka.example/2026/03/12/tydzen"
    assert published(HEADLINE + "<p>Закон ад 31.12.2018</p>", url=address)[1] == datetime(2026, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(("language", "month", "day"), [("en-GB", 10, 2), ("en-US", 2, 10), ("en", 2, 10)])
def test_english_is_read_in_the_order_of_its_country(language: str, month: int, day: int) -> None:
    found = published(HEADLINE + "<p class=date>02/10/2026</p>", language=language)
    assert found == ("02/10/2026", datetime(2026, month, day, tzinfo=UTC))
