"""The entries of a page of wanted persons: cards of many, or the one person whom a page is about.

In: a tree. Out: ``Entry``s: labels with their values, lines without a label, links and pictures, nothing of it
interpreted but which line is the name. A card is one of several elements alike in tag, class and depth that begin
with a person's name. What was examined is bounded; beyond it nothing is read and ``complete`` is false. Pure.
"""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from lxml import etree, html

from processors.markup.html_tree import (
    INNER_MARK,
    STRUCK_TAGS,
    UNSEEN,
    attribute,
    classes,
    crossed_out_apart,
    elements,
    style_url,
    visible_text,
)
from processors.markup.visibility import hidden_in, struck_in
from processors.text import one_line
from processors.urls import absolute
from processors.wanted_list.names import person_name

FieldOf: TypeAlias = Callable[[str], str | None]
"""What a label means: the name of a field, or None."""

_AROUND: Final = frozenset(("nav", "header", "footer", "aside", "form", "menu"))
_CARD_TAGS: Final = frozenset(("article", "li", "div", "section", "a", "figure", "dd", "td", "tr", "p"))
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6", "dt", "strong", "b", "a", "figcaption", "span", "p", "div")
_BOXES: Final = frozenset(("div", "li", "p", "section", "span"))
_LEAVES: Final = frozenset(("div", "span", "p", "b", "strong", "em", "label", "h3", "h4", "h5", "h6", "a"))
_MENU: Final = re.compile(
    r"(?:^|[-_ ])(?:nav\w*|menu|header|footer|top|bread-?crumbs?|sidebar|social|share|cookies?|related)"
    r"(?:$|[-_ ])",
    re.IGNORECASE,
)
_FEW: Final = 3
_LABEL_TAGS: Final = ("span", "strong", "b", "label", "em", "i")
_LABELLED: Final = re.compile(r"^([^\d:：;!?]{2,60}?)\s*[:：]\s*(?!//)(\S.*)$")
_LABEL_ALONE: Final = re.compile(r"^([^\d:：;!?]{2,60}?)\s*[:：]$")
_NO_PHOTO: Final = re.compile(
    r"no[-_]?(?:photo|image|foto)|placeholder|default|silhouet|logo|icon|flag|\.svg$|spinner", re.I
)
_MOST_WORDS_OF_LABEL: Final = 7
_SHORTEST_CARD: Final = 5
_LONGEST_CARD: Final = 4_000
_MOST_CARDS: Final = 5_000
_MOST_EXAMINED: Final = 6_000_000
"""Characters of all elements that may be cards, nested ones again; each counts `_EACH` besides."""
_EACH: Final = 100
_MOST_HEADINGS: Final = 40
_MOST_LINES: Final = 400
_MOST_PHOTOS: Final = 10


@dataclass(slots=True)
class Entry:
    """One person as the page shows them: ``facts`` are labels and values in page order, ``lines`` the rest.

    ``struck`` are labels, None without one, and words crossed out behind them; of an entry that is ``crossed_out``
    with its name, the facts are crossed out as well.
    """

    name: str | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    url: str | None = None
    photos: tuple[str, ...] = ()
    struck: list[tuple[str | None, str]] = field(default_factory=list)
    crossed_out: bool = False
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cards:
    """The cards of a page, and their elements.

    ``missed``: elements alike that are no cards. Not ``complete``: the page was too large to be examined whole.
    """

    entries: tuple[Entry, ...] = ()
    elements: tuple[html.HtmlElement, ...] = ()
    missed: int = 0
    complete: bool = True


def page_cards(tree: html.HtmlElement, base: str, field_of: FieldOf) -> Cards:
    """The largest group of elements alike that are cards of persons."""
    best: list[tuple[html.HtmlElement, Entry]] = []
    left, missed = _MOST_EXAMINED, 0
    lengths = _text_lengths(tree)
    for group in _groups(tree, lengths):
        if len(group) <= len(best):
            continue
        found: list[tuple[html.HtmlElement, Entry]] = []
        for element in group:
            left -= lengths[element] + _EACH
            card = _card(element, base, field_of)
            if card is not None:
                found.append((element, card))
        if len(found) > max(1, len(best)) and len(found) * 3 >= 2 * len(group):
            best, missed = found, len(group) - len(found)
        if left < 0:
            break
    complete = left >= 0 and len(best) <= _MOST_CARDS
    best = best[:_MOST_CARDS]
    return Cards(tuple(card for _, card in best), tuple(element for element, _ in best), missed, complete)


def _groups(tree: html.HtmlElement, lengths: dict[html.HtmlElement, int]) -> list[list[html.HtmlElement]]:
    """Elements alike in tag, first class and depth, of a length that a card may have; the outermost first."""
    groups: dict[tuple[object, ...], list[html.HtmlElement]] = {}
    depth = 0
    walk = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            depth -= 1
            continue
        depth += 1
        if element.tag in _AROUND or element.tag in UNSEEN:
            walk.skip_subtree()
            continue
        if element.tag in _CARD_TAGS and _SHORTEST_CARD <= lengths[element] <= _LONGEST_CARD:
            key = (element.tag, classes(element)[:1], depth)
            groups.setdefault(key, []).append(element)
    return [group for group in groups.values() if len(group) > 1]


def _text_lengths(tree: html.HtmlElement) -> dict[html.HtmlElement, int]:
    """How many characters each element holds."""
    lengths: dict[html.HtmlElement, int] = {}
    for element in reversed(list(elements(tree))):
        own = len(element.text or "")
        lengths[element] = own + sum(lengths.get(child, 0) + len(child.tail or "") for child in element)
    return lengths


def _card(element: html.HtmlElement, base: str, field_of: FieldOf) -> Entry | None:
    entry = _entry(element, base, field_of)
    link = element if element.tag == "a" else _link_of_name(element, entry.name)
    entry.url = _own_page(link, base) if link is not None else None
    if entry.name is None and not any(field_of(label) in ("name", "surname") for label, _ in entry.facts):
        return None
    return entry if entry.photos or entry.url or entry.facts or entry.lines else None


def page_entry(
    tree: html.HtmlElement, base: str, field_of: FieldOf, besides: tuple[html.HtmlElement, ...]
) -> Entry | None:
    """The person whom the page is about, named by its one heading or by labels; cards beside are left out."""
    body = next(tree.iter("main"), None)
    body = tree if body is None else body
    inside = {each for element in besides for each in elements(element)}
    heading: str | None = None
    for tag in ("h1", "h2"):
        headings = [each for each in tree.iter(tag) if each not in inside]
        names = [found[0] for each in headings[:_MOST_HEADINGS] if (found := person_name(visible_text(each)))]
        if len(names) == 1 and field_of(names[0]) is None:
            heading = names[0]
            break
    if heading is None and besides:
        return None
    # without a heading, labels alone name the person: any other line may be anybody's name
    entry = _entry(_without(body, besides), base, field_of, name=heading or "")
    entry.name = heading
    named = heading is not None or any(field_of(label) in ("name", "surname") for label, _ in entry.facts)
    return entry if named else None


def _without(body: html.HtmlElement, besides: tuple[html.HtmlElement, ...]) -> html.HtmlElement:
    """A copy of the body without these elements and what stands around the content."""
    marked = {id(element) for element in besides}
    places = [number for number, element in enumerate(elements(body)) if id(element) in marked]
    kept = copy.deepcopy(body)
    kept.tail = None
    own = list(elements(kept))
    for element in [*(own[place] for place in places), *(each for each in own[1:] if _is_around(each))]:
        if element.getparent() is not None:
            element.drop_tree()
    return kept


def _is_around(element: html.HtmlElement) -> bool:
    marks = f"{element.get('class') or ''} {element.get('id') or ''}"[:300]
    return element.tag in _AROUND or _MENU.search(marks) is not None


def _entry(element: html.HtmlElement, base: str, field_of: FieldOf, name: str | None = None) -> Entry:
    entry = Entry(name=name, photos=photos_in(element, base))
    own = copy.deepcopy(element)
    own.tail = None
    rest = ""
    entry.remarks = [f"hidden on the page and left out: {words!r}" for words in hidden_in(own)]
    if name is None:
        entry.name, rest = _name(own, field_of)
        if struck_in(own) and (entry.name is None or entry.name not in one_line(visible_text(own))):
            # crossed out as a whole: it still names somebody
            for each in list(own.iter(*STRUCK_TAGS)):
                each.tag = "span"
            entry.name, rest = _name(own, field_of)
            entry.crossed_out = entry.name is not None
    facts = list(_facts_in_structure(own, field_of, entry.struck))
    _break_before_labels(own)
    lines = [one_line(line) for line in visible_text(own).split("\n")[:_MOST_LINES]]
    entry.struck += _struck_in_lines(own)
    entry.facts, entry.lines = _labelled(lines, entry.name)
    entry.facts = [*facts, *entry.facts]
    if entry.crossed_out:
        entry.struck = list(entry.facts)
    if rest:
        entry.lines.insert(0, rest)
    return entry


def _name(element: html.HtmlElement, field_of: FieldOf) -> tuple[str | None, str]:
    """The first heading, or line, that is a name and no label, and what stands behind it on its line."""
    texts = (
        text
        for tag in _HEADINGS
        for heading in islice(element.iter(tag), _MOST_HEADINGS)
        if "\n" not in (text := visible_text(heading))
    )
    for text in chain(texts, visible_text(element).split("\n")[:3]):
        found = None if text.rstrip().endswith((":", "：")) else person_name(text)
        if found is not None and field_of(found[0]) is None:
            return found
    return None, ""


def _struck_in_lines(element: html.HtmlElement) -> Iterator[tuple[str | None, str]]:
    """Words crossed out in lines, with the label of their line or the one alone above it."""
    above: str | None = None
    for line in visible_text(element, mark=INNER_MARK).split("\n")[:_MOST_LINES] if struck_in(element) else ():
        text = one_line(line.replace(INNER_MARK, ""))
        alone, labelled = _LABEL_ALONE.match(text), _LABELLED.match(text)
        label = labelled.group(1) if labelled is not None else above
        yield from ((label, words) for words in crossed_out_apart(line)[1])
        above = alone.group(1) if alone is not None else None


def _facts_in_structure(
    element: html.HtmlElement, field_of: FieldOf, struck: list[tuple[str | None, str]]
) -> Iterator[tuple[str, str]]:
    """Labels and values that markup tells apart, taken out of the element; what is crossed out goes to ``struck``.

    ``dt`` and ``dd``, rows of two cells, boxes of a known label and values, a line that ends in a colon and the
    list below it.
    """
    for label_element, value_element, box in _pairs(element, field_of):
        label = one_line(visible_text(label_element)).rstrip(" :：")
        value = _value(value_element)
        if box is not None and box is value_element:
            value = "\n".join(filter(None, (_value(each) for each in [*box][1:])))
        if not label or not value or len(label.split()) > _MOST_WORDS_OF_LABEL or person_name(label) is not None:
            continue
        struck += [(label, one_line(visible_text(words))) for words in struck_in(value_element)]
        yield label, value
        for gone in (box,) if box is not None else (label_element, value_element):
            if gone is not element and gone.getparent() is not None:
                gone.drop_tree()


def _pairs(
    element: html.HtmlElement, field_of: FieldOf
) -> list[tuple[html.HtmlElement, html.HtmlElement, html.HtmlElement | None]]:
    """Label, value, and the box that holds nothing else, if there is one."""
    found: list[tuple[html.HtmlElement, html.HtmlElement, html.HtmlElement | None]] = []
    for each in elements(element):
        following = each.getnext()
        if each.tag == "tr":
            cells = [cell for cell in each if cell.tag in ("td", "th")]
            found += [(cells[0], cells[1], each)] if len(cells) == 2 else []
        elif each.tag == "dt" and following is not None and following.tag == "dd":
            found.append((each, following, None))
        elif following is not None and following.tag in ("ul", "ol") and len(each.getchildren()) < _FEW:
            if one_line(visible_text(each)).endswith((":", "：")):
                found.append((each, following, None))
        elif each.tag in _BOXES and len(each) > 1 and _is_box_of_a_label(each, field_of):
            found.append((each[0], each, each))
    return found


def _is_box_of_a_label(box: html.HtmlElement, field_of: FieldOf) -> bool:
    """Whether a box holds the label of a field, and beside it nothing but values."""
    label = box[0]
    if any(each.tag not in _LEAVES for each in box) or len(label) or (box.text or "").strip():
        return False
    text = one_line(label.text or "")
    if any(one_line(visible_text(each)).endswith((":", "：")) for each in box[1:]):
        return False
    tails = "".join(each.tail or "" for each in box).strip()
    return not tails and bool(text) and not any(map(str.isdigit, text)) and field_of(text) is not None


def _value(element: html.HtmlElement) -> str:
    return "\n".join(line for each in visible_text(element).split("\n") if (line := one_line(each)))


def _break_before_labels(element: html.HtmlElement) -> None:
    """A line end before each inline label, so that several on one line are told apart."""
    for tag in _LABEL_TAGS:
        for label in list(element.iter(tag)):
            if one_line(visible_text(label)).endswith((":", "：")) and label.getparent() is not None:
                label.addprevious(etree.Element("br"))


def _labelled(lines: list[str], name: str | None) -> tuple[list[tuple[str, str]], list[str]]:
    facts: list[tuple[str, str]] = []
    rest: list[str] = []
    waiting: str | None = None
    for line in filter(None, lines):
        alone, labelled = _LABEL_ALONE.match(line), _LABELLED.match(line)
        if alone is not None or (labelled is not None and _is_short(labelled.group(1))):
            rest += [waiting] if waiting is not None else []
            waiting = alone.group(1) if alone is not None and _is_short(alone.group(1)) else None
            if labelled is not None and alone is None:
                facts.append((labelled.group(1), labelled.group(2)))
            elif waiting is None:
                rest.append(line)
        elif waiting is not None:
            facts.append((waiting, line))
            waiting = None
        elif not name or not line.startswith(name):
            rest.append(line)
    return facts, rest


def _is_short(label: str) -> bool:
    return len(label.split()) <= _MOST_WORDS_OF_LABEL


def _link_of_name(element: html.HtmlElement, name: str | None) -> html.HtmlElement | None:
    links = [link for link in element.iter("a") if attribute(link, "href")]
    named = [link for link in links if name and name in one_line(visible_text(link))]
    return next(iter((*named, *links)), None)


def _own_page(link: html.HtmlElement, base: str) -> str | None:
    target = absolute(base, attribute(link, "href") or "")
    if target is None:
        return None
    here, there = urlsplit(base), urlsplit(target)
    same = (here.path, here.query) == (there.path, there.query)
    return target.partition("#")[0] if there.hostname == here.hostname and not same else None


def photos_in(element: html.HtmlElement, base: str) -> tuple[str, ...]:
    """Addresses of the pictures in an element, without those that stand where there is none."""
    found: dict[str, None] = {}
    for image in elements(element):
        if image.tag == "img":
            written = next(
                filter(None, (attribute(image, each) for each in ("data-src", "data-original", "src"))), None
            )
        else:
            written = style_url(image)
        target = absolute(base, written) if written else None
        if target is not None and not _NO_PHOTO.search(urlsplit(target).path):
            found.setdefault(target)
        if len(found) >= _MOST_PHOTOS:
            break
    return tuple(found)
