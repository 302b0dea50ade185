"""When an article appeared and when it was changed: as stated for machines, else as shown near its headline.

The source's wording stands beside our reading; one time is never filled in from the other.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from lxml import html

from processors.markup.html_tree import attribute, elements, visible_text
from processors.pages.dates import read_moment
from processors.pages.page_metadata import PageMetadata, text_in
from processors.pages.timezones import country_of, zone_of_country
from processors.text import comparable, folded, one_line
from processors.urls import host_of

_DATE_MARK = re.compile(r"date|time|publish|posted|pubdate|datum|fecha|created|дата|release", re.IGNORECASE)
_CHANGED = re.compile(
    r"modif|updat|edited|aktualis|geändert|обновл|изменен|абноўлен|оновлен|zuletzt|last", re.IGNORECASE
)
_PUBLISHED = re.compile(
    r"publi|posted|written|erstellt|dodan|размещ|добавл|опублик|апублік|опублік|dat[ue]|дата", re.IGNORECASE
)
_URL_DAY = re.compile(r"/((?:19|20)\d\d)[/\-_]?(0[1-9]|1[0-2])[/\-_]?(0[1-9]|[12]\d|3[01])(?:/|[-_]|\b)")
_URL_DAY_FIRST = re.compile(r"/(0[1-9]|[12]\d|3[01])-(0[1-9]|1[0-2])-((?:19|20)\d\d)(?:/|-)")
_SCRIPT_DATE = re.compile(
    r"""\\?["'](?:datePublished|date_published|published_?[aA]t|publish(?:ed)?_?[dD]ate|publicationDate"""
    r"""|firstPublished(?:At|Date)?)\\?["']\s*:\s*\\?["'](\d{4}-\d\d-\d\d[^"'\\]{0,25})"""
)
_HAS_YEAR = re.compile(r"(?:19|20)\d\d|\d{1,2}[./]\d{1,2}[./]\d\d")
_PUBLISHED_CLASS = re.compile(
    r"(?:^|\s)(?:entry|post|article|news)[-_]?(?:date|time)|pubdate|publish|posted-on", re.IGNORECASE
)
# where English is written and the day goes before the month (CLDR short date formats, read 2026-11)
_DAY_FIRST_ENGLISH = frozenset(("uk", "au", "nz", "ie", "in", "za", "sg", "hk", "ng", "ke", "pk", "mt"))
_FIRST_YEAR_SHOWN = 1990
"""Nothing was published on the web before; an earlier day on a page is one that its text speaks of."""
_ELSEWHERE = frozenset(("nav", "footer", "aside", "script", "style", "noscript", "template", "select"))
_TEXT_AT_MOST = 90


@dataclass(frozen=True, slots=True)
class StatedTime:
    """A time: the source's wording and our reading of it; ``problem`` why there is none, or what it rests on."""

    raw: str | None = None
    at: datetime | None = None
    problem: str | None = None


def read_published(
    tree: html.HtmlElement,
    evidence: PageMetadata,
    url: str,
    zone: tzinfo | None,
    title: str | None,
    declared: str | None = None,
    *,
    latest_year: int,
) -> StatedTime:
    """When the article appeared: as it stands at the declared place, as stated, shown, or as its address says."""
    stated = [
        declared,
        text_in(evidence.linked_data("datePublished")),
        evidence.meta(
            "article:published_time", "og:article:published_time", "article:published", "og:published_time"
        ),
        _item_time(tree, "datePublished"),
        evidence.meta(
            "datepublished", "pubdate", "publishdate", "publish-date", "publish_date", "publication_date"
        ),
        evidence.meta(
            "dc.date.issued", "dcterms.issued", "dc.date", "dcterms.date", "dcterms.created", "dc.date.created"
        ),
        evidence.meta("parsely-pub-date", "sailthru.date", "article.published", "cxenseparse:recs:publishtime"),
        evidence.meta("originalpublicationdate", "citation_publication_date", "date", "created"),
        text_in(evidence.linked_data("dateCreated")),
        text_in(evidence.linked_data("uploadDate")),
        _item_time(tree, "dateCreated"),
    ]
    found = _first_stated(stated, evidence, url, zone, latest_year)
    if found.at is not None:
        return found
    language = _order_of(evidence, url)
    addressed = _day_of_address(url)
    near = _shown_near(tree, title, language)
    if addressed and near and not _same_day(near, addressed, language):
        near = None  # a day in the address is the article's own, one near the headline may be another's
    shown = [near, *_in_titles(evidence), addressed, _in_scripts(tree)]
    seen = _first_stated(shown, evidence, url, zone, latest_year)
    return seen if seen.at is not None or found.raw is None else found


def read_modified(
    evidence: PageMetadata,
    tree: html.HtmlElement,
    url: str,
    zone: tzinfo | None,
    declared: str | None = None,
    *,
    latest_year: int,
) -> StatedTime:
    """When the article says it was changed; never the time it appeared."""
    stated = [
        declared,
        text_in(evidence.linked_data("dateModified")),
        evidence.meta(
            "article:modified_time", "og:updated_time", "article:modified", "dcterms.modified", "lastmod"
        ),
        _item_time(tree, "dateModified"),
        evidence.meta("datemodified", "last-modified", "dc.date.modified", "revised"),
    ]
    return _first_stated(stated, evidence, url, zone, latest_year)


def _first_stated(
    candidates: list[str | None], evidence: PageMetadata, url: str, zone: tzinfo | None, latest_year: int
) -> StatedTime:
    """The first that names a time; where none does, the first wording with the reason."""
    country = country_of(host_of(url), evidence.language_tag)
    language = _order_of(evidence, url)
    unread: StatedTime | None = None
    for raw in filter(None, candidates):
        moment = read_moment(raw, language, country, latest_year=latest_year)
        if moment is None:
            unread = unread or StatedTime(raw)
            continue
        local = None if moment.clock is None else zone or _zone_of_page(evidence, url)
        if local is None and moment.clock is not None and moment.named is None and moment.problem is None:
            return StatedTime(raw, moment.at(UTC), f"{raw!r} names no time zone; it is read as UTC")
        at = moment.at(local)
        if at is not None:
            return StatedTime(raw, at)
        if unread is None or unread.problem is None:
            unread = StatedTime(raw, None, f"{raw!r} is not read: {moment.why_not(local)}")
    return unread or StatedTime()


def _order_of(evidence: PageMetadata, url: str) -> str | None:
    """The language whose order of day and month counts: none where English is written with the day first."""
    country = country_of(host_of(url), evidence.language_tag)
    return None if evidence.language == "en" and country in _DAY_FIRST_ENGLISH else evidence.language


def _same_day(shown: str, addressed: str, language: str | None) -> bool:
    """Whether both are of one day, or of days in a row: an address has the day of some other zone."""
    one, other = read_moment(shown, language), read_moment(addressed)
    return one is None or other is None or abs(one.day - other.day) <= timedelta(days=1)


def _zone_of_page(evidence: PageMetadata, url: str) -> tzinfo | None:
    """For a time without zone: that of the page's other times, else of the country of its address."""
    for key in ("dateModified", "datePublished"):
        moment = read_moment(text_in(evidence.linked_data(key)))
        if moment and moment.zone is not None:
            return moment.zone
    return zone_of_country(host_of(url))


def _item_time(tree: html.HtmlElement, name: str) -> str | None:
    for element in tree.xpath("//*[contains(@itemprop, $name) or contains(@property, $name)]", name=name):
        named = f"{attribute(element, 'itemprop') or ''} {attribute(element, 'property') or ''}".split()
        if any(term.rpartition(":")[2] == name for term in named):
            return (
                attribute(element, "content")
                or attribute(element, "datetime")
                or one_line(visible_text(element))
                or None
            )
    return None


def _shown_near(tree: html.HtmlElement, title: str | None, language: str | None) -> str | None:
    """The date shown nearest to the headline; one above it counts as twice as far."""
    heading = folded(title or "")
    place_of_heading = 0
    dated: list[tuple[int, float, str]] = []
    outside: set[html.HtmlElement] = set()
    for place, element in enumerate(elements(tree)):
        parent = element.getparent()
        beside = element.tag == "aside" and next(element.iterancestors("article"), None) is not None
        if parent in outside or (element.tag in _ELSEWHERE and not beside):
            outside.add(element)
            continue
        if element.tag in ("h1", "h2", "h3") and heading and heading in folded(" ".join(element.itertext())):
            place_of_heading = place_of_heading or place
        written = _before_changes(_beside_words(_written_date(element), title or ""))
        if written and len(dated) < 60:
            moment = read_moment(written, language)
            if moment is not None and moment.day.year >= _FIRST_YEAR_SHOWN:
                dated.append((place, _doubt(element, written), written))
    if not dated:
        return None

    def distance(found: tuple[int, float, str]) -> float:
        place, doubt, _ = found
        away = place - place_of_heading
        return doubt * (away if away >= 0 else -2 * away)

    return min(dated, key=distance)[2]


def _beside_words(written: str | None, headline: str) -> str | None:
    """What stands beside the words of the headline: a day in these is what the article speaks of."""
    if not written or not headline:
        return written
    if folded(written) in folded(headline):
        return None
    if folded(headline) not in folded(written):
        return written
    rest = one_line(re.sub(re.escape(comparable(headline)), " ", comparable(written), flags=re.IGNORECASE))
    return rest if _HAS_YEAR.search(rest) else None


def _before_changes(written: str | None) -> str | None:
    """``Written: ... Updated: ...`` in one line: what stands before the change, if that has a year."""
    changed = _CHANGED.search(written) if written else None
    if written is None or changed is None:
        return written
    before = written[: changed.start()]
    return before.strip(" |,;–—-(") if _HAS_YEAR.search(before) else None


def _doubt(element: html.HtmlElement, written: str) -> float:
    """How much farther away than it is a date counts: little where its own words say that it is the one."""
    if _PUBLISHED.search(written):
        return 0.3
    mark = f"{attribute(element, 'class') or ''} {attribute(element, 'id') or ''}"
    if _PUBLISHED_CLASS.search(mark) and not _CHANGED.search(mark):
        return 0.5
    return 1.0 if element.tag == "time" or _DATE_MARK.search(mark) else 1.5


def _written_date(element: html.HtmlElement) -> str | None:
    if element.tag == "time":
        return (
            attribute(element, "datetime")
            or attribute(element, "content")
            or one_line(visible_text(element))
            or None
        )
    if (
        element.tag in ("a", "option", "title", "body", "html", "button", "input", "figcaption")
        or len(element) > 6
    ):
        return None
    if next(element.iter("time"), None) is not None:
        return None  # its own element says the same with more precision
    text = one_line(" ".join(element.itertext()))
    return text if 5 < len(text) <= _TEXT_AT_MOST and _HAS_YEAR.search(text) else None


def _in_titles(evidence: PageMetadata) -> list[str]:
    """Some sites end their stated title with the day."""
    title = evidence.meta("og:title") or ""
    last = title.rpartition("|")[2].strip()
    return [last] if "|" in title and len(last) < 20 else []


def _in_scripts(tree: html.HtmlElement) -> str | None:
    """The date in the data a page builds itself from; none where it tells of several articles' days."""
    found: dict[str, str] = {}
    for script in tree.iter("script"):
        for stated in _SCRIPT_DATE.finditer(script.text or ""):
            found.setdefault(stated.group(1)[:10], stated.group(1))
            if len(found) > 1:
                return None
    return next(iter(found.values()), None)


def _day_of_address(url: str) -> str | None:
    found = _URL_DAY.search(url)
    if found:
        return "-".join(found.groups())
    found = _URL_DAY_FIRST.search(url)
    return "-".join(reversed(found.groups())) if found else None
