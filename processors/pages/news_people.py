"""Who wrote an article: names from linked data, meta tags, links to authors, and bylines, in that order of trust.

Names only: prefixes ("By", "Von", "Автор:"), abbreviations in brackets, dates and addresses are taken off. The
site's own name counts as author only where the page names nobody else.
"""

import re
from collections.abc import Iterator
from itertools import chain

from lxml import html

from processors.pages.evidence import Evidence, names_in
from processors.pages.markup import attribute, classes, elements, seen_text
from processors.pages.news_title import SiteName
from processors.text import one_line

_LABEL = (
    r"(?:(?:written|posted|published|story|text|words|photos?) by|by|von|par|por|de|door|af|av|di|przez"
    r"|od|від|от|ад"
    r"|blog ?beitrag von|(?:erstellt|geschrieben|verfasst|ein (?:artikel|beitrag)) von"
    r"|autor(?:in)?(?:/autor)?|autorzy|autore|auteur"
    r"|author|writer|reporter|text|interview|texto|testo|tekst|текст|автор(?:ы|и|ка)?(?: текста| статьи)?"
    r"|аўтар(?:ы|ка)?|журналист|корреспондент"
    r"|yazan|penulis|oleh|责任编辑|编辑|作者|记者|文)"
)
_PREFIX = re.compile(rf"^(?:{_LABEL})\s*(?:[:：|]\s*|\s+)", re.IGNORECASE)
_BYLINE_TEXT = re.compile(
    rf"^(?:{_LABEL})\s*[:：]\s*\S|^(?:by|von|par|door|af|av|di|written by|posted by)\s+[^\W\d_]", re.IGNORECASE
)
_POSTED_BY = re.compile(r"\b(?:posted|published|updated)\b.{0,60}?\bby\s+(.{2,60})$", re.IGNORECASE)
_JOINT = re.compile(
    r"\s*(?:[,;|/&•·、]|\b(?:and|und|et|och|og|dan|ve|и|і|oraz)\b|(?<=\w\w) (?:y|e|i|en) (?=[^\W\d_a-zа-я]))\s*"
)
_TAIL = re.compile(r"\s*(?:\((?:[^)]{0,40})\)?|\b(?:am|on|le|el|il)\s+\d.*|\b\d{1,2}[./]\d.*|\s[-–—|].*|\d{4}.*)$")
_NO_NAME = re.compile(
    r"@|\d|^(?:admin|editor|administrator|redaction|staff|none|null|unknown|user|guest|author"
    r"|facebook\.com|quelle.*)$"
    r"|^(?:view|read|more|all|top|follow|contact|about|posts?|profiles?|share|email|twitter|facebook"
    r"|publi\w+ am|updated?|zur|alle|mehr|news|nachrichten|новости|навіны|новини|все|усе)\b",
    re.IGNORECASE,
)
_AUTHOR_PAGE = re.compile(
    r"/(?:authors?|autor(?:en|es|s|zy|ka)?|auteurs?|avtor\w*|user(?:info|s)?|profil\w*|people|reporters?"
    r"|journalists?|contributors?|redaktor\w*|by)[/.\-?=]",
    re.IGNORECASE,
)
_BYLINE_CLASS = re.compile(
    r"(?:^|[_-])(?:author|byline|autor|auteur|writer|poster|penulis)s?(?:$|[_-])|author$|^author", re.IGNORECASE
)
_ELSEWHERE = frozenset(("nav", "footer", "aside", "script", "style", "noscript", "form", "template"))
_COMMENTS = re.compile(r"comment|related|sidebar|recommend|popular|teaser|footer|avatar", re.IGNORECASE)
_WORDS_OF_BYLINE = 12
_AUTHOR_METAS = (
    "author",
    "article:author",
    "og:article:author",
    "dc.creator",
    "sailthru.author",
    "parsely-author",
    "cxenseparse:author",
    "citation_author",
    "authors",
    "dcterms.creator",
)


def read_authors(tree: html.HtmlElement, evidence: Evidence, url: str) -> tuple[str, ...]:
    """Names of the authors, each once, in order; empty where the page names none."""
    site = SiteName(evidence.site_names, url)
    weak: tuple[str, ...] = ()
    for source in chain((_stated(evidence), _in_metas(evidence)), _shown(tree)):
        names = tuple(dict.fromkeys(name for raw in source for name in _persons(raw)))
        persons = tuple(name for name in names if not site.is_named_by(name))
        if persons:
            return persons
        weak = weak or names
    return weak


def _stated(evidence: Evidence) -> list[str]:
    found: list[str] = []
    for node in evidence.articles[:3]:
        for key in ("author", "creator"):
            found += names_in(node.get(key), evidence.by_id)
        if found:
            break
    return found


def _in_metas(evidence: Evidence) -> list[str]:
    for name in _AUTHOR_METAS:
        found = [value for value in evidence.metas.get(name, ()) if _persons(value)]
        if found:
            return found
    return []


def _persons(raw: str) -> list[str]:
    bare = one_line(raw).strip(" ,.|–-")
    posted = _POSTED_BY.search(bare)
    bare = posted.group(1) if posted else bare
    for _ in range(2):
        bare = _PREFIX.sub("", bare)
    if not bare or len(bare) > 250 or "://" in bare or bare.startswith("www."):
        return []
    names = [_TAIL.sub("", name).strip(" ,.|–-()*:") for name in _JOINT.split(bare)]
    return [name for name in names if 1 < len(name) < 60 and len(name.split()) < 7 and not _NO_NAME.search(name)]


def _shown(tree: html.HtmlElement) -> Iterator[list[str]]:
    """Links to authors, then elements marked as byline, then short blocks that begin like one."""
    linked: list[tuple[html.HtmlElement | None, str]] = []
    marked: list[list[str]] = []
    worded: list[str] = []
    outside: set[html.HtmlElement] = set()
    for element in elements(tree):
        parent = element.getparent()
        names = classes(element)
        foreign = element.tag in _ELSEWHERE or any(_COMMENTS.search(name) for name in names)
        if (parent in outside or foreign) and element.tag not in ("html", "body", "main", "article"):
            outside.add(element)
            continue
        relation = (attribute(element, "rel") or "").lower().split()
        if element.tag == "a" and ("author" in relation or _AUTHOR_PAGE.search(attribute(element, "href") or "")):
            text = one_line(seen_text(element))
            if 0 < len(text.split()) <= 6:
                linked.append((parent, text))
        by_mark = any(_BYLINE_CLASS.search(name) for name in names) or "author" in (
            attribute(element, "itemprop") or ""
        )
        if by_mark and len(marked) < 3 and element.tag not in ("a", "body", "html", "article", "main"):
            marked.append(_names_of_byline(element))
        if len(worded) < 1 and element.tag in (
            "p",
            "div",
            "span",
            "li",
            "td",
            "em",
            "strong",
            "small",
            "h4",
            "h5",
            "h6",
        ):
            text = one_line(" ".join(element.itertext())) if len(element) < 6 else ""
            if (
                text
                and len(text.split()) <= _WORDS_OF_BYLINE
                and (_BYLINE_TEXT.search(text) or _POSTED_BY.search(text))
            ):
                worded.append(text)
    if linked:
        first = linked[0][0]
        around = [first, first.getparent() if first is not None else None]
        yield [
            text
            for parent, text in linked
            if parent in around or (parent is not None and parent.getparent() in around)
        ]
    yield from marked
    yield worded


def _names_of_byline(element: html.HtmlElement) -> list[str]:
    """Names in elements of their own, where the byline has several; else its text."""
    inner = [one_line(seen_text(part)) for part in elements(element) if part is not element and len(part) == 0]
    names = [
        text
        for text in inner
        if 1 < len(text.split()) <= 4 and text[:1].isupper() and not _BYLINE_TEXT.search(text)
    ]
    if len(names) > 1:
        return names
    text = one_line(seen_text(element))
    return [text] if 0 < len(text.split()) <= _WORDS_OF_BYLINE else names
