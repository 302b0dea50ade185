"""Crossed-out words in an article: they stay where they stand, between marks, and are told apart by them.

In: a page as a tree that `processors.markup.visibility` has made what a reader sees. Out: the same tree, with
`STRUCK_MARK`s in its text around what is crossed out, line by line, and with no element that crosses out any more.
"~~два года~~ восемь лет" keeps its meaning in the text, in search and in every export, and `Struck` says the same.
"""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from lxml import etree, html

from processors.markup.html_tree import BLOCKS, STRUCK_MARK, STRUCK_TAGS, UNSEEN
from processors.markup.visibility import struck_in
from processors.records.struck import Struck
from processors.text import one_line

_Slot: TypeAlias = tuple[html.HtmlElement, str]
"""An element, and which of its texts: ``text`` or ``tail``."""


def mark_struck(tree: html.HtmlElement) -> tuple[str, ...]:
    """Put marks around all that is crossed out; gives the words, line by line, in page order."""
    found: list[str] = []
    for element in struck_in(tree):
        for line in _lines(element):
            words = one_line("".join(getattr(node, part) for node, part in line))
            if words:
                _mark(line)
                found.append(words)
        for each in list(element.iter(*STRUCK_TAGS)):
            each.tag = "span"
    return tuple(found)


def _lines(element: html.HtmlElement) -> Iterator[list[_Slot]]:
    """The texts within an element, those of one line together."""
    line: list[_Slot] = []
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, node in walk:
        if event == "start" and node.tag in UNSEEN:
            walk.skip_subtree()
            continue
        if node.tag == "br" or node.tag in BLOCKS:
            yield line
            line = []
        part = "text" if event == "start" else "tail"
        if getattr(node, part) and not (part == "tail" and node is element):
            line.append((node, part))
    yield line


def _mark(line: Sequence[_Slot]) -> None:
    worded = [slot for slot in line if getattr(*slot).strip()]
    node, part = worded[0]
    text = getattr(node, part)
    setattr(node, part, f"{text[: len(text) - len(text.lstrip())]}{STRUCK_MARK}{text.lstrip()}")
    node, part = worded[-1]
    text = getattr(node, part)
    setattr(node, part, f"{text.rstrip()}{STRUCK_MARK}{text[len(text.rstrip()) :]}")


def struck_of(field: str, text: str | None, struck: Sequence[str]) -> tuple[Struck, ...]:
    """Those of these words that stand between marks in a field."""
    return tuple(
        Struck(field=field, text=words)
        for words in dict.fromkeys(struck)
        if text and f"{STRUCK_MARK}{words}{STRUCK_MARK}" in text
    )
