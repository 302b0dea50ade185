"""What an operator's parser is given and what it declares; `docs/extensions.md` has the whole example.

A parser is a class with ``kind`` (the name of a kind of ours, or an `OwnKind`), ``version`` (a whole number) and
``parse(page)``, which yields records: dataclasses of our kinds, or dictionaries with the fields of the own kind.
It may have ``next_pages(page)``, which yields the addresses of the other pages of the same list.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from lxml import html
from parsel import Selector, SelectorList

from processors.markup.html_tree import visible_text
from processors.pages.dates import read_moment
from processors.pages.language import language_of
from processors.pages.outcome import ParsedPage
from processors.pages.page import Page
from processors.pages.page_tables import page_tables
from processors.pages.timezones import country_of, zone_of_country
from processors.tables.table import Table
from processors.text import one_line
from processors.urls import absolute, host_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKind:
    """A kind of record that an extension declares.

    ``name`` is the kind's name within the extension. ``schema`` is a JSON schema (2020-12) of type ``object``
    whose ``properties`` name every field; ``title`` must be among them, a text: it names a record in lists.
    ``text``, ``published_at`` and ``starts_at`` have the meanings that they have in our kinds; every field that
    ends in ``_at`` is a time with its zone. ``key`` names the fields that identify a record within its source.
    ``not_compared`` names fields whose change is no edit, such as a counter. ``complete_list``: the pages together
    show everything there is, so that what is no longer there is missing.
    """

    name: str
    schema: Mapping[str, Any]
    key: tuple[str, ...]
    not_compared: tuple[str, ...] = ()
    complete_list: bool = False


class ParserPage:
    """A captured page, with what reading one usually takes.

    ``url`` is where redirects led, ``captured_at`` aware UTC, ``status`` and ``content_type`` None where they are
    not known, ``body`` the bytes without any transfer or content coding.
    """

    def __init__(self, page: Page, opened: ParsedPage) -> None:
        self._page = page
        self.url: str = page.url
        self.body: bytes = page.body
        self.captured_at: datetime = page.captured_at
        self.status: int | None = page.status
        self.content_type: str | None = page.content_type
        self.text: str = opened.text
        """The page decoded; empty for a document."""
        self.tree: html.HtmlElement | None = opened.tree
        """The page parsed by lxml, None where there is nothing in it or it is no markup."""

    @cached_property
    def selector(self) -> Selector:
        """The page as parsel has it, the library behind Scrapy's ``response.css`` and ``response.xpath``."""
        return Selector(text="") if self.tree is None else Selector(root=self.tree, type="html")

    def css(self, query: str) -> SelectorList[Selector]:
        """As in Scrapy: ``page.css("tr td::text").getall()``."""
        return self.selector.css(query)

    def xpath(self, query: str) -> SelectorList[Selector]:
        """As in Scrapy: ``page.xpath("//h1/text()").get()``."""
        return self.selector.xpath(query)

    def json(self) -> Any:
        """The body read as JSON; raises ``ValueError`` where it is none."""
        return json.loads(self.body)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Every table of the page or document, merged cells filled in."""
        # a copy: the tables are what a reader sees, the tree stays what was served
        found = page_tables(self._page, copy.deepcopy(self.tree))
        if found.problem is not None:
            raise ValueError(found.problem)
        return found.tables

    def rows(self) -> Iterator[dict[str, str]]:
        """Each row of every table, by the headings that stand in the table's first row."""
        for table in self.tables:
            headings = [one_line(cell.text) for cell in table.rows[0]]
            for row in table.rows[1:]:
                yield dict(zip(headings, (one_line(cell.text) for cell in row), strict=False))

    @cached_property
    def language(self) -> str | None:
        """The page's language as a code of two or three letters; None where nothing tells it."""
        if self.tree is None:
            return None
        stated = str(self.tree.get("lang") or "")[:3].strip("-").lower() or None
        return language_of(visible_text(self.tree), stated)

    def moment(self, raw: str | None, zone: str | None = None) -> datetime | None:
        """The moment that a wording names, in the page's language; aware UTC.

        A time of day without a zone is read in ``zone`` (``Europe/Minsk``), else in the zone of the country whose
        domain the host is under. None where there is neither, or the wording names no day.
        """
        host = host_of(self.url)
        named = read_moment(raw, self.language, country_of(host))
        return None if named is None else named.at(ZoneInfo(zone) if zone else zone_of_country(host))

    def absolute(self, address: str) -> str | None:
        """The address as meant on this page; None for what is no web address."""
        return absolute(self.url, address)
