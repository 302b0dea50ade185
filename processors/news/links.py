"""Where a news page leads: other articles, documents, and the pictures of its own article with their captions.

Links are addresses to request; what they lead to is told by their wording, since letters outside ASCII are escaped
in the address. A picture's record keeps the page's wording.
"""

import re
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote, urlsplit

from lxml import html

from processors.markup.html_tree import attribute, classes, elements, visible_text
from processors.markup.link_base import LinkBase
from processors.pages.page_metadata import PageMetadata
from processors.records.article import ArticleImage
from processors.text import one_line
from processors.urls import absolute, host_of

DOCUMENT = re.compile(r"\.(?:pdf|docx?|xlsx?|rtf|odt|ods|csv)(?:$|[?#])", re.IGNORECASE)
_NO_ARTICLE = re.compile(
    r"/(?:tags?|categor(?:y|ies)|authors?|page|search|login|register|user|account|feed|rss|wp-\w+|cdn-cgi"
    r"|about|contacts?"
    r"|privacy|terms|subscribe|donate|newsletter|sitemap)(?:/|$)|\.(?:jpe?g|png|gif|svg|webp|mp[34]|css"
    r"|js|ico|xml)(?:$|\?)",
    re.IGNORECASE,
)
LOOKS_LIKE_ARTICLE = re.compile(r"/\d{4}/\d{1,2}|\d{4,}|[-_][\w%]+[-_][\w%]|\.s?html?$", re.IGNORECASE)
# a page for every day, month or year, forward without end: nothing on it that the articles' own lists lack;
# numbers that are no date may be an article's (/archives/12345)
_DATE = r"(?:19|2[01])\d\d(?:[/\-.](?:0?[1-9]|1[0-2])(?:[/\-.](?:0?[1-9]|[12]\d|3[01]))?)?"
_CALENDAR = re.compile(
    r"/(?:calend\w*|kalend\w*|календар\w*|каляндар\w*|events?|archives?|archiv|arhiv\w*|archiwum|архив|архіў|архів)"
    rf"(?:/[a-z]{{2,10}})?(?:/{_DATE})?/?$"
    rf"|^/{_DATE}/?$|^/(?:[\w-]{{1,30}}/){{1,2}}(?=\d{{4}}[/\-.]){_DATE}/?$",
    re.IGNORECASE,
)
_CALENDAR_QUERY = re.compile(
    r"^(?:(?:date|day|month|year|dt|calendar|ts|from|to|week)=[\d\-./T:Z]*(?:&|$))+$", re.IGNORECASE
)
_DECORATION = re.compile(
    r"logo|icon|avatar|sprite|emoji|pixel|spacer|blank|banner|author|button|counter|share", re.IGNORECASE
)
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-srcset", "srcset", "src")
_CAPTION = re.compile(r"caption|legend|подпис", re.IGNORECASE)
_SMALL_PIXELS = 80


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A picture of the article, and the address to request for it, None where it has none."""

    image: ArticleImage
    address: str | None


def article_links(tree: html.HtmlElement, url: str, base: LinkBase) -> tuple[str, ...]:
    """Addresses on this site that look like articles, each once, in page order."""
    host = host_of(url).removeprefix("www.")
    found: dict[str, None] = {}
    for stated in dict.fromkeys(link.get("href") for link in tree.iter("a")):
        href = (stated or "").strip()
        if not href or href.startswith(("#", "javascript:", "mailto:", "tel:")):
            continue
        worded = absolute(base.url, href)
        if worded is None:
            continue
        worded = worded.partition("#")[0]
        parts = urlsplit(worded)
        if (parts.hostname or "").removeprefix("www.") != host or worded.rstrip("/") == url.rstrip("/"):
            continue
        where = parts.path + (f"?{parts.query}" if parts.query else "")
        if (
            len(parts.path) > 1
            and LOOKS_LIKE_ARTICLE.search(where)
            and not _NO_ARTICLE.search(parts.path)
            and not is_calendar(worded)
            and (address := base.resolve(stated)) is not None
        ):
            found.setdefault(address)
    return tuple(found)


def is_calendar(url: str) -> bool:
    """Whether an address is that of a day, month or year, of which a site has no end."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(_CALENDAR.search(unquote(parts.path)) or _CALENDAR_QUERY.search(parts.query))


def document_links(tree: html.HtmlElement, base: LinkBase) -> tuple[str, ...]:
    """Addresses of papers the page links to."""
    found: dict[str, None] = {}
    for link in tree.iter("a"):
        href = link.get("href")
        address = base.resolve(href) if href and DOCUMENT.search(href.strip()) else None
        if address:
            found.setdefault(address)
    return tuple(found)


def read_pictures(
    tree: html.HtmlElement,
    evidence: PageMetadata,
    url: str,
    base: LinkBase,
    holders: tuple[html.HtmlElement, ...],
) -> tuple[PagePicture, ...]:
    """The stated main picture, then those among the article's text; decoration and tracking dots left out."""
    found: dict[str, str | None] = {}
    addresses: dict[str, str | None] = {}
    for stated in evidence.metas.get("og:image", ())[:3]:
        worded = absolute(url, stated)
        if worded:
            found.setdefault(worded)
            addresses.setdefault(worded, base.resolve(stated))
    captions = _Captions()
    for image in _container(tree, holders).iter("img"):
        link = _image_link(image)
        worded = absolute(url, link) if link is not None else None
        if worded is None or _is_decoration(image, worded):
            continue
        caption = captions.of(image)
        if found.get(worded) is None:
            found[worded] = caption
        addresses.setdefault(worded, base.resolve(link))
    return tuple(
        PagePicture(ArticleImage(url=worded, caption=caption), addresses[worded])
        for worded, caption in found.items()
    )


def _container(tree: html.HtmlElement, holders: tuple[html.HtmlElement, ...]) -> html.HtmlElement:
    """The element around the article's paragraphs, one step wider, since the main picture stands above them."""
    if not holders:
        return next(tree.iter("article"), tree)
    counts: dict[html.HtmlElement, int] = {}
    for holder in holders:
        for above in holder.iterancestors():
            counts[above] = counts.get(above, 0) + 1
    enough = [element for element, count in counts.items() if count >= 0.8 * len(holders)]
    inner = max(enough, key=lambda element: sum(1 for _ in element.iterancestors()))
    outer = next(inner.iterancestors("article", "main"), None)
    if outer is not None:
        return outer
    parent = inner.getparent()
    return inner if parent is None or parent.tag in ("body", "html") else parent


def _image_link(image: html.HtmlElement) -> str | None:
    for name in _LAZY:
        value = attribute(image, name)
        if value and not value.startswith("data:"):
            first = value.split(",")[-1].split() if "srcset" in name else [value]
            return first[0] if first else None
    return None


def _is_decoration(image: html.HtmlElement, address: str) -> bool:
    for name in ("width", "height"):
        size = (attribute(image, name) or "").removesuffix("px")
        if size.isascii() and size.isdigit() and int(size[:6]) < _SMALL_PIXELS:
            return True
    parent = image.getparent()
    around = [*classes(image), *(classes(parent) if parent is not None else ())]
    return any(_DECORATION.search(name) for name in around) or bool(
        _DECORATION.search(urlsplit(address).path.rpartition("/")[2])
    )


class _Captions:
    """Captions of pictures; what stands around many pictures is looked through once."""

    def __init__(self) -> None:
        self._of_figure: dict[html.HtmlElement, tuple[str | None, ...]] = {}
        self._marked: dict[html.HtmlElement, str | None] = {}

    def of(self, image: html.HtmlElement) -> str | None:
        """The text of the figure's caption; an alternative text is no caption."""
        figure = next(image.iterancestors("figure"), None)
        if figure is not None:
            if figure not in self._of_figure:
                first = islice(figure.iter("figcaption"), 1)
                self._of_figure[figure] = tuple(one_line(visible_text(caption)) or None for caption in first)
            for caption in self._of_figure[figure]:
                return caption
        for around in islice(image.iterancestors(), 3):
            if around not in self._marked:
                self._marked[around] = _marked_caption(around)
            if self._marked[around] is not None:
                return self._marked[around]
        return None


def _marked_caption(around: html.HtmlElement) -> str | None:
    for element in elements(around):
        if any(_CAPTION.search(name) for name in classes(element)):
            text = one_line(visible_text(element))
            if 0 < len(text) < 600:
                return text
    return None
