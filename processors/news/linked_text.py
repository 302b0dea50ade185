"""Links within an article: which lead elsewhere, and what is text of the article though it is linked as a whole.

A link without an address is a placeholder (HTML standard, "the a element", read 2026-11), and one to a place of
the same page leads nowhere else: words in them are text like any other. What is wholly a link to elsewhere is text
where its wording or its place says so: a subheading with text below it, a sentence, the name of a document, what a
line before introduces with a colon, names of persons. The headline of another article, and what asks to read more,
is none.
"""

import re
from itertools import takewhile
from urllib.parse import urlsplit

from lxml import html

from processors.markup.html_tree import attribute, visible_text
from processors.news.links import DOCUMENT, LOOKS_LIKE_ARTICLE
from processors.news.pleas import is_plea
from processors.text import folded, one_line
from processors.urls import host_of

HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
LISTS = frozenset(("ul", "ol"))
LINKED_AT_MOST = 0.4
"""Of the words of a block; above, it is a link with words around it."""
_SENTENCE_WORDS = 5
_LINE_WORDS = 4
_SENTENCE_END = re.compile(r"[.…:;][»”“\"’)]*$")
_INTRODUCES = re.compile(r"[:：]\s*$")
_NAME = re.compile(r"^(?:[^\W\d_a-zа-яёіїєўґ][\w.’'-]*(?: |$)){2,4}$")


def links_to_another_page(link: html.HtmlElement) -> bool:
    """Whether a link has an address, and that of another page."""
    address = attribute(link, "href")
    return address is not None and not address.startswith("#")


def link_share(element: html.HtmlElement, words: str | None = None) -> float:
    """How much of an element's text is links that lead elsewhere, 0 to 1; 0 where it has no text."""
    whole = len(words if words is not None else _plain(element))
    if not whole:
        return 0.0
    links = [element] if element.tag == "a" else element.iter("a")
    return sum(len(_plain(link)) for link in links if links_to_another_page(link)) / whole


def is_text_though_linked(block: html.HtmlElement, url: str) -> bool:
    """Whether a block that is mostly links to elsewhere is text of the article at ``url`` all the same.

    The block stands among the article's paragraphs: its siblings decide with it.
    """
    before = _words_before(block)
    text = one_line(visible_text(block))
    if (
        not text
        or is_plea(text)
        or is_plea(before)
        or next(block.iter("img", "picture", "figure"), None) is not None
    ):
        return False
    introduced = bool(_INTRODUCES.search(before))
    if block.tag in HEADINGS:
        following = block.getnext()
        return following is not None and following.tag not in HEADINGS and link_share(following) <= LINKED_AT_MOST
    if block.tag in LISTS:
        below_heading = (previous := block.getprevious()) is not None and previous.tag in HEADINGS
        items = [one_line(visible_text(item)) for item in block.iterchildren("li")]
        return introduced or below_heading or all(_NAME.match(item) for item in items if item)
    lines = [one_line(line) for line in visible_text(block).splitlines() if line.strip()]
    if all(_NAME.match(line) for line in lines):
        return introduced or _is_name_among_names(block)
    if len(text.split()) >= _SENTENCE_WORDS and _SENTENCE_END.search(text):
        return True
    return len(text.split()) >= _LINE_WORDS and not any(
        _is_another_article(link, url) for link in block.iter("a") if links_to_another_page(link)
    )


def _words_before(block: html.HtmlElement) -> str:
    previous = block.getprevious()
    if previous is None:
        return one_line(parent.text or "") if (parent := block.getparent()) is not None else ""
    return one_line(previous.tail or "") or one_line(visible_text(previous))


def _is_name_among_names(block: html.HtmlElement) -> bool:
    """Whether a line with a colon stands above the names that stand above this one."""
    above = list(takewhile(lambda each: each.tag == block.tag, block.itersiblings(preceding=True)))
    for each in above[:200]:
        text = one_line(visible_text(each))
        if not _NAME.match(text):
            return bool(_INTRODUCES.search(text)) and not is_plea(text)
    return False


def _is_another_article(link: html.HtmlElement, url: str) -> bool:
    """Whether a link leads to an article of the same site; a document is none."""
    address = attribute(link, "href") or ""
    if DOCUMENT.search(address):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return True
    here = host_of(url).removeprefix("www.")
    same_site = not parts.netloc or (parts.hostname or "").removeprefix("www.") == here
    return same_site and bool(LOOKS_LIKE_ARTICLE.search(parts.path + (f"?{parts.query}" if parts.query else "")))


def _plain(element: html.HtmlElement) -> str:
    return folded(" ".join(element.itertext()))
