"""The headline of an article, weighed from what the page shows and what it states.

The headline shown goes before the titles stated for machines, which are often worded for search or sharing; but a
heading that is only the site's name is none, and a kicker shown inside the heading ("Politics: ...") is taken off
where the stated title is the rest of it.
"""

import re
from urllib.parse import urlsplit

from lxml import html

from processors.markup.html_tree import attribute, classes, visible_text
from processors.pages.page_metadata import PageMetadata, text_in
from processors.text import comparable, folded, one_line
from processors.urls import absolute, host_of

_SEPARATOR = re.compile(
    r"\s+[|\-–—•·»«:/\\<>~]+\s+|\s*\|\s*|\s+::\s+|(?<=[\u3040-\u9fff！？])[-_](?=[\u3040-\u9fff])"
)
_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+")
_BRACKET = re.compile(r"\s*[(\[][^)\]]*[)\]]\s*$")
_LETTERS = re.compile(r"[\W_]+")
_LABEL = re.compile(
    r"kicker|(?:^|[_-])(?:label|overline|topic|rubric|rubrik|category|dachzeile|pretitle|byline"
    r"|(?:entry|post|article)-?(?:meta|date|info)|published)",
    re.IGNORECASE,
)
_DATED_TAIL = re.compile(r"\s+(?:\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}-\d\d-\d\d)\b.*$|\s+[•|]\s.*$")
_ALIKE = 0.6
_LONGEST_WINDOW = 2_000


def read_title(tree: html.HtmlElement, evidence: PageMetadata, url: str) -> str | None:
    """The headline; None where the page has no heading and states no title."""
    site = SiteName(evidence.site_names, url)
    window = next((one_line(visible_text(element)) for element in tree.iter("title")), "")
    ranked = [element for element in tree.iter("h1") if not _links_to_first_page(element, url)]
    headings = [_less_its_labels(element) for element in ranked] or _marked_headlines(tree)
    # one that stands twice is furniture, unless it is all there is
    once = [heading for heading in headings if headings.count(heading) == 1] or headings
    headings = [
        heading
        for heading in dict.fromkeys(once)
        if heading
        and len(heading) < 400
        and not site.is_named_by(heading)
        and not _is_blog(heading, window, evidence)
    ]
    stated = [
        site.taken_off(title)
        for title in (
            text_in(evidence.linked_data("headline")),
            evidence.meta("og:title"),
            evidence.meta("twitter:title"),
            evidence.meta("dc.title", "headline"),
        )
        if title and not site.is_named_by(title)
    ]
    agreed = {folded(title) for title in stated} & {folded(heading) for heading in headings}
    stated.append((None if agreed else _shown_part(tree, window, site)) or site.taken_off(window))
    stated = [title for title in stated if title and not site.is_named_by(title)]
    if not headings:
        return _shown_second_heading(tree, stated) or (stated[0] if stated else None)
    if not stated:
        return headings[0]
    best = max(headings, key=lambda heading: max(_likeness(heading, title) for title in stated))
    if max(_likeness(best, title) for title in stated) < _ALIKE:
        folded_titles = {folded(title) for title in stated}
        voices = [
            title
            for title in folded_titles
            if not any(title != other and title.startswith(other) for other in folded_titles)
        ]
        if len(voices) == 1 and len(headings) == 1 and len(best.split()) > 2:
            # only the window's title contradicts, and many sites put the same one on every page
            return best
        return _shown_second_heading(tree, stated) or stated[0]
    shown = _less_the_kicker(best, stated)
    headline = site.taken_off(text_in(evidence.linked_data("headline")) or "")
    agree = [folded(title) for title in stated]
    differs = _WORDS.findall(folded(headline)) != _WORDS.findall(folded(shown))
    if differs and agree.count(folded(headline)) - 1 > agree.count(folded(shown)):
        return comparable(headline)  # the publisher's own headline, which more of its statements repeat
    return shown


class SiteName:
    """The name of the site: as stated, and as its address spells it."""

    def __init__(self, stated: tuple[str, ...], url: str) -> None:
        host = host_of(url).removeprefix("www.")
        named = [folded(name) for name in stated]
        named += [_BRACKET.sub("", name) for name in named]
        self._stated = {_LETTERS.sub("", name) for name in named} - {""}
        self.letters = self._stated | {_LETTERS.sub("", name) for name in (host, *host.split(".")[:-1])} - {""}

    def states(self, text: str) -> bool:
        """Whether the text is the name that the site states for itself."""
        return _LETTERS.sub("", folded(text)) in self._stated

    def is_named_by(self, text: str) -> bool:
        """Whether the text is the site's name and nothing more."""
        letters = _LETTERS.sub("", folded(text))
        return letters in self.letters or any(
            len(name) > 8 and letters.startswith(name) and len(letters) < 2 * len(name) for name in self.letters
        )

    def is_within(self, text: str) -> bool:
        """Whether the text holds the site's name and little else, as in ``Friends of Example``."""
        letters = _LETTERS.sub("", folded(text))
        return any(len(name) > 8 and name in letters and len(letters) < 2 * len(name) for name in self.letters)

    def taken_off(self, title: str) -> str:
        """Take the site's name off the end or the beginning, with the separator."""
        joints = list(_SEPARATOR.finditer(title))
        if not joints:
            return title
        if self.is_named_by(title[joints[-1].end() :]):
            return title[: joints[-1].start()].strip() or title
        if self.is_named_by(title[: joints[0].start()]):
            return title[joints[0].end() :].strip() or title
        return title


def _links_to_first_page(heading: html.HtmlElement, url: str) -> bool:
    """Whether the heading as a whole is a link to the site's first page: its name or its motto, no headline."""
    links = [heading.getparent(), *heading.iter("a")]
    for link in links:
        if link is None or link.tag != "a" or urlsplit(url).path in ("", "/"):
            continue
        target = absolute(url, attribute(link, "href") or "")
        if target is None or not (attribute(link, "href") or "").strip("#"):
            continue
        parts = urlsplit(target)
        home = parts.path in ("", "/") and not parts.query and host_of(target) == host_of(url)
        if home and (link is not heading and one_line(visible_text(link)) == one_line(visible_text(heading))):
            return True
    return False


def _marked_headlines(tree: html.HtmlElement) -> list[str]:
    """Headlines by their microdata, on pages without a heading of the first rank."""
    marked = tree.xpath("//body//*[@itemprop='headline'][not(@content)]")
    return [one_line(visible_text(element)) for element in marked[:3]]


def _less_its_labels(heading: html.HtmlElement) -> str:
    """The heading without kickers and labels set inside it as elements of their own, unless nothing is left."""
    whole = one_line(visible_text(heading))
    labels = [
        one_line(visible_text(part))
        for part in heading.iterdescendants("span", "a", "small", "div", "strong", "em")
        if any(_LABEL.search(name) for name in classes(part))
    ]
    bare = whole
    for label in filter(None, labels):
        bare = bare.removeprefix(label).removesuffix(label).strip(" :|–-•")
    return bare if len(bare.split()) > 2 else whole


def _is_blog(heading: str, window: str, evidence: PageMetadata) -> bool:
    """Blogs head every page with their own name: ``<title>`` is that name, a mark, and the stated headline."""
    stated = evidence.meta("og:title", "twitter:title")
    if not stated or folded(stated) == folded(heading):
        return False
    before, _, after = folded(window).partition(folded(heading))
    return not before and after.strip(" :|–-—·") == folded(stated)


def _likeness(first: str, second: str) -> float:
    """Share of common words in the shorter of both."""
    one, two = set(_WORDS.findall(folded(first))), set(_WORDS.findall(folded(second)))
    return len(one & two) / max(min(len(one), len(two)), 1) if one and two else 0.0


def _less_the_kicker(heading: str, stated: list[str]) -> str:
    """The stated title where it is the heading without a kicker before it or a note after it."""
    whole = folded(heading)
    for title in stated:
        part = folded(title)
        if part != whole and len(part.split()) >= 3 and 2 * len(part) > len(whole):
            if whole.endswith(part):
                return comparable(title)
            if whole.startswith(part) and not whole[len(part)].isalpha() and whole[len(part)] != " ":
                return heading
            if whole.startswith(part) and (stated.count(title) > 1 or _DATED_TAIL.fullmatch(whole, len(part))):
                return comparable(title)
    return heading


def _shown_part(tree: html.HtmlElement, window: str, site: SiteName) -> str | None:
    """The part of the window's title that the page shows as a block of its own."""
    window = window[
        :_LONGEST_WINDOW
    ]  # each of its beginnings may be the title, so that a long one costs its square
    parts = [part.strip() for part in _SEPARATOR.split(window) if part.strip()]
    if len(parts) < 2:
        return None
    joints = [found.start() for found in _SEPARATOR.finditer(window)]
    wanted = {folded(window[:end]): window[:end].strip() for end in joints}
    wanted |= {folded(part): part for part in parts if len(part.split()) > 2}
    for element in tree.iter("h1", "h2", "h3", "div", "span", "p", "td", "strong", "b"):
        if len(element) > 3:
            continue
        found = wanted.get(folded(" ".join(element.itertext())))
        if found and not site.is_named_by(found):
            return found
    return None


def _shown_second_heading(tree: html.HtmlElement, stated: list[str]) -> str | None:
    """Some pages give the site's name the first rank and the headline the second."""
    for element in tree.iter("h2", "h3"):
        text = one_line(visible_text(element))
        if len(text.split()) > 2 and any(folded(title) == folded(text) for title in stated):
            return text
    return None
