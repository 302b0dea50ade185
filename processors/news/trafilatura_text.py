"""The lines of an article's text as trafilatura reads them, strictly or loosely, whichever fits the page.

In: the page as a tree and its URL. Out: lines in page order, as that reader has them, or the paragraphs of the
container that has most of them where it stopped early. Leaves the tree as it was.
"""

import re

from lxml import html

from processors.markup.html_tree import UNSEEN, classes, elements, visible_text
from processors.news.bounded_copy import bounded_copy
from processors.text import one_line

LONGER = 1.6
"""A text this many times as long as another is another text, not the same with a line more."""
_PARAGRAPH_TAGS = frozenset(("p", "blockquote", "h2", "h3", "h4", "li", "pre"))
_OUTSIDE = frozenset(("nav", "aside", "footer", "form", "figure", "figcaption", "button", "header", *UNSEEN))
_OUTSIDE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:comment|related|recommend|sidebar|share|social|promo|newsletter|teaser|footer|menu"
    r"|breadcrumb|cookie"
    r"|advert|banner|tags?|author-?(?:bio|box)|most-?read|popular)",
    re.IGNORECASE,
)
SENTENCE = 70
"""Characters of a line that is running text."""
# in characters: less is a short text; less than the second a line beside the article, its date or a notice; a text
# below the third may have been cut off
_SHORT = 500
_TOO_SHORT = 200
_PERHAPS_CUT = 1600
LONG_TEXT = 4000
"""Characters of a text that is not cut off: a longer body in the page's data has something else besides."""


def read_lines(tree: html.HtmlElement, url: str, shown: int, stated: int = 0) -> list[str]:
    """The strict reading; where that has much less than the paragraphs' container, the loose one, else these.

    Strict without trafilatura's second algorithms first: they take a third of the time and matter on few pages.
    A short result is held against the loose reading, since pages in parts are cut off after the first of them,
    where the page shows that much more running text at all (``shown``, in characters). Nothing is read again where
    the page's data state a longer text (``stated``, in characters), which that reader would join into one line.
    """
    own = _own_paragraphs(tree)
    lines: list[str] = []
    for precise, fast in ((True, True), (True, False), (False, False)):
        read = _reading(tree, url, precise=precise, fast=fast)
        lines = read if size_of(read) > 1.2 * size_of(lines) else lines
        # no third reading where the page shows no more running text than there is
        enough = _SHORT if fast else min(_TOO_SHORT, shown)
        if size_of(lines) > enough and size_of(lines) * LONGER > size_of(own):
            break
        if size_of(lines) < LONG_TEXT and stated > LONGER * max(size_of(lines), _TOO_SHORT):
            return lines
    else:
        return own if size_of(own) > _SHORT and _goes_with(lines, own) else lines
    if precise and size_of(lines) < _PERHAPS_CUT and shown >= LONGER * _prose(lines) + _SHORT:
        loose = _reading(tree, url, precise=False, fast=False)
        if _goes_on(loose, lines):
            return loose
    return lines


def _reading(tree: html.HtmlElement, url: str, *, precise: bool, fast: bool) -> list[str]:
    from trafilatura import bare_extraction  # 0.3 s of CPU, for nothing in crawls that see no articles

    found = bare_extraction(
        bounded_copy(tree),
        url=url,
        with_metadata=False,
        include_comments=False,
        favor_precision=precise,
        fast=fast,
    )
    text = None if found is None or isinstance(found, dict) else found.text
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _goes_on(loose: list[str], strict: list[str]) -> bool:
    """Whether the loose reading is the strict one and much running text more, not other text or lists of names."""
    if _prose(loose) < max(LONGER * _prose(strict) + _SHORT, size_of(loose) // 2):
        return False
    whole = "\n".join(loose)
    return sum(len(line) for line in strict if line in whole) > 0.3 * size_of(strict)


def _goes_with(read: list[str], own: list[str]) -> bool:
    """Whether the paragraphs' container has what was read; else it is that of something else, as of comments."""
    prose = [line for line in read if len(line) >= SENTENCE]
    whole = "\n".join(own)
    return sum(len(line) for line in prose if line in whole) >= size_of(prose) // 2


def size_of(lines: list[str]) -> int:
    """Characters in all lines."""
    return sum(len(line) for line in lines)


def _prose(lines: list[str]) -> int:
    """Characters in lines as long as a sentence; rows of tables are none."""
    return sum(len(line) for line in lines if len(line) >= SENTENCE and not line.startswith("|"))


def _own_paragraphs(tree: html.HtmlElement) -> list[str]:
    """Paragraphs of the container that has most of them: a plain reader, for where the other stops early."""
    weight: dict[html.HtmlElement, int] = {}
    held: list[tuple[html.HtmlElement, str, int]] = []
    outside: set[html.HtmlElement] = set()
    for element in elements(tree):
        parent = element.getparent()
        foreign = element.tag in _OUTSIDE or _OUTSIDE_CLASS.search(" ".join(classes(element)))
        if (parent in outside or foreign) and element.tag not in ("html", "body", "main", "article"):
            outside.add(element)
            continue
        if element.tag not in _PARAGRAPH_TAGS or any(child.tag in _PARAGRAPH_TAGS for child in element):
            continue
        text = one_line(visible_text(element))
        own_words = len(text.split()) - sum(len(" ".join(link.itertext()).split()) for link in element.iter("a"))
        held.append((element, text, own_words))
        if element.tag == "p" and own_words > 8 and parent is not None:
            weight[parent] = weight.get(parent, 0) + own_words
            above = parent.getparent()
            if above is not None:
                weight[above] = weight.get(above, 0) + own_words // 2
    if not weight:
        return []
    best = max(weight, key=lambda element: weight[element])
    inside = set(best.iter())
    return [text for element, text, own in held if element in inside and text and own * 2 >= len(text.split())]
