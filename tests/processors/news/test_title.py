"""The headline of an article among kickers, labels, names of sites, and titles worded for search."""

import json
from datetime import UTC, datetime

import pytest

from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.article import Article
from tests.processors.news.test_authors import TEXT

HEADLINE = "Суд адклаў разгляд справы на тыдзень"


def title(head: str, body: str) -> str | None:
    markup = f"<html><head>{head}</head><body><main>{body}<div>{TEXT}</div></main></body></html>"
    page = Page("https://raka.example/n/1", markup.encode(), datetime(2026, 11, 1, tzinfo=UTC), 200, "text/html")
    (article,) = read_page(page, "news").records
    assert isinstance(article, Article)
    return article.title


def og(text: str) -> str:
    return f'<meta property="og:title" content="{text}">'


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (f"<title>{HEADLINE} — Рака</title>", f"<h1>{HEADLINE}</h1>"),
        (f"<title>{HEADLINE} | Рака | Навіны горада</title>", f"<h1>{HEADLINE}</h1>"),
        (og(HEADLINE), f'<h1><span class="kicker">Суды</span> {HEADLINE}</h1>'),
        (og(HEADLINE), f'<h1><a class="label--news">Суды</a> {HEADLINE}</h1>'),
        (og(HEADLINE), f"<h1>{HEADLINE} 12.11.2026 • Суды, Горад</h1>"),
        (f"<title>Рака над горадам: {HEADLINE}</title>{og(HEADLINE)}", "<h1>Рака над горадам</h1>"),
        (
            "<title>Падпішыцеся на навіны | Рака</title>" + og("Падпішыцеся на навіны"),
            f"<h1>{HEADLINE}</h1><h1>Рассылка</h1><h1>Рассылка</h1>",
        ),
        (f'<meta property="og:site_name" content="Рака">{og(HEADLINE + " - Рака")}', "<h2>Іншае</h2>"),
        ("<title>Навіны</title>", f'<div itemprop="headline">{HEADLINE}</div>'),
    ],
)
def test_the_headline_is_read_without_what_stands_around_it(head: str, body: str) -> None:
    assert title(head, body) == HEADLINE


def test_the_headline_shown_goes_before_one_title_worded_for_search() -> None:
    assert title(og("Суд: разгляд, справа, адклалі, чаму"), f"<h1>{HEADLINE}</h1>") == HEADLINE


def test_a_headline_that_all_of_the_pages_statements_repeat_goes_before_the_one_shown() -> None:
    stated = "Разгляд справы адклалі на тыдзень праз сведку"
    data = json.dumps({"@type": "NewsArticle", "headline": stated}, ensure_ascii=False)
    linked = f'<script type="application/ld+json">{data}</script>'
    head = f'{linked}{og(stated)}<meta name="twitter:title" content="{stated}">'
    assert title(head, "<h1>Суд адклаў разгляд справы на тыдзень праз сведку</h1>") == stated


def test_a_heading_that_leads_home_is_the_sites_motto_and_no_headline() -> None:
    body = f'<h1><a href="/">Навіны пра ўсё, што робіцца ў нашым горадзе</a></h1><h2>{HEADLINE}</h2>'
    assert title(f"<title>{HEADLINE} - Навіны пра ўсё</title>{og(HEADLINE)}", body) == HEADLINE


def test_a_byline_set_inside_the_heading_is_no_part_of_the_headline() -> None:
    body = f'<h1>{HEADLINE} <span class="entry-meta">Апублікаваў Янка Прыдуманы 12 сакавіка</span></h1>'
    assert title(f"<title>{HEADLINE} - Рака</title>", body) == HEADLINE
