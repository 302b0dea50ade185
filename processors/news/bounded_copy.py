"""The copy of a page that the generic reader of articles is given, within bounds in which its work stays linear.

In: a page as a tree. Out: a copy of it. The generic reader writes every place that a merged cell covers, and
looks through all that stands in one line or row again for each part of it. So merged cells end where their table
ends, and of very many parts of one line those beyond the first become plain words. Links that lead nowhere else
become plain words, too, since that reader counts links against a text. No words are lost.
"""

import copy

from lxml import html

from processors.markup.html_tree import BLOCKS, visible_text
from processors.news.layout_tables import unwrap_layout_tables
from processors.news.linked_text import HEADINGS, links_to_another_page
from processors.tables.cell_spans import CellSpans

MOST_PARTS = 1_000
"""Of one line or row: the longest of the captured pages has some 300."""

_LINES = (
    "p",
    "td",
    "th",
    "tr",
    "li",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
    "caption",
)
_WITHIN_LINES = ("a", "b", "strong", "em", "i", "u", "span", "font", "small", "code", "del", "q", "label")


def bounded_copy(tree: html.HtmlElement) -> html.HtmlElement:
    """A copy that differs only where a page goes beyond all that is usual."""
    made = copy.deepcopy(tree)
    unwrap_layout_tables(made)
    spanned = made.xpath("//*[self::td or self::th][@colspan or @rowspan]")
    if spanned:
        spans = CellSpans(int(made.xpath("count(//td | //th)")))
        for cell in spanned:
            for name, length in zip(("colspan", "rowspan"), spans.of(cell), strict=True):
                if name in cell.attrib:
                    cell.set(name, str(length))
    for link in list(made.iter("a")):
        if not links_to_another_page(link) and (link.get("href") is None or _heads(link)):
            _make_plain(link)
    for line in list(made.iter(*_LINES, *_WITHIN_LINES)):
        if len(line) > MOST_PARTS:
            _flatten(line)
    return made


def _flatten(line: html.HtmlElement) -> None:
    """Make plain words of all parts beyond the first."""
    surplus = line[MOST_PARTS:]
    words = " ".join(part for each in surplus for part in (visible_text(each), each.tail or "") if part.strip())
    del line[MOST_PARTS:]
    last = line[MOST_PARTS - 1]
    last.tail = f"{last.tail or ''} {words} "


def _heads(link: html.HtmlElement) -> bool:
    parent = link.getparent()
    return parent is not None and parent.tag in HEADINGS


def _make_plain(link: html.HtmlElement) -> None:
    """Take away what makes words a link, which the generic reader counts against them."""
    if any(part.tag in BLOCKS for part in link.iterdescendants()):
        link.tag = "div"
        return
    beside = (link.getprevious(), link.getnext())
    alone = not (link.tail or "").strip() and any(each is not None and each.tag in _LINES for each in beside)
    link.tag = "p" if alone else "span"
