"""The lead of an article: what stands between its headline and its text, where readers of articles leave it out.

In: the page as a tree, its blocks, the lines read. Out: the lead in the page's words, None where the lines have it
or the page shows none. A block below the headline counts that is marked as a lead, else the article's description
where the page shows that as a block of its own.
"""

import re
from collections.abc import Mapping
from itertools import dropwhile, islice

from lxml import html

from processors.markup.html_tree import classes, elements, visible_text
from processors.news.linked_text import LINKED_AT_MOST, link_share
from processors.news.pleas import is_plea
from processors.text import comparable, folded, one_line

_LEAD_WORDS = (6, 120)
_MARK = re.compile(
    r"(?:^|[_-])(?:lead|lede|intro(?:duction)?|teaser-?text|excerpt|standfirst|dek|deck|vorspann|anleser|abstract"
    r"|chapo|entradilla|sommario|ingress|lid|anons|zajawka)(?:$|[_-])",
    re.IGNORECASE,
)
_CUT = re.compile(r"(?:\.\.\.|…|[•}\]])$")
_BLOCKS = frozenset(("p", "div", "h2", "h3", "section", "strong"))
_INNER = frozenset(("p", "div", "section", "article", "ul", "ol", "table", "figure", "form", "h1", "h2", "h3"))
_ELEMENTS_BELOW_HEADLINE = 150


def marked_lead(
    tree: html.HtmlElement, title: str | None, lines: list[str], holders: Mapping[str, html.HtmlElement]
) -> str | None:
    """The block marked as lead between the headline and the first line read."""
    wanted = folded(title or "")
    headline = next((each for each in tree.iter("h1") if wanted and wanted in folded(visible_text(each))), None)
    if headline is None or not lines:
        return None
    first = holders.get(folded(lines[0].lstrip("- ")))
    text = folded(" ".join(lines))
    below = dropwhile(lambda element: element is not headline, elements(tree))
    for element in islice(below, 1, _ELEMENTS_BELOW_HEADLINE):
        if element is first:
            return None
        if element.tag not in _BLOCKS or any(child.tag in _INNER for child in element):
            continue
        parent = element.getparent()
        marks = (*classes(element), *(classes(parent) if parent is not None and len(parent) <= 2 else ()))
        if not any(_MARK.search(mark) for mark in marks):
            continue
        words = one_line(visible_text(element))
        if not _LEAD_WORDS[0] <= len(words.split()) <= _LEAD_WORDS[1] or link_share(element) > LINKED_AT_MOST:
            continue
        cut = _CUT.search(words)  # the beginning of another article's text
        return None if cut or is_plea(words) or folded(words) in text or folded(words) == wanted else words
    return None


def described_lead(descriptions: tuple[str, ...], shares: Mapping[str, float], lines: list[str]) -> str | None:
    """The description, if the page shows it as a block of its own and the text lacks it.

    ``shares`` is the share of links in each block of the page, by the block's words.
    """
    text = folded(" ".join(lines))
    for description in descriptions:
        wanted = folded(description).rstrip(".… ")
        if not _LEAD_WORDS[0] <= len(wanted.split()) <= _LEAD_WORDS[1] or wanted[:200] in text:
            continue
        for block, share in shares.items():
            if block.rstrip(".… ").startswith(wanted) and len(block) < 1.6 * len(wanted) + 40 and share <= 0.5:
                return one_line(comparable(description))
    return None
