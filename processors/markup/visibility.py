"""A page as a reader sees it: what is hidden from every reader leaves the tree, what is crossed out is marked.

In: a page as a tree, which is changed in place. Out: `Seen`: what was hidden and is kept all the same. After it

- an element that nobody sees is an empty ``<template>``, which no walk over text enters; `hidden_in` gives the
  words that stood in it, so that a record can say so;
- ``s``, ``del`` and ``strike`` are the only elements whose text is crossed out, whatever style did it.

Hidden is what the page hides by ``hidden``, by a ``style``, by a rule (`processors.markup.style_rules`),
or by a class that only ever means this (``sr-only``, ``d-none`` ...): ``display: none``, ``visibility``, clipping,
a place far outside, letters of no size or no opacity; columns whose ``<col>`` collapses. In doubt it is kept, and
`Seen` says so: what something on the page can show (a tab, an accordion, a rule for another medium), many words,
which scripts show later, and rows that a table shows page by page. ``<details>``, ``aria-hidden``,
``hidden=until-found`` and ``content-visibility`` hide nothing from a reader. Bounded, never raises.
Source: HTML standard, "the hidden attribute" and "hidden elements" (rendering), read 2026-11-29.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from lxml import etree, html

from processors.markup.hidden_marks import (
    CLIPPED,
    Styles,
    is_crossed_out_by_class,
    is_hidden_by_class,
    is_out_of_sight,
    own_styles,
)
from processors.markup.html_tree import STRUCK_TAGS
from processors.markup.style_rules import Declared, StyleRules, style_rules
from processors.text import one_line, shortened

_NOTE: Final = "{urn:letapis:hidden}text"
"""Attribute with the words of what was hidden; no parser of HTML makes one with a namespace."""

_SHOWN_BY_WIDGET: Final = re.compile(
    r"(?:^|[-_])(?:tab|tabs|tabpanel|pane|accordion|collapse|collapsible|spoiler|dropdown|modal|popup|dialog|carousel"
    r"|slides?|slider|swiper|expand\w*|read-?more|full-?text|lightbox|offcanvas|drawer)(?:$|[-_])",
    re.IGNORECASE,
)
_WIDGET_ROLES: Final = frozenset(("tabpanel", "dialog", "alertdialog", "menu", "listbox"))
_NEVER: Final = frozenset(("html", "body", "head", "main", "article", "title"))
_OF_TABLES: Final = frozenset(("tr", "td", "th"))
_CONTROL_TAGS: Final = ("form", "input", "button", "select", "textarea")
"""What has one of these is a dialogue or menu, which something opens."""
_MANY_WORDS: Final = 60
"""A text this long is no note for machines: scripts show it later."""
_LARGE_SHARE: Final = 3
_WORDS_OF_A_SHARE: Final = 25
"""So is a third of what the page says, if it has so many words."""
_PAGED_ROWS: Final = 5
"""So many hidden rows at the end of a table are its other pages."""
_MOST_HIDDEN: Final = 20_000
_LONGEST_NOTE: Final = 500

_CLASS_TELLS: Final = re.compile(r"[hH]id|hide|sr-|sr$|screen|none|invisible|assistive|offscreen|through|strike")
_CONTROLS: Final = (
    "//@href[starts-with(., '#')] | //@data-target | //@data-bs-target | //@aria-controls | //@for "
    "| //@popovertarget | //@commandfor"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page hides and was kept all the same: the beginning of its words, in page order.

    ``kept_rows``: how many rows of tables that is.
    """

    kept: tuple[str, ...] = ()
    kept_rows: int = 0


def as_seen(tree: html.HtmlElement) -> Seen:
    """Make the tree what a reader sees."""
    return _Page(tree).as_seen()


def hidden_in(element: html.HtmlElement) -> tuple[str, ...]:
    """Words that the page hides within the element, in page order."""
    return tuple(words for note in element.iter("template") if (words := note.get(_NOTE)))


def struck_in(element: html.HtmlElement) -> tuple[html.HtmlElement, ...]:
    """The outermost elements within this one that are crossed out."""
    return tuple(
        each
        for each in element.iter(*STRUCK_TAGS)
        if each is not element and next(each.iterancestors(*STRUCK_TAGS), None) is None
    )


class _Page:
    """One page on its way; the style rules and the ids of controls are looked at once."""

    def __init__(self, tree: html.HtmlElement) -> None:
        self._tree = tree
        self._rules: StyleRules = style_rules(tree)
        self._controlled: frozenset[str] | None = None
        self._words: int | None = None
        self._kept: list[str] = []
        self._kept_rows = 0
        self._left = _MOST_HIDDEN

    def as_seen(self) -> Seen:
        hidden: list[html.HtmlElement] = []
        rows: list[html.HtmlElement] = []
        for element in self._candidates():
            styles = own_styles(element)
            if not (
                styles
                or element.tag in STRUCK_TAGS
                or element.get("hidden") is not None
                or is_hidden_by_class(element)
                or is_crossed_out_by_class(element)
                or self._rules.act_on(element)
            ):
                continue
            decoration = self._resolved(element, "text-decoration", styles)
            self._settle_struck(element, decoration)
            if element.tag in ("col", "colgroup"):
                if self._resolved(element, "visibility", styles) == "collapse":
                    self._hide_column(element)
            elif element.tag not in _NEVER and self._is_hidden(element, styles):
                (rows if element.tag == "tr" else hidden).append(element)
        for template in self._tree.iter("template"):
            if len(template) or template.text:
                _empty(template)
        paged = self._paged(rows)
        for element in chain(rows, hidden):
            if self._left <= 0 or element.getroottree().getroot() is not self._tree.getroottree().getroot():
                continue
            if element in paged or self._may_be_shown(element):
                self._keep(element)
            else:
                self._leave_out(element)
        return Seen(tuple(self._kept), self._kept_rows)

    def _candidates(self) -> list[html.HtmlElement]:
        """Elements that anything on the page may hide or cross out, in page order, each once."""
        found = []
        for element in self._tree.iter(etree.Element):
            names = element.get("class")
            if (
                element.get("style") is not None
                or element.get("hidden") is not None
                or element.tag in STRUCK_TAGS
                or (names and _CLASS_TELLS.search(names))
                or self._rules.may_act_on(element, names)
            ):
                found.append(element)
        return found

    def _resolved(self, element: html.HtmlElement, name: str, styles: Styles) -> str | None:
        """The value of a property after the cascade; None where nothing of the page says any."""
        own = styles.get(name)
        ruled: Declared | None = self._rules.declared(element, name)
        if own is not None and (own[1] or ruled is None or not ruled.important):
            return own[0]
        return ruled.value if ruled is not None else None

    def _is_hidden(self, element: html.HtmlElement, styles: Styles) -> bool:
        display = self._resolved(element, "display", styles)
        if display == "none":
            return True
        visibility = self._resolved(element, "visibility", styles)
        if visibility in ("hidden", "collapse"):
            return "visible" not in "".join(
                each.get("style") or "" for each in element.iter() if each is not element
            )
        if display is None and element.get("hidden") is not None and element.get("hidden") != "until-found":
            return True
        return (
            is_out_of_sight(element, styles)
            or self._is_clipped(element, styles)
            or (display is None and visibility is None and is_hidden_by_class(element))
        )

    def _is_clipped(self, element: html.HtmlElement, styles: Styles) -> bool:
        clip = self._resolved(element, "clip", styles)
        return clip is not None and CLIPPED.match(clip) is not None

    def _settle_struck(self, element: html.HtmlElement, decoration: str | None) -> None:
        """Put the contents of an element that is crossed out by style or class into an ``s``."""
        if element.tag in STRUCK_TAGS:
            if decoration is not None and "line-through" not in decoration:
                element.tag = "span"
            return
        by_class = decoration is None and is_crossed_out_by_class(element)
        if element.tag in _NEVER or not (by_class or (decoration is not None and "line-through" in decoration)):
            return
        parts = [element]
        if element.tag in ("table", "thead", "tbody", "tfoot", "tr"):
            parts = list(element.iter("td", "th"))
        for part in parts:
            _wrap(part, "s")

    def _hide_column(self, column: html.HtmlElement) -> None:
        """Leave out the cells under a ``<col>``, in tables where no cell covers several columns."""
        table = next(column.iterancestors("table"), None)
        if table is None or any(each.get("colspan", "1") != "1" for each in table.iter("td", "th")):
            return
        first = sum(_span(each) for each in column.itersiblings("col", "colgroup", preceding=True))
        parent = column.getparent()
        if parent is not None and parent.tag == "colgroup":
            first += sum(_span(each) for each in parent.itersiblings("colgroup", preceding=True))
        places = range(first, first + _span(column))
        covered: dict[int, int] = {}
        for row in table.iter("tr"):
            place = 0
            for cell in [each for each in row if each.tag in ("td", "th")]:
                while covered.get(place, 0) > 0:
                    covered[place] -= 1
                    place += 1
                height = int(cell.get("rowspan")) if (cell.get("rowspan") or "").isdigit() else 1
                covered[place] = height - 1
                if place in places:
                    self._leave_out(cell)
                place += 1

    def _may_be_shown(self, element: html.HtmlElement) -> bool:
        """Whether a reader may come to see the element after all."""
        words = _count_words(element)
        if words == 0:
            return False
        if self._is_controlled(element) or self._rules.can_show(element):
            return True
        in_cell = next(element.iterancestors("td", "th"), None) is not None
        if element.tag in _OF_TABLES or (in_cell and words < _MANY_WORDS):
            return False
        if next(element.iter(*_CONTROL_TAGS), None) is not None:
            return True
        if element.get("role") in _WIDGET_ROLES or any(
            _SHOWN_BY_WIDGET.search(name) for name in (element.get("class") or "").split()
        ):
            return True
        if words >= _MANY_WORDS:
            return True
        return words >= _WORDS_OF_A_SHARE and words * _LARGE_SHARE >= self._words_of_page()

    def _is_controlled(self, element: html.HtmlElement) -> bool:
        """Whether a link, button or label of the page names the element."""
        name = element.get("id")
        if not name:
            return False
        if self._controlled is None:
            self._controlled = frozenset(
                each.lstrip("#") for value in self._tree.xpath(_CONTROLS) for each in value.split()
            )
        return name in self._controlled

    def _words_of_page(self) -> int:
        if self._words is None:
            body = next(self._tree.iter("body"), self._tree)
            self._words = _count_words(body)
        return self._words

    def _paged(self, rows: list[html.HtmlElement]) -> frozenset[html.HtmlElement]:
        """Hidden rows at the end of their table, if there are many: a script shows them page by page."""
        found: set[html.HtmlElement] = set()
        hidden = set(rows)
        for group in {row.getparent() for row in rows}:
            own = [row for row in group if row.tag == "tr"] if group is not None else []
            last = []
            for row in reversed(own):
                if row not in hidden:
                    break
                last.append(row)
            if len(last) >= _PAGED_ROWS:
                found.update(last)
        return frozenset(found)

    def _keep(self, element: html.HtmlElement) -> None:
        self._kept_rows += sum(1 for _ in element.iter("tr"))
        self._kept.append(shortened(one_line(" ".join(_texts(element))), _LONGEST_NOTE))

    def _leave_out(self, element: html.HtmlElement) -> None:
        self._left -= 1
        words = shortened(one_line(" ".join(_texts(element))), _LONGEST_NOTE)
        emptied = element.tag in ("td", "th") and element.get("hidden") is None and _is_only_invisible(element)
        _empty(element)
        if emptied:
            note = etree.SubElement(element, "template")
        else:
            element.tag, note = "template", element
        if words:
            note.set(_NOTE, words)


def _is_only_invisible(element: html.HtmlElement) -> bool:
    """Whether a cell keeps its place in the row: hidden by ``visibility`` in its own style."""
    return "visibility" in own_styles(element)


def _empty(element: html.HtmlElement) -> None:
    """Take out all that the element holds and says of itself but its id."""
    tail, name = element.tail, element.get("id")
    element.clear()
    element.tail = tail
    if name is not None:
        element.set("id", name)


def _wrap(element: html.HtmlElement, tag: str) -> None:
    inner = etree.Element(tag)
    inner.text, element.text = element.text, None
    inner.extend(list(element))
    element.append(inner)


def _span(column: html.HtmlElement) -> int:
    own = [each for each in column if each.tag == "col"] if column.tag == "colgroup" else []
    if own:
        return sum(map(_span, own))
    stated = column.get("span") or "1"
    return min(int(stated), 1_000) if stated.isdigit() else 1


def _texts(element: html.HtmlElement) -> Iterator[str]:
    """The text of an element, without what no reader sees anyway."""
    for node in element.iter(etree.Element):
        if node.tag not in ("script", "style", "noscript", "template") and node.text:
            yield node.text
        if node is not element and node.tail:
            yield node.tail


def _count_words(element: html.HtmlElement) -> int:
    return sum(len(text.split()) for text in _texts(element))
