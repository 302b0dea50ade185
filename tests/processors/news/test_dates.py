"""When an article appeared: where pages say it in ways of their own, and what does not count."""

from datetime import UTC, datetime

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.article import Article

TEXT = (
    "<p>Суд прыдуманага раёна адклаў разгляд справы на тыдзень, бо сведка не прыйшоў у залу пасяджэнняў.</p>"
    "<p>Наступнае пасяджэнне пройдзе ў той самай зале; пачатак прызначаны на дзясятую гадзіну раніцы.</p>"
)


def published(before: str = "", *, head: str = "", after: str = "") -> tuple[str | None, datetime | None]:
    markup = (
        f"<html><head><title>Суд адклаў разгляд</title>{head}</head><body><main><article>"
        f"{before}<div class='text'>{TEXT}</div>{after}</article></main></body></html>"
    )
    page = Page(
        "https://raka.example/n/tydzen",
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
