"""The notices on a page without a table: blocks of a board, or the one text of a page or document.

In: a tree or lines. Out: `Block`s. A block is one of several alike siblings that hold a date and a heading or some
words; where they hold no more than a heading that links on, the links are what the board gives. Pure.
"""

import copy
import re
from dataclasses import dataclass, replace

from lxml import html

from processors.markup.html_tree import (
    STRUCK_MARK,
    STRUCK_TAGS,
    UNSEEN,
    attribute,
    classes,
    elements,
    visible_text,
)
from processors.markup.visibility import hidden_in, struck_in
from processors.pages.dates import read_moment
from processors.text import lines, one_line
from processors.urls import absolute

_BLOCK_TAGS = frozenset(("article", "li", "div", "section", "dl", "tr", "p"))
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "strong", "b", "a", "dt")
_AROUND = frozenset(("nav", "header", "footer", "aside", "form", "menu"))
_LEAST_WORDS = 12
_SHORTEST_NOTICE = 20
_DATE_LINE = 80
_PUBLISHED = re.compile(
    r"апублікавана|опубликовано|опубліковано|оприлюднено|дата публикации|дата размещения|размещено|дата публікацыі"
    r"|published|opublikowano|data publikacji",
    re.IGNORECASE,
)
_NO_TITLE = re.compile(r"^\W*\d{1,2}[./ ]")


@dataclass(frozen=True, slots=True)
class Block:
    """One notice as it stands: ``url`` where its heading links to a page of its own.

    ``text`` has no crossed-out words; ``marked`` is the text with them between marks, where there are any. Of a
    notice that is ``crossed_out`` as a whole, the text is what is crossed out.
    """

    title: str | None
    text: str
    published_raw: str | None
    url: str | None = None
    marked: str | None = None
    struck: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    crossed_out: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """Whole notices, and links to those that only their headings announce."""

    blocks: tuple[Block, ...] = ()
    links: tuple[str, ...] = ()


def page_blocks(tree: html.HtmlElement, base: str) -> Board:
    """The largest group of alike siblings that look like notices."""
    best: list[html.HtmlElement] = []
    for parent in elements(tree):
        if (
            parent.tag in _AROUND
            or parent.tag in UNSEEN
            or any(up.tag in _AROUND for up in parent.iterancestors())
        ):
            continue
        groups: dict[tuple[str, tuple[str, ...]], list[html.HtmlElement]] = {}
        for child in parent:
            if child.tag in _BLOCK_TAGS:
                groups.setdefault((str(child.tag), classes(child)[:1]), []).append(child)
        for group in groups.values():
            alike = sum(_is_notice(child, base) for child in group) if len(group) > max(1, len(best)) else 0
            if alike * 3 >= 2 * len(group):
                best = group
    blocks = [_block(element, base) for element in best if _is_notice(element, base)]
    whole = tuple(block for block in blocks if len(block.text.split()) >= _LEAST_WORDS)
    links = tuple(dict.fromkeys(block.url for block in blocks if block.url and block not in whole))
    return Board(whole, links)


def page_block(tree: html.HtmlElement, base: str) -> Block | None:
    """The one notice of a page: the smallest element that holds the main heading and most of the words."""
    body = next((element for element in tree.iter("main", "article")), None)
    if body is None:
        heading = next(tree.iter("h1"), None)
        body = next(tree.iter("body"), tree) if heading is None else heading.getparent()
        while body is not None and body.tag != "body" and len(visible_text(body).split()) < _LEAST_WORDS * 2:
            body = body.getparent()
    if body is None:
        return None
    block = _block(body, base)
    return replace(block, url=None) if len(block.text.split()) >= _LEAST_WORDS else None


def document_block(text: tuple[str, ...]) -> Block | None:
    """The one notice of a document: its first short line is the title, the first line with a date dates it."""
    if not text or len(" ".join(text).split()) < _LEAST_WORDS:
        return None
    title = next((one_line(line) for line in text[:8] if _is_title(line)), None)
    dated = next((one_line(line) for line in text if len(line) < _DATE_LINE and read_moment(line)), None)
    return Block(title, lines("\n".join(text)), dated)


def _is_title(line: str) -> bool:
    return 5 < len(line) < 200 and read_moment(line) is None and any(letter.isalpha() for letter in line)


def _is_notice(element: html.HtmlElement, base: str) -> bool:
    element = _as_not_crossed_out(element) or element
    text = visible_text(element)
    return len(text) > _SHORTEST_NOTICE and (
        any(read_moment(line) is not None for line in text.split("\n") if len(line) < 200)
        and (_heading(element, base)[0] is not None or len(text.split()) >= _LEAST_WORDS)
    )


def _as_not_crossed_out(element: html.HtmlElement) -> html.HtmlElement | None:
    """A copy that says what it says, of an element of which nothing is left but what is crossed out."""
    if not struck_in(element) or len(visible_text(element)) >= _SHORTEST_NOTICE:
        return None
    own = copy.deepcopy(element)
    own.tail = None
    for each in list(own.iter(*STRUCK_TAGS)):
        each.tag = "span"
    return own


def _block(element: html.HtmlElement, base: str) -> Block:
    crossed_out = _as_not_crossed_out(element)
    if crossed_out is not None:
        block = _block(crossed_out, base)
        return replace(block, struck=tuple(block.text.split("\n")), crossed_out=True)
    title, url = _heading(element, base)
    text = lines(visible_text(element))
    body_lines = [line for line in text.split("\n") if line and line != title]
    published = _published(element, body_lines)
    body = "\n".join(line for line in body_lines if line != published)
    struck = tuple(one_line(visible_text(each)) for each in struck_in(element))
    marked = None
    if struck:
        with_marks = lines(visible_text(element, mark=STRUCK_MARK)).split("\n")
        marked = "\n".join(line for line in with_marks if line and line not in (title, published))
    return Block(title, body, published, url, marked, struck, hidden_in(element))


def _heading(element: html.HtmlElement, base: str) -> tuple[str | None, str | None]:
    for tag in _HEADINGS:
        for heading in element.iter(tag):
            text = one_line(visible_text(heading))
            if len(text) < 8 or _NO_TITLE.match(text):
                continue
            link = heading if tag == "a" else next(iter((*heading.iter("a"), *heading.iterancestors("a"))), None)
            return text, absolute(base, attribute(link, "href") or "") if link is not None else None
    return None, None


def _published(element: html.HtmlElement, body_lines: list[str]) -> str | None:
    """The date the page gives the notice: a ``time``, a line that says so, else the shortest line of a date."""
    for stamp in element.iter("time"):
        text = one_line(visible_text(stamp)) or attribute(stamp, "datetime")
        if text and read_moment(text):
            return text
    dated = [line for line in body_lines if len(line) < _DATE_LINE and read_moment(line) is not None]
    labelled = next((line for line in dated if _PUBLISHED.search(line)), None)
    alone = [line for line in dated if len(line) < 30]
    return labelled or (min(alone, key=len) if alone else None)
