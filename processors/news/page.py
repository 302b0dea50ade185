"""A page of a news site: the article on it, or the links to articles where it is a list of them.

In: a `Page`. Out: a `Reading` with at most one `Article`. Text by `text`; title, people, times and topics
by modules of those names.
"""

import html as entities
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from lxml import html

from processors.markup.encoding import is_text
from processors.markup.html_tree import elements, visible_text
from processors.markup.link_base import LinkBase, link_base
from processors.markup.visibility import Seen, as_seen, hidden_in, struck_in
from processors.news.authors import names_of, read_authors
from processors.news.dates import read_modified, read_published
from processors.news.declared_fields import Declared, declared_text, read_declared, version_with
from processors.news.links import article_links, document_links, read_pictures
from processors.news.struck_text import mark_struck, struck_of
from processors.news.text import read_text
from processors.news.title import read_title
from processors.news.topics import read_section, read_tags
from processors.pages.language import language_of
from processors.pages.outcome import BINARY, Classification, Outcome, classify, open_page
from processors.pages.page import Page
from processors.pages.page_metadata import PageMetadata, read_evidence, text_in
from processors.pages.parse_result import Links, Reading
from processors.records.article import Article
from processors.records.struck import Struck
from processors.tables.layout import Layout
from processors.text import folded, one_line
from processors.urls import absolute

PARSER_VERSION = "news-4"
_ARTICLE_WORDS_AT_LEAST = 25
_BEGINNING = 60
_FEW_LINKS, _WORDS_OF_A_FRONT_PAGE = 2, 80
_PARAGRAPH_ENDS = re.compile(r"\r?\n+")
_ENCODED_MARKUP = re.compile(r"&(?:amp;)?lt;/?(?:p|br|div|strong|b|em|i|a|span|h[1-6]|ul|li)\b", re.IGNORECASE)
_FEED = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:rss|feed|rdf:RDF|urlset|sitemapindex)\b",
    re.DOTALL,
)
_BLOCK_TAG = re.compile(r"</?(?:p|br|div|h[1-6]|li|ul|ol|blockquote|tr|table)\b[^>]{0,500}>", re.IGNORECASE)
_INLINE_TAG = re.compile(r"<[^>]{0,500}>")


def read_news(page: Page, layout: Layout | None = None) -> Reading:
    """Read a news page; ``layout`` may declare the time zone of times without one, and places of fields."""
    version = version_with(PARSER_VERSION, layout)
    opened = open_page(page)
    tree = opened.tree
    # lxml makes an element's Python side anew on every walk unless somebody holds it
    held = [] if tree is None else list(elements(tree))
    verdict = classify(page, opened)
    if tree is None or verdict.outcome is not Outcome.CONTENT:
        return _reading(page, verdict, version)
    if page.body.startswith(BINARY) or _FEED.match(opened.text) or not is_text(opened.text):
        return _reading(page, verdict, version, remarks=("a file or a feed, no page: no article is read from it",))
    zone = ZoneInfo(layout.timezone) if layout is not None and layout.timezone else None
    evidence = read_evidence(tree)
    base = link_base(tree, page.url, opened.encoding)
    links = Links(articles=article_links(tree, page.url, base), documents=document_links(tree, base))
    declared = read_declared(tree, layout)
    found = _article(page, tree, base, evidence, zone, declared, len(links.articles), layout)
    held.clear()
    if found is None:
        remark = "no article on this page, only its links are read"
        return _reading(page, verdict, version, links=links, remarks=(remark,))
    article, media = found
    return _reading(
        page,
        verdict,
        version,
        layout="article",
        records=(article,),
        remarks=declared.missing,
        links=replace(links, media=media),
    )


def _article(
    page: Page,
    tree: html.HtmlElement,
    base: LinkBase,
    evidence: PageMetadata,
    zone: tzinfo | None,
    declared: Declared,
    leads_on: int,
    layout: Layout | None,
) -> tuple[Article, tuple[str, ...]] | None:
    """The article, and the addresses to request for its pictures."""
    title = declared.title or read_title(tree, evidence, page.url)
    # what is hidden may well say when and by whom: the text alone is what a reader sees
    latest_year = page.captured_at.year + 1
    published = read_published(
        tree, evidence, page.url, zone, title, declared.published_raw, latest_year=latest_year
    )
    modified = read_modified(evidence, tree, page.url, zone, declared.modified_raw, latest_year=latest_year)
    authors = names_of(declared.authors) or read_authors(tree, evidence, page.url)
    tags = declared.tags or read_tags(tree, evidence)
    seen = as_seen(tree)
    headlines = [each for each in tree.iter("h1") if hidden_in(each) or struck_in(each)]
    if declared.title is None and headlines:
        title = read_title(tree, evidence, page.url)
    struck_in_title = tuple(
        Struck(field="title", text=one_line(visible_text(words)))
        for each in headlines
        for words in struck_in(each)
        if title and folded(visible_text(each)) == folded(title)
    )
    struck = mark_struck(tree)
    stated_body = text_in_lines(evidence.linked_data("articleBody"))
    found = read_text(
        tree,
        page.url,
        title=title,
        descriptions=tuple(
            text
            for text in (
                text_in(evidence.linked_data("description")),
                evidence.meta("og:description"),
                evidence.meta("description"),
                evidence.meta("twitter:description"),
            )
            if text
        ),
        data_body=stated_body,
    )
    text = declared_text(tree, layout) or (found.text if found is not None else None)
    if text is None or (declared.text is None and not _is_article(page, evidence, text, leads_on)):
        return None
    holders = found.holders if found is not None else ()
    pictures = read_pictures(tree, evidence, page.url, base, holders)
    article = Article(
        url=page.url,
        canonical_url=_canonical(page, evidence),
        title=title,
        text=text,
        authors=authors,
        published_at=published.at,
        published_raw=published.raw,
        modified_at=modified.at,
        modified_raw=modified.raw,
        language=language_of(text, evidence.language),
        section=declared.section or read_section(evidence),
        tags=tags,
        images=tuple(picture.image for picture in pictures),
        struck=(*struck_in_title, *struck_of("text", text, struck)),
        remarks=(
            *filter(None, (published.problem, modified.problem)),
            *_about_hidden(holders, seen, text),
        ),
    )
    media = tuple(dict.fromkeys(each.address for each in pictures if each.address is not None))
    return article, media


def _about_hidden(holders: tuple[html.HtmlElement, ...], seen: Seen, text: str) -> Iterator[str]:
    """What stands hidden among the paragraphs, and what of the text is hidden until a script shows it."""
    among = {holder.getparent(): holder for holder in holders}
    notes = [note for holder in holders for note in hidden_in(holder)]
    notes += [
        note
        for parent in among
        if parent is not None and parent.tag != "body"
        for child in parent
        if child.tag == "template"
        for note in hidden_in(child)
    ]
    yield from (f"hidden on the page and left out of the text: {note!r}" for note in dict.fromkeys(notes))
    whole = folded(text)
    for kept in seen.kept:
        if folded(kept)[:_BEGINNING] in whole:
            yield f"hidden on the page until something shows it, and kept in the text: {kept!r}"


def text_in_lines(value: object) -> str | None:
    """The body that linked data states, its paragraphs as lines, markup in it taken off."""
    if not isinstance(value, str) or not value.strip():
        return None
    marked = entities.unescape(entities.unescape(value)) if _ENCODED_MARKUP.search(value) else value
    bare = _INLINE_TAG.sub(" ", _BLOCK_TAG.sub("\n", marked)) if "<" in marked else marked
    bare = entities.unescape(bare)
    return "\n".join(one_line(line) for line in _PARAGRAPH_ENDS.split(bare) if line.strip())


def _is_article(page: Page, evidence: PageMetadata, text: str, leads_on: int) -> bool:
    """The front page of a site is no article, and neither is a page of few words that claims to be none.

    A front page that leads on to no article and has a text of its own is what the site has to say.
    """
    claimed = bool(evidence.articles) or "article" in (evidence.meta("og:type") or "").lower()
    if urlsplit(page.url).path in ("", "/") and not urlsplit(page.url).query and not claimed:
        return leads_on <= _FEW_LINKS and len(text.split()) >= _WORDS_OF_A_FRONT_PAGE
    return claimed or len(text.split()) >= _ARTICLE_WORDS_AT_LEAST or len(text) > 150


def _canonical(page: Page, evidence: PageMetadata) -> str | None:
    for link in (*evidence.links.get("canonical", ()), evidence.meta("og:url")):
        found = absolute(page.url, link) if link else None
        if found:
            return found
    return None


def _reading(page: Page, verdict: Classification, version: str, **parts: object) -> Reading:
    return Reading(
        url=page.url,
        kind="news",
        outcome=verdict.outcome,
        outcome_reason=verdict.reason,
        parser_version=version,
        **parts,  # type: ignore[arg-type]  # the fields of Reading by name
    )
