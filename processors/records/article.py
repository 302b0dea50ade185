"""What a news page says: the record of an article. Reading is in `processors.news.page`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from processors.records.name_reading import NameReading
from processors.records.official import Official
from processors.records.struck import Struck


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleImage:
    """A picture of the article and its caption in the page's words."""

    url: str
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article.

    ``published_at`` and ``modified_at`` are our reading (aware UTC) of ``published_raw`` and ``modified_raw``;
    None where the page says nothing or nothing that names a moment. One is never filled in from the other.
    A date without a time of day is midnight UTC; the raw wording shows that no time was given.
    """

    kind: Literal["article"] = "article"
    url: str
    canonical_url: str | None = None
    title: str | None = None
    text: str | None = None
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    published_raw: str | None = None
    modified_at: datetime | None = None
    modified_raw: str | None = None
    language: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    images: tuple[ArticleImage, ...] = ()
    officials: tuple[Official, ...] = ()
    struck: tuple[Struck, ...] = ()
    remarks: tuple[str, ...] = ()
    names: tuple[NameReading, ...] = ()
