"""Where a page shows who wrote its article: links to authors, marked bylines, blocks that begin like one.

In: the page as a tree. Out: texts that hold names, source by source, the surest first; `authors` takes the
names out of them. What stands in navigation, comments and teasers of other articles is left out.
"""

import re
from collections.abc import Iterator
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
    r"|autor(?:in)?(?:/autor)?|autorzy|autore|auteur|oprac(?:\.|ował[ao]?)|przygotował[ao]?|rozmawiał[ao]?"
    r"|author|writer|reporter|text|interview|texto|testo|tekst|текст(?: (?:и|і|й|та|ды) фот[оа])?"
    r"|автор(?:ы|и|ка)?(?: текста| тексту| тэксту| статьи| статті| материала)?"
    r"|аўтар(?:ы|ка)?(?: тэксту| артыкула)?|тэкст(?: (?:і|ды) фота)?"
    r"|журналист|корреспондент|кореспондент(?:ка)?|карэспандэнт(?:ка)?"
    r"|подготовил[аи]?|записал[аи]?|беседовал[аи]?|падрыхтава(?:ў|ла)|запіса(?:ў|ла)|гутары(?:ў|ла)"
    r"|підготува(?:в|ла)|записа(?:в|ла)|розмовля(?:в|ла)|спілкува(?:вся|лася)"
    r"|yazan|penulis|oleh|责任编辑|编辑|作者|记者|文)"
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
    r"/(?:authors?|autor(?:en|es|s|zy|ka)?|auteurs?|avtor\w*|a[uŭ]tar\w*|editors|user(?:info|s)?)[/.\-?=]",
    re.IGNORECASE,
)
# these also lead to firms and to the staff as a whole: only what is written like a person's name counts
_PERHAPS_AUTHOR_PAGE = re.compile(
    r"/(?:profil\w*|people|persons?|staff|team|reporters?|journalists?|contributors?|redaktor\w*|by)[/.\-?=]",
    re.IGNORECASE,
)
_NAME_LIKE = re.compile(
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


def shown_bylines(tree: html.HtmlElement) -> Iterator[list[str]]:
    """Links to authors, then elements marked as byline, then short blocks that begin like one."""
    linked: list[tuple[html.HtmlElement | None, str]] = []
    marked: list[list[str]] = []
    worded: list[str] = []
    outside: set[html.HtmlElement] = set()
    beside_headline = _beside_headline(tree)
    for element in elements(tree):
        parent = element.getparent()
        names = classes(element)
        by_class = element not in beside_headline and any(_COMMENTS.search(name) for name in names)
        foreign = element.tag in _ELSEWHERE or by_class
        if (parent in outside or foreign) and element.tag not in ("html", "body", "main", "article"):
            outside.add(element)
            continue
        relation = (attribute(element, "rel") or "").lower().split()
        if element.tag == "a":
            target = attribute(element, "href") or ""
            sure = "author" in relation or _AUTHOR_PAGE.search(target)
            text = one_line(visible_text(element)) if sure or _PERHAPS_AUTHOR_PAGE.search(target) else ""
            if 0 < len(text.split()) <= 6 and (sure or _NAME_LIKE.match(text)):
                linked.append((parent, text))
        by_mark = any(_BYLINE_CLASS.search(name) for name in names) or "author" in (
            attribute(element, "itemprop") or ""
        )
        by_data = attribute(element, "data-author") if element.tag in ("article", "div") else None
        if by_data and len(marked) < 3:
            marked.append([by_data])  # the first post of a forum's thread
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
            whole = len(element) < 6 and not any(child.tag in _BLOCKS_INSIDE for child in element)
            text = one_line(" ".join(element.itertext())) if whole else ""
            if (
                text
                and len(text.split()) <= _WORDS_OF_BYLINE
                and (_BYLINE_TEXT.search(text) or POSTED_BY.search(text))
                and _goes_on_with_a_name(text)
            ):
                worded.append(text)
            elif text and (labelled := _after_label(element) or _beside_label(element, text)):
                worded.append(labelled)
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
    yield _bold_before_text(tree)


def _bold_before_text(tree: html.HtmlElement) -> list[str]:
    """Some papers set the names, and nothing else, in bold as the paragraph before the text's first."""
    paragraphs = [element for element in tree.iter("p") if (element.text_content() or "").strip()]
    for before, first in pairwise(paragraphs):
        if before.getparent() is not first.getparent() or len(first.text_content().split()) < 20:
            continue
        names = re.split(r"\s*[/,&]\s*", one_line(before.text_content()))
        whole = len(before) == 1 and before[0].tag in ("strong", "b") and not (before.text or "").strip()
        if whole and all(_NAME_LIKE.match(name) and len(name.split()) < 4 for name in names):
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
