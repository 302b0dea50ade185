"""Where a page shows who wrote its article: links to authors, marked bylines, blocks that begin like one.

In: the page as a tree. Out: texts that hold names, source by source, the surest first; `authors` takes the
names out of them. What stands in navigation, comments and teasers of other articles is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from lxml import html

from processors.markup.html_tree import attribute, classes, elements, visible_text
from processors.text import one_line

BYLINE_LABEL = (
    r"(?:(?:written|posted|published|story|text|words|photos?) by|by|von|par|por|de|door|af|av|di|przez"
    r"|od|від|от|ад"
    r"|(?:blog ?beitrag|erstellt|geschrieben|verfasst|gespeichert|eingestellt|veröffentlicht|text|rezept"
    r"|(?:ein )?(?:artikel|beitrag)) von|(?:publié|écrit|rédigé) par|(?:publicado|escrito) por|scritto da"
    r"|(?:napisane|opublikowane|dodane) przez"
    r"|autor(?:in|en|innen)?(?:/autor)?|autorzy|autore|auteur|oprac(?:\.|ował[ao]?)|przygotował[ao]?|rozmawiał[ao]?"
    r"|author|writer|reporter|text|interview|texto|testo|tekst|текст(?: (?:и|і|й|та|ды) фот[оа])?"
    r"|автор(?:ы|и|ка)?(?: текста| тексту| тэксту| статьи| статті| материала)?"
    r"|аўтар(?:ы|ка)?(?: тэксту| артыкула)?|тэкст(?: (?:і|ды) фота)?"
    r"|журналист|корреспондент|кореспондент(?:ка)?|карэспандэнт(?:ка)?"
    r"|подготовил[аи]?|записал[аи]?|беседовал[аи]?|падрыхтава(?:ў|ла)|запіса(?:ў|ла)|гутары(?:ў|ла)"
    r"|підготува(?:в|ла)|записа(?:в|ла)|розмовля(?:в|ла)|спілкува(?:вся|лася)"
    r"|yazan|penulis|oleh|责任编辑|编辑|作者|记者|文|投稿者|著者|執筆者)"
)
POSTED_BY = re.compile(r"\b(?:posted|published|updated)\b.{0,60}?\bby\s+(.{2,60})$", re.IGNORECASE)
_BYLINE_TEXT = re.compile(
    rf"^(?:{BYLINE_LABEL})\s*(?:[:：]|\s[—–-]\s)\s*\S|^(?:by|von|par|door|af|av|di|(?:written|posted) by"
    r"|(?:blog ?beitrag|erstellt|geschrieben|verfasst|gespeichert|text|(?:ein )?(?:artikel|beitrag)) von"
    r"|подготовил[аи]?|беседовал[аи]?|записал[аи]?|падрыхтава(?:ў|ла)|гутары(?:ў|ла)|запіса(?:ў|ла)"
    r"|підготува(?:в|ла)|розмовля(?:в|ла)|спілкува(?:вся|лася)|przygotował[ao]?|rozmawiał[ao]?)\s+[^\W\d_]",
    re.IGNORECASE,
)
_LABEL_ALONE = re.compile(rf"^(?:{BYLINE_LABEL})\s*[:：]?$", re.IGNORECASE)
_LABEL_BEFORE = re.compile(rf"^(?:{BYLINE_LABEL})\s*(?:[:：—–-]\s*|\s+)", re.IGNORECASE)
_PARTICLE = re.compile(r"(?:de|del|van|von|der|di|da|la|le|bin|al|el)\b")
_AUTHOR_PAGE = re.compile(
    r"/(?:authors?|autor(?:en|es|s|zy|ka)?|auteurs?|avtor\w*|a[uŭ]tar\w*|editors)[/.\-?=]",
    re.IGNORECASE,
)
# these also lead to firms and to the staff as a whole: only what is written like a person's name counts
_PERHAPS_AUTHOR_PAGE = re.compile(
    r"/(?:profil\w*|people|persons?|staff|team|writers?|reporters?|journalists?|contributors?|columnists?"
    r"|redaktor\w*|by)[/.\-?=]",
    re.IGNORECASE,
)
_READER_PAGE = re.compile(r"/user(?:info|s)?[/.\-?=]", re.IGNORECASE)
NAME_LIKE = re.compile(
    r"^(?:[^\W\d_a-zа-яёіїєўґ][\w.’'-]*(?: |$)|(?:de|del|van|von|der|di|da|la|le|bin|al)[ -]){2,5}$"
)
_BYLINE_CLASS = re.compile(
    r"(?:^|[_-])(?:author|byline|autor|auteur|writer|poster|penulis)s?(?:$|[_-])|author$|^author", re.IGNORECASE
)
_ELSEWHERE = frozenset(("nav", "footer", "aside", "script", "style", "noscript", "form", "template"))
_COMMENTS = re.compile(
    r"comment|related|sidebar|recommend|popular|teaser|(?<!post-)(?<!entry-)(?<!article-)footer|avatar",
    re.IGNORECASE,
)
_BLOCKS_INSIDE = frozenset(("p", "div", "ul", "table"))
_WORDS_OF_BYLINE = 12
_BLOCKS_OF_BYLINE = frozenset(("p", "div", "span", "li", "td", "em", "strong", "small", "h4", "h5", "h6", "cite"))
_TOO_WIDE = frozenset(("a", "body", "html", "article", "main"))
# never the article's own, whatever is marked in them
_NEVER = frozenset(("nav", "script", "style", "noscript", "form", "template"))
_OF_READERS = re.compile(r"comment|related|recommend|popular|teaser", re.IGNORECASE)
_MOST_MARKED, _MOST_BESIDE = 3, 3
# in elements: a byline above the headline stands in one block with it
_SHORTLY_BEFORE = 40


@dataclass(frozen=True, slots=True)
class Byline:
    """Texts that hold names, and whether the page's own markup calls them authors."""

    texts: list[str]
    is_marked: bool = False


@dataclass(slots=True)
class _Found:
    """Texts that hold names, by what marks them; each with its place in the page."""

    linked: list[tuple[int, html.HtmlElement, str]] = field(default_factory=list)
    perhaps_linked: list[tuple[int, html.HtmlElement, str]] = field(default_factory=list)
    marked: list[tuple[int, list[str]]] = field(default_factory=list)
    worded: list[str] = field(default_factory=list)
    beside: list[tuple[int, list[str]]] = field(default_factory=list)


def shown_bylines(tree: html.HtmlElement) -> Iterator[Byline]:
    """Links to authors, elements marked as byline, links to persons, short blocks that begin like a byline.

    Of each, what stands from shortly before the headline on goes first: above it are menus and teasers. Last comes
    what is marked as an author in boxes beside the text, where nothing else names one.
    """
    found = _Found()
    outside: set[html.HtmlElement] = set()
    comments: set[html.HtmlElement] = set()
    beside_headline = _beside_headline(tree)
    headline = 0
    for place, element in enumerate(elements(tree)):
        if element.tag == "h1" and not headline:
            headline = place
        parent = element.getparent()
        names = classes(element)
        by_class = element not in beside_headline and any(_COMMENTS.search(name) for name in names)
        foreign = element.tag in _ELSEWHERE or by_class
        if (parent in outside or foreign) and element.tag not in ("html", "body", "main", "article"):
            outside.add(element)
            if parent in comments or element.tag in _NEVER or any(_OF_READERS.search(name) for name in names):
                comments.add(element)
            elif len(found.beside) < _MOST_BESIDE and _is_marked(element, names):
                found.beside.append((place, _names_of_byline(element)))
            continue
        _look_at(element, place, names, found)
    begin = headline - _SHORTLY_BEFORE
    yield Byline(_nearest_linked(found.linked, begin), is_marked=True)
    for texts in _from_headline_on(found.marked, begin)[:_MOST_MARKED]:
        yield Byline(texts, is_marked=True)
    for texts in (_nearest_linked(found.perhaps_linked, begin), found.worded, _bold_before_text(tree)):
        yield Byline(texts)
    for texts in _from_headline_on(found.beside, begin)[:_MOST_MARKED]:
        yield Byline(texts)


def _look_at(element: html.HtmlElement, place: int, names: tuple[str, ...], found: _Found) -> None:
    """Put down what one element says of authors."""
    if element.tag == "a":
        relation = (attribute(element, "rel") or "").lower().split()
        target = attribute(element, "href") or ""
        sure = "author" in relation or _AUTHOR_PAGE.search(target) is not None
        reader = not sure and _READER_PAGE.search(target) is not None
        perhaps = reader or (not sure and _PERHAPS_AUTHOR_PAGE.search(target) is not None)
        text = one_line(visible_text(element)) if sure or perhaps else ""
        if 0 < len(text.split()) <= 6 and (sure or reader or NAME_LIKE.match(text)):
            (found.linked if sure else found.perhaps_linked).append((place, element, text))
    by_data = attribute(element, "data-author") if element.tag in ("article", "div") else None
    if by_data:
        found.marked.append((place, [by_data]))  # the first post of a forum's thread
    if element.tag not in _TOO_WIDE and _is_marked(element, names):
        found.marked.append((place, _names_of_byline(element)))
    if not found.worded and element.tag in _BLOCKS_OF_BYLINE:
        whole = len(element) < 6 and not any(child.tag in _BLOCKS_INSIDE for child in element)
        text = one_line(" ".join(element.itertext())) if whole else ""
        if (
            text
            and len(text.split()) <= _WORDS_OF_BYLINE
            and (_BYLINE_TEXT.search(text) or POSTED_BY.search(text))
            and _goes_on_with_a_name(text)
        ):
            found.worded.append(text)
        elif text and (labelled := _after_label(element) or _beside_label(element, text)):
            found.worded.append(labelled)


def _is_marked(element: html.HtmlElement, names: tuple[str, ...]) -> bool:
    return any(_BYLINE_CLASS.search(name) for name in names) or "author" in (attribute(element, "itemprop") or "")


def _from_headline_on(marked: list[tuple[int, list[str]]], begin: int) -> list[list[str]]:
    return [texts for _, texts in sorted(marked, key=lambda each: each[0] < begin)]


def _nearest_linked(linked: list[tuple[int, html.HtmlElement, str]], begin: int) -> list[str]:
    """The first link below the beginning, else the first of all, and those that stand in one block with it."""
    first = next((link for place, link, _ in linked if place >= begin), linked[0][1] if linked else None)
    if first is None:
        return []
    parent = first.getparent()
    around = [parent, parent.getparent() if parent is not None else None]
    texts = []
    for _, link, text in linked:
        above = link.getparent()
        if above in around or (above is not None and above.getparent() in around):
            texts.append(text)
    return texts


def _bold_before_text(tree: html.HtmlElement) -> list[str]:
    """Some papers set the names, and nothing else, in bold as the paragraph before the text's first."""
    paragraphs = [element for element in tree.iter("p") if (element.text_content() or "").strip()]
    for before, first in pairwise(paragraphs):
        if before.getparent() is not first.getparent() or len(first.text_content().split()) < 20:
            continue
        names = re.split(r"\s*[/,&]\s*", one_line(before.text_content()))
        whole = len(before) == 1 and before[0].tag in ("strong", "b") and not (before.text or "").strip()
        if whole and all(NAME_LIKE.match(name) and len(name.split()) < 4 for name in names):
            return names
        break
    return []


def _beside_headline(tree: html.HtmlElement) -> frozenset[html.HtmlElement]:
    """What stands in one block with the only headline belongs to it, whatever its class is called."""
    headlines = list(tree.iter("h1"))
    if len(headlines) != 1:
        return frozenset()
    above = [headlines[0], *headlines[0].iterancestors()][:4]
    return frozenset(near for step in above if (parent := step.getparent()) is not None for near in parent)


def _after_label(element: html.HtmlElement) -> str | None:
    """``<strong>Autor</strong> Name``: a label in an element of its own, and the name after it."""
    if len(element) == 0 or not _LABEL_ALONE.search(one_line(" ".join(element[0].itertext()))):
        return None
    if (element.text or "").strip():
        return None
    after = [element[0].tail or "", *(" ".join([*child.itertext(), child.tail or ""]) for child in element[1:])]
    rest = one_line(" ".join(after))
    return rest if 0 < len(rest.split()) <= _WORDS_OF_BYLINE and rest[:1].isupper() else None


def _beside_label(element: html.HtmlElement, text: str) -> str | None:
    """``<h5>Autor:</h5> Name`` in a block of much else: the text right after the label."""
    if len(text) > 40 or text[-1] not in ":：" or not _LABEL_ALONE.search(text):
        return None
    after = one_line(element.tail or "")
    following = element.getnext()
    if not after and following is not None:
        after = one_line(visible_text(following))
    return after if 0 < len(after.split()) <= 6 and after[:1].isupper() else None


def _goes_on_with_a_name(text: str) -> bool:
    """``By the numbers`` begins like a byline, too: a name begins with a capital."""
    posted = POSTED_BY.search(text)
    rest = posted.group(1) if posted else _LABEL_BEFORE.sub("", text)
    return not rest[:1].islower() or _PARTICLE.match(rest) is not None


def _names_of_byline(element: html.HtmlElement) -> list[str]:
    """Names in elements of their own, where the byline has several; else its text."""
    inner = [one_line(visible_text(part)) for part in elements(element) if part is not element and len(part) == 0]
    names = [
        text
        for text in inner
        if 1 < len(text.split()) <= 4 and text[:1].isupper() and not _BYLINE_TEXT.search(text)
    ]
    if len(names) > 1:
        return names
    text = one_line(visible_text(element))
    return [text] if 0 < len(text.split()) <= _WORDS_OF_BYLINE else names
