"""Where a page's links lead: resolved as its browser would, against its ``<base>`` and in its encoding.

In: the page as a tree, its address and its encoding. Out: addresses to request. Pure. Source: HTML standard,
sections 2.4.1 (document base URLs) and 4.2.3 (the base element), read 2026-11.
"""

from dataclasses import dataclass

from lxml import html

from processors.urls import absolute, resolve


@dataclass(frozen=True, slots=True)
class LinkBase:
    """Against what links are resolved: a base address, and the encoding in which their queries are written."""

    url: str
    encoding: str = "utf-8"

    def resolve(self, link: str | None) -> str | None:
        """The address to request for an attribute's value; None for none, and as `processors.urls.resolve`."""
        return None if link is None else resolve(self.url, link, self.encoding)


def link_base(tree: html.HtmlElement, url: str, encoding: str) -> LinkBase:
    """The base of a page: the first ``<base>`` that has an address, else the page itself."""
    declared = next((base.get("href") for base in tree.iter("base") if base.get("href") is not None), None)
    return LinkBase((resolve(url, declared, encoding) if declared is not None else None) or url, encoding)


def addresses_by_wording(tree: html.HtmlElement, url: str, encoding: str) -> dict[str, str]:
    """For links as records quote them (`processors.urls.absolute`): the addresses to request instead."""
    base = link_base(tree, url, encoding)
    found: dict[str, str] = {}
    for link in tree.iter("a"):
        href = link.get("href")
        worded = absolute(url, href) if href is not None else None
        if worded is not None and (address := base.resolve(href)) is not None:
            found.setdefault(worded, address)
    return found
