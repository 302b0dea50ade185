"""What a reader left out of an article and is put back (subheadings, lists, linked words), and what is not."""

from datetime import UTC, datetime

import pytest
from lxml import html

from processors.news.restored_text import restore_omitted_blocks, with_gaps_filled
from processors.pages.page import Page
from processors.parsing.parser_versions import read_page
from processors.records.article import Article
from processors.text import folded

FIRST = "Суд прыдуманага раёна адклаў разгляд справы на тыдзень, бо сведка не прыйшоў у залу пасяджэнняў."
SECOND = "Наступнае пасяджэнне пройдзе ў той самай зале; пачатак прызначаны на дзясятую гадзіну раніцы."
THIRD = "Адвакат сказаў, што хадайніцтва аб пераносе падавалі загадзя, але адказу не было два тыдні."
FOURTH = "Прокурор не возражал и просил назначить заседание на ближайший свободный день этого месяца."
TEXTS = (FIRST, SECOND, THIRD, FOURTH)
URL = "https://news.example.org/2026/03/02/verdict.html"


def filled(body: str, *read: str) -> list[str]:
    """What becomes of the lines that a reader took from the page."""
    tree = html.document_fromstring(f"<body><article>{body}</article></body>")
    holder = {folded(str(part.xpath("string()"))): part for part in tree.iter("p", "li", "h3", "div")}
    lines = restore_omitted_blocks(list(read), holder)
    return with_gaps_filled(lines, [holder.get(folded(line.lstrip("- "))) for line in lines], URL).lines


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def test_a_subheading_between_two_paragraphs_is_put_back_at_its_place() -> None:
    body = paragraphs(FIRST) + "<h3>Ці будзе яшчэ адно пасяджэнне?</h3>" + paragraphs(SECOND)
    assert filled(body, FIRST, SECOND) == [FIRST, "Ці будзе яшчэ адно пасяджэнне?", SECOND]


def test_paragraphs_in_boxes_of_their_own_are_siblings_too() -> None:
    body = f"<div><p>{FIRST}</p></div><div><p>{SECOND}</p></div><div><p>{THIRD}</p></div>"
    assert filled(body, FIRST, THIRD) == [FIRST, SECOND, THIRD]


def test_a_list_is_put_back_and_a_list_of_links_is_not() -> None:
    demands = "<ul><li>вярнуць справу ў пракуратуру</li><li>выклікаць эксперта</li></ul>"
    links = "<ul><li><a href=/n/2>Яшчэ адна навіна пра суд</a></li><li><a href=/n/3>І трэцяя навіна</a></li></ul>"
    body = paragraphs(FIRST) + demands + paragraphs(SECOND) + links + paragraphs(THIRD)
    demanded = ["- вярнуць справу ў пракуратуру", "- выклікаць эксперта"]
    assert filled(body, FIRST, SECOND, THIRD) == [FIRST, *demanded, SECOND, THIRD]


def test_a_whole_paragraph_before_the_first_is_put_back_and_a_byline_is_not() -> None:
    body = "<p>Янка Прыдуманы, Рэчка</p>" + paragraphs(FIRST, SECOND, THIRD)
    assert filled(body, SECOND, THIRD) == [FIRST, SECOND, THIRD]


def test_what_follows_the_last_paragraph_stays_out() -> None:
    assert filled(paragraphs(FIRST, SECOND, THIRD), FIRST, SECOND) == [FIRST, SECOND]


@pytest.mark.parametrize("name", ["read-more", "photo-caption", "advert", "social-share", "article-tags"])
def test_what_is_marked_as_furniture_stays_out(name: str) -> None:
    marked = f"<div class='{name}'>Гэты радок стаіць паміж двума абзацамі, але ён не частка артыкула.</div>"
    assert filled(paragraphs(FIRST) + marked + paragraphs(SECOND), FIRST, SECOND) == [FIRST, SECOND]


def test_words_that_link_elsewhere_are_put_back_into_their_sentence() -> None:
    whole = (
        "Пракурор паведаміў, што <a href=/n/2>папярэдняе рашэнне</a> ўжо абскарджана, і прасіў адкласці разгляд"
    )
    broken = "Пракурор паведаміў, што ўжо абскарджана, і прасіў адкласці разгляд"
    said = "Пракурор паведаміў, што папярэдняе рашэнне ўжо абскарджана, і прасіў адкласці разгляд"
    assert filled(paragraphs(whole, SECOND), broken, SECOND) == [said, SECOND]


def test_a_line_cut_short_is_not_made_longer_by_words_that_are_no_links() -> None:
    other = "Пракурор паведаміў, што папярэдняе рашэнне ўжо абскарджана, і прасіў адкласці разгляд"
    line = "Пракурор паведаміў, што ўжо абскарджана, і прасіў адкласці разгляд"
    assert filled(paragraphs(other, SECOND), line, SECOND) == [line, SECOND]


def test_markup_in_the_body_of_the_data_block_is_no_text() -> None:
    stated = "&lt;p class=&quot;t&quot;&gt;" + "&lt;/p&gt;&lt;p&gt;".join(
        (FIRST, "Рашэнне&amp;nbsp;суда", SECOND, THIRD, FOURTH, FIRST, SECOND)
    )
    head = (
        f'<script type="application/ld+json">{{"@type":"NewsArticle","articleBody":"{stated}&lt;/p&gt;"}}</script>'
    )
    markup = f"<html><head>{head}</head><body><article><h1>Суд</h1><p>{FIRST}</p></article></body></html>"
    at = datetime(2026, 11, 1, tzinfo=UTC)
    page = Page("https://raka.example/n/1", markup.encode(), at, 200, "text/html; charset=utf-8")
    (article,) = read_page(page, "news").records
    assert isinstance(article, Article)
    assert (article.text or "").splitlines()[:4] == [FIRST, "Рашэнне суда", SECOND, THIRD]


def article_text(body: str, head: str = "") -> list[str]:
    page = f"<html><head>{head}</head><body>{body}</body></html>".encode()
    at = datetime(2026, 11, 1, tzinfo=UTC)
    (article,) = read_page(
        Page("https://raka.example/n/1", page, at, 200, "text/html; charset=utf-8"), "news"
    ).records
    assert isinstance(article, Article)
    return (article.text or "").splitlines()


def test_a_list_of_the_main_points_before_the_text_is_put_back() -> None:
    points = ("суд адклаў пасяджэнне на тыдзень з-за сведкі", "абарона прасіла аб гэтым яшчэ два тыдні таму")
    listed = "".join(f"<li>{point}</li>" for point in points)
    body = f"<ul>{listed}</ul>" + paragraphs(FIRST, SECOND, THIRD)
    assert filled(body, FIRST, SECOND, THIRD) == [*(f"- {point}" for point in points), FIRST, SECOND, THIRD]


def test_a_longer_body_in_the_data_block_does_not_replace_a_long_text_that_the_page_shows() -> None:
    shown = tuple(f"{text} Гэта {number}-я частка гэтага паведамлення." for number in range(9) for text in TEXTS)
    stated = " ".join(f"Схаваны сказ нумар {number}, якога на старонцы няма." for number in range(300))
    data = f'<script type="application/ld+json">{{"@type":"NewsArticle","articleBody":"{stated}"}}</script>'
    assert "Схаваны" not in " ".join(article_text(f"<article>{paragraphs(*shown)}</article>", head=data))


@pytest.mark.parametrize("mark", ["lead", "article-intro", "teaser-text", "standfirst", "entry-excerpt"])
def test_a_block_marked_as_lead_below_the_headline_begins_the_text(mark: str) -> None:
    lead = "Суд у Рэчцы зноў адклаў справу трох друкароў, і ніхто не сказаў чаму"
    body = f"<div><h1>Суд адклаў разгляд</h1><p class={mark}>{lead}</p></div><div>{paragraphs(*TEXTS)}</div>"
    assert article_text(f"<main>{body}</main>", head="<title>Суд адклаў разгляд</title>") == [lead, *TEXTS]


@pytest.mark.parametrize(
    "beside",
    [
        "<p class=lead><a href=/n/2>У Рэчцы адкрылі новую школу для дарослых друкароў</a></p>",
        "<p class=teaser-text>У Рэчцы адкрылі новую школу для дарослых друкароў, і кожны можа...</p>",
    ],
)
def test_what_leads_to_another_article_is_no_lead(beside: str) -> None:
    body = f"<div><h1>Суд адклаў разгляд</h1>{beside}</div><div>{paragraphs(*TEXTS)}</div>"
    assert article_text(f"<main>{body}</main>", head="<title>Суд адклаў разгляд</title>") == [*TEXTS]
