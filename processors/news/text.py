"""The text of an article: trafilatura as the generic reader, and what it leaves out or takes in wrongly put right.

In: the page as a tree, its URL, and what else is known of the article (title, description, the body its data block
gives). Out: the text, one paragraph a line. Rules, each for a failure seen on several sites (2026-11):
a lead shown above the text belongs to it; the headline does not; lines that are nothing but a link lead elsewhere;
what stands among the lines read belongs to them (`restored_text`).
"""

from dataclasses import dataclass

from lxml import html

from processors.markup.html_tree import elements
from processors.news.lead import described_lead, marked_lead
from processors.news.linked_text import link_share
from processors.news.pleas import is_plea
from processors.news.restored_text import Restored, restore_omitted_blocks, with_gaps_filled
from processors.news.trafilatura_text import LONG_TEXT, LONGER, SENTENCE, read_lines, size_of
from processors.text import folded

_BLOCK_TAGS = frozenset(
    ("p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "td", "div", "span", "strong")
)
# of the words of a line; above, the line is a link with a mark or two around it
_LINK_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class ArticleText:
    """The text, and the elements that hold its paragraphs."""

    text: str
    holders: tuple[html.HtmlElement, ...]


@dataclass(frozen=True, slots=True)
class _Blocks:
    """What the page shows in blocks, in page order: share of link text and first element, by the block's words."""

    link_share: dict[str, float]
    holder: dict[str, html.HtmlElement]


def read_text(
    tree: html.HtmlElement,
    url: str,
    *,
    title: str | None,
    descriptions: tuple[str, ...],
    data_body: str | None,
) -> ArticleText | None:
    """The article's text; None where the page has none. Leaves ``tree`` as it was."""
    blocks = _blocks(tree)
    shown = sum(len(words) for words, share in blocks.link_share.items() if len(words) >= SENTENCE and share < 0.5)
    lines = read_lines(tree, url, shown, len(data_body or ""))
    read = size_of(lines)
    if data_body and read < LONG_TEXT and len(data_body) > LONGER * max(read, 120):
        lines = [line for line in data_body.splitlines() if line.strip()]
    lines = restore_omitted_blocks(lines, blocks.holder)
    restored = with_gaps_filled(lines, [blocks.holder.get(_bare(line)) for line in lines], url)
    headings = {folded(title or ""), *(_plain(heading) for heading in tree.iter("h1"))}
    lines = _without_foreign(restored, blocks, headings)
    lead = marked_lead(tree, title, lines, blocks.holder) or described_lead(descriptions, blocks.link_share, lines)
    if lead is not None:
        lines.insert(0, lead)
    if not lines:
        return None
    held = (blocks.holder.get(_bare(line)) for line in lines)
    return ArticleText(text="\n".join(lines), holders=tuple(element for element in held if element is not None))


def _blocks(tree: html.HtmlElement) -> _Blocks:
    shares: dict[str, float] = {}
    holder: dict[str, html.HtmlElement] = {}
    for element in elements(tree):
        if element.tag not in _BLOCK_TAGS:
            continue
        if element.tag == "div" and any(
            child.tag in ("p", "div", "ul", "section", "article") for child in element
        ):
            continue
        words = _plain(element)
        if not words or len(words) > 2000:
            continue
        shares[words] = min(link_share(element, words), shares.get(words, 1.0))
        holder.setdefault(words, element)
    return _Blocks(shares, holder)


def _bare(line: str) -> str:
    return folded(line.lstrip("- "))


def _plain(element: html.HtmlElement) -> str:
    return folded(" ".join(element.itertext()))


def _without_foreign(restored: Restored, blocks: _Blocks, headings: set[str]) -> list[str]:
    kept: list[str] = []
    for line in restored.lines:
        plain = folded(line.lstrip("-–• ").strip())
        if not plain or (plain in headings and len(kept) < 3):
            continue
        if is_plea(line):
            continue
        linked = blocks.link_share.get(plain, 0.0) > _LINK_SHARE and len(plain.split()) > 2
        if linked and plain not in restored.linked:
            continue
        kept.append(line)
    return kept
