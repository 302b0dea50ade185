"""What a reader of articles left out among what it kept: links inside sentences, subheadings, lists, paragraphs.

In: the lines read, and the page's blocks by their words. Out: the lines as the page has them whole, with what
stands among them, in page order. What a reader takes for furniture beside the text rarely is when the text goes on
after it: what stands in one container between two kept paragraphs is put back, and so are whole paragraphs before
the first. Blocks that lead elsewhere (mostly links) and those marked as teasers, shares and the like stay out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import html

from processors.markup.html_tree import classes, visible_text
from processors.news.linked_text import HEADINGS, LINKED_AT_MOST, LISTS, is_text_though_linked, link_share
from processors.news.pleas import is_plea
from processors.text import folded, one_line

_TAKEN = frozenset(("p", "blockquote", "pre", "div", *HEADINGS, *LISTS))
_BLOCKS = frozenset(("p", "div", "section", "article", "ul", "ol", "table", "figure", "form", "iframe", "img"))
_NOT_TEXT = re.compile(
    r"(?:^|[\s_-])(?:comment|related|recommend|sidebar|share|social|promo|newsletter|teaser|footer|menu|nav"
    r"|breadcrumb|cookie|advert|ads?|banner|tags?|author|byline|meta|date|time|caption|credit|copyright|subscri\w*"
    r"|most-?read|popular|hidden|widget|inline-?(?:link|article)|read-?more|poll|quiz|button|toc|player|gallery)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?…:;»”“\"’)]\s*$")
_WORD = re.compile(r"\w+")
_BROKEN_AT_LEAST = 60
_END = 20
_LEADING_AT_LEAST = 70
_POINT_AT_LEAST = 40


def restore_omitted_blocks(lines: list[str], holder: Mapping[str, html.HtmlElement]) -> list[str]:
    """Each line as its block has it where the reader dropped words out of the middle, which links are to it."""
    missing = [line for line in lines if len(line) > _BROKEN_AT_LEAST and folded(line) not in holder]
    if not missing:
        return lines
    ends: dict[str, list[str]] = {}
    for words in holder:
        if len(words) > _BROKEN_AT_LEAST:
            for end in (words[:_END], words[-_END:]):
                ends.setdefault(end, []).append(words)
    whole: dict[str, str] = {}
    for line in missing:
        bare = folded(line)
        for words in dict.fromkeys((*ends.get(bare[:_END], ()), *ends.get(bare[-_END:], ()))):
            if not len(bare) < len(words) <= 2 * len(bare) or not _stands_within(bare, words):
                continue
            if _stands_within(_outside_links(holder[words]), bare):
                whole[line] = one_line(visible_text(holder[words]))
                break
    return [whole.get(line, line) for line in lines]


def _outside_links(element: html.HtmlElement) -> str:
    return folded(" ".join(element.xpath(".//text()[not(ancestor::a)]")))


def _stands_within(part: str, whole: str) -> bool:
    """Whether all words of the first stand in the second in this order."""
    rest = iter(_WORD.findall(whole))
    return all(word in rest for word in _WORD.findall(part))


@dataclass(frozen=True, slots=True)
class Restored:
    """Lines with what stands among them, and which of them are links as a whole and text all the same (folded)."""

    lines: list[str]
    linked: frozenset[str]


def with_gaps_filled(lines: list[str], held: list[html.HtmlElement | None], url: str) -> Restored:
    """The lines, and between them what their containers hold besides; each text once."""
    rungs: dict[html.HtmlElement, int] = {}
    around: dict[html.HtmlElement, int] = {}
    for place, element in enumerate(held):
        if element is None:
            continue
        rung = _rung(element)
        rungs[rung] = place
        parent = rung.getparent()
        if parent is not None:
            around[parent] = around.get(parent, 0) + 1
    present_text = folded(" ".join(lines))
    added: dict[int, list[str]] = {}
    linked: set[str] = set()
    for parent, count in around.items():
        children = list(parent)
        last = max(index for index, child in enumerate(children) if child in rungs)
        among = children[:last] if count > 1 else []
        place = -1
        for child in (*among, children[last], *_introduced(children[last:])):
            mostly_linked = link_share(child) > LINKED_AT_MOST
            if mostly_linked and (_is_marked(child) or not is_text_though_linked(child, url)):
                place = rungs.get(child, place)
                continue
            if mostly_linked:
                linked.update(folded(text.removeprefix("- ")) for text in _texts(child))
            if child in rungs:
                place = rungs[child]
                continue
            texts = list(_texts(child))
            for text in texts if place >= 0 else _lead_text(child, texts):
                if folded(text) not in present_text:
                    added.setdefault(place, []).append(text)
    return Restored(_with_added(lines, added, min(rungs.values(), default=0)), frozenset(linked))


def _lead_text(child: html.HtmlElement, texts: list[str]) -> list[str]:
    """What begins the text, of what stands before the first line read: sentences, or a list of its points."""
    if child.tag in LISTS:
        return texts if len(texts) > 1 and sum(map(len, texts)) >= _POINT_AT_LEAST * len(texts) else []
    return [text for text in texts if len(text) >= _LEADING_AT_LEAST and _SENTENCE.search(text)]


def _introduced(children: list[html.HtmlElement]) -> list[html.HtmlElement]:
    """What follows the last line read: the list that this, or one line after it, introduces with a colon."""
    for place, introduction in enumerate(children[:2]):
        following = children[place + 1] if len(children) > place + 1 else None
        if following is None or following.tag not in LISTS or link_share(introduction) > LINKED_AT_MOST:
            continue
        words = one_line(visible_text(introduction))
        if words.endswith((":", "：")) and not is_plea(words) and not _is_marked(introduction):
            return children[1 : place + 2]
    return []


def _with_added(lines: list[str], added: dict[int, list[str]], first: int) -> list[str]:
    if not added:
        return lines
    filled: list[str] = []
    for place, line in enumerate(lines):
        if place == first:
            filled += added.get(-1, ())
        filled.append(line)
        filled += added.get(place, ())
    return filled


def _rung(element: html.HtmlElement) -> html.HtmlElement:
    """The outermost element that holds this paragraph, or its list, and nothing else."""
    while (parent := element.getparent()) is not None and parent.tag not in ("body", "article", "main"):
        # not `len(parent)`: lxml counts all children each time, and a row may have 40,000
        alone = element.getprevious() is None and element.getnext() is None
        if parent.tag not in LISTS and (not alone or (parent.text or "").strip()):
            break
        element = parent
    return element


def _texts(child: html.HtmlElement) -> Iterator[str]:
    while child.tag == "div" and _is_box(child) and not _is_marked(child):
        child = child[0]  # a paragraph in a box of its own
    if child.tag not in _TAKEN or _is_marked(child):
        return
    if child.tag in LISTS:
        for item in child.iterchildren("li"):
            text = one_line(visible_text(item))
            if text:
                yield f"- {text}"
        return
    if any(part.tag in _BLOCKS for part in child.iterdescendants()):
        return
    for line in visible_text(child).splitlines():
        text = one_line(line)
        if text:
            yield text


def _is_box(element: html.HtmlElement) -> bool:
    return len(element) == 1 and element[0].tag in _TAKEN and not (element.text or "").strip()


def _is_marked(element: html.HtmlElement) -> bool:
    names = (*classes(element), element.get("id") or "")
    return any(_NOT_TEXT.search(name) for name in names) or element.get("aria-hidden") == "true"
