"""Where on a page of one site a field of an article stands, as declared in the watch-list.

In: selectors, XPath 1.0 where they begin with ``/`` or ``(`` or ``./``, else CSS. Out: what they find, in page
order. A selector that cannot be understood raises `SelectorError`, which the watch-list tells with its line; one
that finds nothing gives nothing, and the generic reader goes on. Source: W3C XPath 1.0, Selectors level 3.
"""

from collections.abc import Mapping
from functools import lru_cache

from cssselect import HTMLTranslator
from cssselect import SelectorError as CssError
from lxml import etree, html

from processors.digest import sha256
from processors.markup.html_tree import attribute, visible_text
from processors.text import one_line

FIELDS = ("title", "text", "authors", "published", "modified", "section", "tags")
"""Fields of an article that a site's own selectors may give."""


class SelectorError(ValueError):
    """The selector cannot be understood; whoever wrote it mends it."""


@lru_cache(maxsize=512)
def compiled(selector: str) -> etree.XPath:
    """The selector, ready to be asked; raises `SelectorError`."""
    is_xpath = selector.startswith(("/", "(", "./"))
    try:
        path = selector if is_xpath else HTMLTranslator().css_to_xpath(selector)
        return etree.XPath(path)
    except (CssError, etree.XPathError) as error:
        kind = "XPath" if is_xpath else "CSS selector"
        raise SelectorError(f"{selector!r} is no {kind}: {error}") from error


def found_by(tree: html.HtmlElement, selector: str) -> tuple[str, ...]:
    """What the selector finds, as lines of text each; attributes and strings as they stand."""
    try:
        result = compiled(selector)(tree)
    except etree.XPathError:  # a function with arguments that do not fit, seen only when it is asked
        return ()
    items = result if isinstance(result, list) else [result] if isinstance(result, str) else []
    texts = [visible_text(item) if isinstance(item, etree._Element) else str(item) for item in items]
    return tuple(text for text in texts if text.strip())


def time_found_by(tree: html.HtmlElement, selector: str) -> str | None:
    """The first time the selector finds: what the element states for machines, else its words."""
    try:
        result = compiled(selector)(tree)
    except etree.XPathError:
        return None
    for item in result if isinstance(result, list) else [result]:
        if isinstance(item, html.HtmlElement):
            stated = attribute(item, "datetime") or attribute(item, "content") or one_line(visible_text(item))
        else:
            stated = one_line(item) if isinstance(item, str) else ""
        if stated:
            return stated
    return None


def mark_of(selectors: Mapping[str, str]) -> str:
    """Eight hex digits that tell one set of selectors from another, for the parser version."""
    return sha256("\n".join(f"{field}={selectors[field]}" for field in sorted(selectors)).encode()).hex[:8]
