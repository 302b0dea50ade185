"""Where a page of a list leads: its other pages, and the documents it hands out.

In: the page as a tree, its URL and its encoding. Out: addresses to request, in page order, none twice. Pure. What
a link is for is told by its wording, since letters outside ASCII are escaped in the address.
"""

import re
from urllib.parse import parse_qsl, urlsplit

from lxml import html

from processors.markup.html_tree import attribute, visible_text
from processors.markup.link_base import link_base
from processors.text import one_line
from processors.urls import absolute

_NEXT = re.compile(
    r"^(?:\d{1,4}|>{1,2}|»|›|→|next(?: page)?|дал(?:ее|ей|і)|след(?:ующая|\.)?(?: страница)?|вперед"
    r"|наступная(?: старонка)?|наступна(?: сторінка)?"
    r"|następna|dalej)\s*[>»›→]?$",
    re.IGNORECASE,
)
# endings under which courts hand out lists and papers
_DOCUMENT = re.compile(r"\.(?:pdf|xlsx?|xlsm|docx?|rtf|od[ts]|csv|tsv)$", re.IGNORECASE)


def document_links(tree: html.HtmlElement, url: str, encoding: str) -> tuple[str, ...]:
    """Links whose path, or a value of whose query, ends as documents do."""
    base = link_base(tree, url, encoding)
    found: dict[str, None] = {}
    for link in tree.iter("a", "iframe", "embed", "object"):
        name = {"a": "href", "object": "data"}.get(str(link.tag), "src")
        target, address = absolute(base.url, attribute(link, name) or ""), base.resolve(link.get(name))
        if target is None or address is None:
            continue
        parts = urlsplit(target)
        named = (parts.path, *(value for _, value in parse_qsl(parts.query)))
        if any(_DOCUMENT.search(each) for each in named):
            found.setdefault(address)
    return tuple(found)


def next_pages(tree: html.HtmlElement, url: str, encoding: str) -> tuple[str, ...]:
    """Other pages of the same list: links that look like page numbers or "next" and stay on the same path."""
    base = link_base(tree, url, encoding)
    here = urlsplit(url)
    found: dict[str, None] = {}
    for link in tree.iter("a", "link"):
        target, address = absolute(base.url, attribute(link, "href") or ""), base.resolve(link.get("href"))
        if target is None or address is None:
            continue
        there = urlsplit(target)
        relation = (attribute(link, "rel") or "").lower().split()
        if there.hostname != here.hostname or target.partition("#")[0] == url.partition("#")[0]:
            continue
        words = one_line(visible_text(link)) or attribute(link, "title") or attribute(link, "aria-label") or ""
        if "next" in relation or (link.tag == "a" and _NEXT.match(words) and _same_list(url, target)):
            found.setdefault(address)
    return tuple(found)


def _same_list(url: str, target: str) -> bool:
    """The same path with another query, or paths that differ in one number."""
    here, there = urlsplit(url), urlsplit(target)
    if here.path.lstrip("./") == there.path.lstrip("./") or there.path.endswith(
        here.path.rpartition("/")[2] or "\n"
    ):
        changed = set(parse_qsl(here.query)) ^ set(parse_qsl(there.query))
        return bool(changed)
    without = re.sub(r"\d+", "", there.path).strip("/")
    return without == re.sub(r"\d+", "", here.path).strip("/") or re.sub(
        r"/?page/?$", "", without
    ) == here.path.strip("/")
