"""The text of an article: trafilatura as the generic reader, and what it leaves out or takes in wrongly put right.

In: the page as a tree, its URL, and what else is known of the article (title, description, the body its data block
gives). Out: the text, one paragraph a line. Rules, each for a failure seen on several sites (2026-11):
a lead shown above the text belongs to it; the headline does not; lines that are nothing but a link lead elsewhere;
what stands among the lines read belongs to them (`restored_text`).
"""

import re
from dataclasses import dataclass

from lxml import html

from processors.markup.html_tree import elements
from processors.news.restored_text import restore_omitted_blocks, with_gaps_filled
from processors.news.trafilatura_text import LONGER, SENTENCE, read_lines, size_of
from processors.text import comparable, folded, one_line

_BLOCK_TAGS = frozenset(
    ("p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "td", "div", "span", "strong")
)
# whole lines that lead elsewhere or ask for something, in the languages we meet
_PLEA = re.compile(
    r"^(?:[-–—>»\s]*)(?:read (?:more|also|next)|see also|related(?: stories| articles| topics)?"
    r"|more on this|more from|also read|sign up|subscribe|follow (?:us|\w+ on)"
    r"|share (?:this|on)|advertisement|click here|download (?:the|our) app|join (?:our|us)"
    r"|continue reading|most read|watch(?::| more)"
    r"|читайте (?:также|ещ[её]|нас|далее)|чита[йт]\w* (?:по теме)|смотрите также|подпи(?:шитесь|сывайтесь"
    r"|сывайся)|поделиться|по теме|реклама|больше новостей|присоединяйтесь|наш (?:телеграм|telegram)"
    r"|материалы по теме|фото по теме"
    r"|чытайце (?:таксама|яшчэ|нас)|глядзіце таксама|падпі(?:шыцеся|свайцеся)|падзяліцца|па тэме|рэклама"
    r"|далучайцеся"
    r"|читайте (?:також|ще)|дивіться також|підпи(?:шіться|суйтесь|суйтеся)|поділитися|за темою|приєднуйтесь"
    r"|czytaj (?:też|także|również|więcej)|zobacz (?:też|także|również)|przeczytaj|reklama|udostępnij|obserwuj nas"
    r"|mehr (?:zum thema|dazu|lesen)|lesen sie (?:auch|mehr|hier)|hier finden sie|das könnte sie auch"
    r"|lire aussi|à lire|voir aussi|il vous reste"
    r"|lee también|te puede interesar|más información|leggi anche|ti potrebbe|leia (?:mais|também)"
    r"|læs også|läs (?:mer|också)|les også|lees ook)\b",
    re.IGNORECASE,
)
_PLEA_WORDS_AT_MOST = 25
_LEAD_WORDS = (6, 120)
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
    lines = read_lines(tree, url, shown)
    if data_body and len(data_body) > LONGER * max(size_of(lines), 120):
        lines = [line for line in data_body.splitlines() if line.strip()]
    lines = restore_omitted_blocks(lines, blocks.holder)
    lines = with_gaps_filled(lines, [blocks.holder.get(_bare(line)) for line in lines], _link_share)
    headings = {folded(title or ""), *(_plain(heading) for heading in tree.iter("h1"))}
    lines = _without_foreign(lines, blocks, headings)
    lead = _lead(descriptions, blocks, lines)
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
        shares[words] = min(_link_share(element, words), shares.get(words, 1.0))
        holder.setdefault(words, element)
    return _Blocks(shares, holder)


def _bare(line: str) -> str:
    return folded(line.lstrip("- "))


def _link_share(element: html.HtmlElement, words: str | None = None) -> float:
    """How much of an element's text is links; 0 where it has none."""
    whole = len(words if words is not None else _plain(element))
    return sum(len(_plain(link)) for link in element.iter("a")) / whole if whole else 0.0


def _plain(element: html.HtmlElement) -> str:
    return folded(" ".join(element.itertext()))


def _without_foreign(lines: list[str], blocks: _Blocks, headings: set[str]) -> list[str]:
    kept: list[str] = []
    for line in lines:
        plain = folded(line.lstrip("-–• ").strip())
        if not plain or (plain in headings and len(kept) < 3):
            continue
        words = len(plain.split())
        if words <= _PLEA_WORDS_AT_MOST and _PLEA.search(line):
            continue
        if blocks.link_share.get(plain, 0.0) > _LINK_SHARE and words > 2:
            continue
        kept.append(line)
    return kept


def _lead(descriptions: tuple[str, ...], blocks: _Blocks, lines: list[str]) -> str | None:
    """The description, if the page shows it as a block of its own and the text lacks it."""
    text = folded(" ".join(lines))
    for description in descriptions:
        wanted = folded(description).rstrip(".… ")
        if not _LEAD_WORDS[0] <= len(wanted.split()) <= _LEAD_WORDS[1] or wanted[:200] in text:
            continue
        for block in blocks.link_share:
            if block.rstrip(".… ").startswith(wanted) and len(block) < 1.6 * len(wanted) + 40:
                if blocks.link_share[block] > 0.5:
                    continue
                return one_line(comparable(description))
    return None
