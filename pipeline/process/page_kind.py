"""Says how a captured page is to be read: which kind of parser, which layout, whose publication.

In: the source as it was declared when the page was captured (from the WARC file itself), the page's URL. Out:
`ParserChoice`, or None for what is no page of a kind we read. Pages of files that other tools made, and pages
asked for one by one, are told by their address: Telegram's preview by its hosts, all others as news. A copy that
another web archive serves gives no records: a record would say that its page was captured here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crawlers.watchlist.source import layout_from_json
from processors.kinds import KINDS, PageKind, is_complete_list
from processors.tables.layout import Layout
from processors.telegram.desktop_export import is_export
from processors.telegram.post_address import is_on_telegram
from processors.web_copy import copy_in


@dataclass(frozen=True, slots=True)
class ParserChoice:
    """Parser kind, declared layout, and the publisher under whose name articles stand.

    ``operator`` names the class of an extension that reads in the place of our parser.
    """

    kind: PageKind
    layout: Layout | None
    publisher: str | None
    operator: str | None = None

    @property
    def is_list(self) -> bool:
        """Whether what is read may be a list, in JSON and documents as well."""
        return self.operator is not None or is_complete_list(self.kind)


def choose_parser(declaration: Mapping[str, Any] | None, url: str) -> ParserChoice | None:
    """By the source's declaration where there is one, else by the address."""
    if is_export(url):
        return ParserChoice("telegram_export", None, None)
    if copy_in(url) is not None:
        return None
    declared = declaration or {}
    on_telegram = is_on_telegram(url)
    layout = declared.get("layout")
    publisher = declared.get("publisher")
    kind = str(declared.get("kind"))
    operator = declared.get("parser")
    if operator is not None:
        return ParserChoice(KINDS[kind].page if kind in KINDS else "news", None, publisher, operator)
    if kind == "telegram":
        return ParserChoice("telegram", None, None) if on_telegram else None
    if is_complete_list(kind):
        return ParserChoice(KINDS[kind].page, None if layout is None else layout_from_json(layout), None)
    if kind == "news":
        return ParserChoice("news", None if layout is None else layout_from_json(layout), publisher)
    return ParserChoice("telegram" if on_telegram else "news", None, publisher)
