"""Tags of an article: linked or stated, and what systems put among them that is none."""

from datetime import UTC, datetime

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.article import Article

TEXT = (
    "<p>Суд прыдуманага раёна адклаў разгляд справы на тыдзень, бо сведка не прыйшоў у залу пасяджэнняў.</p>"
    "<p>Наступнае пасяджэнне пройдзе ў той самай зале; пачатак прызначаны на дзясятую гадзіну раніцы.</p>"
)


def read(body: str, *, head: str = "", url: str = "https://raka.example/n/1") -> tuple[Article, ...]:
    markup = f"<html><head><title>Суд адклаў разгляд</title>{head}</head><body><main>{body}</main></body></html>"
    at = datetime(2026, 11, 1, tzinfo=UTC)
    found = read_page(Page(url, markup.encode(), at, 200, "text/html; charset=utf-8"), "news")
    return tuple(record for record in found.records if isinstance(record, Article))


def tags(below: str = "", *, head: str = "") -> tuple[str, ...]:
    (article,) = read(f"<h1>Суд адклаў разгляд</h1>{TEXT}{below}", head=head)
    return article.tags


def test_the_category_of_a_blog_is_no_tag_of_its_post() -> None:
    links = "<a rel='category tag' href='/c/1'>Грамадства</a><a rel='tag' href='/t/1'>суды</a>"
    assert tags(links) == ("суды",)


def test_categories_count_where_there_are_no_tags() -> None:
    assert tags("<a rel='category tag' href='/c/1'>Грамадства</a>") == ("Грамадства",)


def test_keys_of_databases_and_names_of_the_site_are_no_tags() -> None:
    stated = ("суды", "cce15240-c52a-4887-a61a-cd64701d6596", "100312362", "raka.by", "Рака", "Subject: турмы")
    head = '<meta property="og:site_name" content="Рака">' + "".join(
        f'<meta property="article:tag" content="{tag}">' for tag in stated
    )
    assert tags(head=head) == ("суды", "турмы")


def test_a_front_page_with_a_text_of_its_own_and_no_articles_behind_it_is_read() -> None:
    (article,) = read(f"<h1>Пра суд прыдуманага раёна</h1>{TEXT * 4}", url="https://raka.example/")
    assert "адклаў разгляд" in (article.text or "")


def test_a_front_page_that_leads_to_articles_is_none() -> None:
    links = "".join(
        f"<a href='/n/2026/{number}-sud-adklau'>Суд адклаў разгляд {number}</a>" for number in range(9)
    )
    assert read(f"<h1>Рака</h1>{TEXT * 4}{links}", url="https://raka.example/") == ()
