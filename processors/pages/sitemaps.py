"""What a sitemap lists: XML sitemaps and indexes, with news and images, plain text, feeds used as sitemaps, gzip.

In: the entity and its address. Out: addresses of pages and further sitemaps to request, in order; ``problem`` in
words. Never raises.
Broken XML is read as far as it goes: an entry that a cut tore is left out, those before it are kept. Source:
sitemaps.org protocol (50 MB, 50,000 addresses), Google's news and image extensions.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from lxml import etree

from processors.markup.encoding import decode
from processors.markup.html_tree import raise_lack_of_memory
from processors.markup.link_base import LinkBase
from processors.markup.xml_prologue import without_prologue
from processors.pages.dates import read_moment
from processors.pages.feeds import read_feed
from processors.text import printable

MAX_BYTES = 60_000_000
MOST_ENTRIES = 100_000
"""The protocol allows half as many."""
_GZIP = b"\x1f\x8b"
_ROOT = re.compile(r"<(?:[\w.-]+:)?(urlset|sitemapindex|rss|feed|rdf)\b", re.IGNORECASE)
_ROOT_ENDS = re.compile(r"</(?:[\w.-]{1,50}:)?(?:urlset|sitemapindex)\s*>\s*\S{0,200}$", re.IGNORECASE)
_END_CHARACTERS = 1_000
_ENTRY_END = re.compile(r"</(?:[\w.-]+:)?(?:url|sitemap)\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapPage:
    """One page; ``modified`` is its ``lastmod``, ``published`` and ``title`` come from the news extension."""

    url: str
    modified_raw: str | None = None
    modified_at: datetime | None = None
    title: str | None = None
    published_raw: str | None = None
    published_at: datetime | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """Pages and further sitemaps that one file lists; ``sitemaps_changed_at`` for those of which it says so."""

    pages: tuple[SitemapPage, ...] = ()
    sitemaps: tuple[str, ...] = ()
    problem: str | None = None
    sitemaps_changed_at: Mapping[str, datetime] = field(default_factory=dict)


def read_sitemap(body: bytes, url: str) -> Sitemap:
    """Read a sitemap file of any kind."""
    problem = None
    if body.startswith(_GZIP):
        body, problem = _ungzipped(body)
    decoded = decode(body[:MAX_BYTES], None)
    base = LinkBase(url, decoded.encoding)
    text = decoded.text.lstrip("\ufeff \t\r\n")
    if not text:
        return Sitemap(problem=problem or "the sitemap is empty")
    root = _ROOT.search(text[:20_000])
    if root is None:
        found = (
            _plain_text(text, base) if not text.startswith("<") else Sitemap(problem=f"no sitemap: {text[:60]!r}")
        )
    elif root.group(1).lower() in ("urlset", "sitemapindex"):
        found = _xml(text, base)
    else:
        found = _feed(body, url)
    return replace(found, problem=problem or found.problem)


def _ungzipped(body: bytes) -> tuple[bytes, str | None]:
    """What the gzip file holds, up to the limit; a damaged end costs only itself."""
    unpacking = zlib.decompressobj(wbits=31)
    pieces: list[bytes] = []
    size = 0
    try:
        for start in range(0, len(body), 65_536):
            piece = unpacking.decompress(body[start : start + 65_536], MAX_BYTES - size + 1)
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BYTES:
                return b"".join(pieces)[
                    :MAX_BYTES
                ], f"the sitemap unpacks to more than {MAX_BYTES} bytes; the rest is unread"
    except zlib.error as error:
        return b"".join(pieces), f"the gzip file is damaged ({error})"
    if not unpacking.eof:
        return b"".join(pieces), "the gzip file is cut off"
    return b"".join(pieces), None


def _xml(text: str, base: LinkBase) -> Sitemap:
    clean = printable(without_prologue(text))
    problem = None
    ends = [found.end() for found in islice(_ENTRY_END.finditer(clean), MOST_ENTRIES + 1)]
    if len(ends) > MOST_ENTRIES:
        clean = clean[: ends[MOST_ENTRIES - 1]]
        problem = f"the sitemap lists more than {MOST_ENTRIES} addresses; the rest is unread"
    elif not _ROOT_ENDS.search(clean.rstrip()[-_END_CHARACTERS:]):
        clean = clean[: ends[-1]] if ends else clean
        problem = f"the sitemap is cut off; {len(ends)} whole entries were read"
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    try:
        tree = etree.fromstring(clean.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError) as error:
        raise_lack_of_memory(error)
        return Sitemap(problem=f"the sitemap cannot be read ({error})")
    if tree is None:
        return Sitemap(problem="the sitemap cannot be read")
    pages: dict[str, SitemapPage] = {}
    sitemaps: dict[str, datetime | None] = {}
    for entry in tree.iter(etree.Element):
        name = _local(entry)
        if name not in ("url", "sitemap") or _child(entry, "loc") is None:
            continue
        address = base.resolve(_child(entry, "loc"))
        if address and name == "sitemap":
            sitemaps.setdefault(address, _at(_child(entry, "lastmod")))
        elif address:
            pages.setdefault(address, _page(entry, address, base))
    if problem is None and not pages and not sitemaps:
        problem = "the sitemap lists no address"
    return Sitemap(
        pages=tuple(pages.values()),
        sitemaps=tuple(sitemaps),
        problem=problem,
        sitemaps_changed_at={url: changed for url, changed in sitemaps.items() if changed is not None},
    )


def _page(entry: etree._Element, address: str, base: LinkBase) -> SitemapPage:
    modified = _child(entry, "lastmod")
    news = next((child for child in entry if _local(child) == "news"), None)
    published = _child(news, "publication_date") if news is not None else None
    images = (
        base.resolve(_child(child, "loc")) for child in entry if _local(child) == "image" and _child(child, "loc")
    )
    return SitemapPage(
        url=address,
        modified_raw=modified,
        modified_at=_at(modified),
        title=_child(news, "title") if news is not None else None,
        published_raw=published,
        published_at=_at(published),
        images=tuple(image for image in images if image),
    )


def _local(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(element.tag, str) else ""


def _child(element: etree._Element, name: str) -> str | None:
    """Text of a direct child: an image's ``loc`` is no page's."""
    for child in element:
        if _local(child) == name:
            return "".join(str(text) for text in child.itertext()).strip() or None
    return None


def _at(raw: str | None) -> datetime | None:
    moment = read_moment(raw)
    return moment.at(None) if moment else None


def _plain_text(text: str, base: LinkBase) -> Sitemap:
    """One address a line; other lines are skipped."""
    found: dict[str, SitemapPage] = {}
    for line in text.splitlines():
        word = line.strip()
        if (
            word.lower().startswith(("http://", "https://"))
            and " " not in word
            and (address := base.resolve(word))
        ):
            found.setdefault(address, SitemapPage(url=address))
    return Sitemap(pages=tuple(found.values()), problem=None if found else f"no sitemap: {text[:60]!r}")


def _feed(body: bytes, url: str) -> Sitemap:
    feed = read_feed(body, url)
    pages = tuple(
        SitemapPage(
            url=entry.url,
            modified_raw=entry.modified_raw,
            modified_at=entry.modified_at,
            title=entry.title,
            published_raw=entry.published_raw,
            published_at=entry.published_at,
        )
        for entry in feed.entries
    )
    return Sitemap(pages=pages, problem=feed.problem)
