"""HTML as a tree that hostile pages cannot break, and what a reader of it would see.

In: decoded text. Out: lxml elements and plain text. Never raises on markup, however broken, ``MemoryError`` where
it cannot be held; nesting deeper than the parser allows is cut there. Walks are loops, not recursion.
"""

import re
from collections.abc import Iterator

from lxml import etree, html

from processors.text import printable

# phrasing content flows; these begin and end a line (HTML standard, "flow content", read 2026-11)
_FLOW = (
    "address article aside blockquote caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr legend li main nav ol p pre section summary table tbody tfoot thead "
    "tr ul"
)
BLOCKS = frozenset(_FLOW.split())
UNSEEN = frozenset(
    ("script", "style", "noscript", "template", "svg", "head", "iframe", "object", "select", "textarea")
)
STRUCK_TAGS = frozenset(("s", "del", "strike"))
"""Elements whose text is crossed out; of a tree as `processors.markup.visibility` leaves it, no others."""
STRUCK_MARK = "~~"
"""Stands before and behind crossed-out words where they stay in a running text."""
INNER_MARK = "\x0e"
"""The same on the way from a page to a record: no page has this character (`processors.text.printable`)."""
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_BLANKS = re.compile(r" {2,}")
_AROUND_BREAK = re.compile(r" *([\n\v]) *")
_BREAKS = re.compile(r"[\n\v]+")
_STYLE_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)['\"]?\s*\)")
# stands for a blank that is to stay; `printable` leaves none of these in a page
_HELD_BLANK = "\x1f"
# stand around crossed-out text until it is settled into lines
_STRUCK, _END_OF_STRUCK = "\x0e", "\x0f"
_AROUND_STRUCK = re.compile(r"[\x0e\x0f]")
_BEGINS_STRUCK = re.compile(r"\x0e([ \n\v]+)")
_ENDS_STRUCK = re.compile(r"([ \n\v]+)\x0f")
# a page larger than this is a dump, not a page; the rest of it is not read
MAX_CHARACTERS = 20_000_000
MOST_ATTRIBUTES = 1_000
_LONGEST_STYLE = 4_000
_TAG = re.compile(r"<[a-zA-Z][^\s<>/]*")
# one class for every element: choosing one by its tag is Python, done again whenever a walk comes by
_ONE_CLASS = etree.ElementDefaultClassLookup(element=html.HtmlElement)
_ATTRIBUTE = re.compile(r"""[\s/]+[^\s=>"'/<]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?""")


def parse(text: str) -> html.HtmlElement | None:
    """The page as a tree; None where there is nothing in it (empty, only comments)."""
    cleaned = with_tags_cut(printable(_DECLARATION.sub("", text[:MAX_CHARACTERS])).strip())
    if not cleaned:
        return None
    parser = html.HTMLParser(
        encoding="utf-8",
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    parser.set_element_class_lookup(_ONE_CLASS)
    try:
        return html.document_fromstring(cleaned.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise_lack_of_memory(error)
        return None


def with_tags_cut(text: str) -> str:
    """Without an element's attributes beyond the first ``MOST_ATTRIBUTES``: the parser compares each with each."""
    parts = text.split(">")
    changed = False
    for place in [place for place, part in enumerate(parts) if len(part) > 2 * MOST_ATTRIBUTES]:
        part = parts[place]
        if (tag := _TAG.search(part)) and not part.endswith("--"):
            end = _end_of_attributes(part, tag.end())
            if end is not None:
                parts[place] = part[:end]
                changed = True
    return ">".join(parts) if changed else text


def _end_of_attributes(part: str, start: int) -> int | None:
    """Where the last attribute that is kept ends; None where none is too much, or all this is no tag."""
    end, kept, count = start, None, 0
    while found := _ATTRIBUTE.match(part, end):
        end = found.end()
        count += 1
        if count == MOST_ATTRIBUTES:
            kept = end
    return kept if kept is not None and kept < end and not part[end:].strip(" \t\r\n\f/") else None


def raise_lack_of_memory(error: Exception) -> None:
    """Raise ``MemoryError`` where that is what lxml's error means: a page that could not be held is not empty."""
    if getattr(error, "code", None) == etree.ErrorTypes.ERR_NO_MEMORY:
        raise MemoryError from error


def elements(root: html.HtmlElement) -> Iterator[html.HtmlElement]:
    """All elements in page order."""
    return iter(root.iter(etree.Element))


def classes(element: html.HtmlElement) -> tuple[str, ...]:
    """The element's classes in order."""
    return tuple((element.get("class") or "").split())


def attribute(element: html.HtmlElement, name: str) -> str | None:
    """The attribute's value, None where it is missing or blank."""
    value = element.get(name)
    return str(value).strip() or None if value else None


def style_url(element: html.HtmlElement) -> str | None:
    """The address in the element's own ``style`` (``background-image:url('...')``)."""
    found = _STYLE_URL.search((element.get("style") or "")[:_LONGEST_STYLE])
    return found.group(1) if found else None


def visible_text(element: html.HtmlElement, *, indented: bool = False, mark: str | None = None) -> str:
    """Text as a reader sees it: ``<br>`` and block ends are line ends, other white space is one blank.

    Crossed-out text within it is left out; with a ``mark`` it stays, each line of it between two of them.
    With ``indented`` the lines of preformatted text keep their blanks.
    """
    if not len(element):  # nothing to walk over; the edges of a block would be trimmed
        return _settle(_flow(element.text, element.tag == "pre", indented)).replace(_HELD_BLANK, " ")
    pieces: list[str] = []
    preformatted = 0
    struck: html.HtmlElement | None = None
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, node in walk:
        tag = node.tag
        if event == "start":
            if tag in UNSEEN and node is not element:
                walk.skip_subtree()
                continue
            if tag in STRUCK_TAGS and struck is None and node is not element:
                if mark is None:
                    pieces.append(" ")
                    walk.skip_subtree()
                    continue
                struck = node
                pieces.append(_STRUCK)
            if tag == "br":
                pieces.append("\n")
            elif tag in BLOCKS:
                pieces.append("\v")
            elif tag in ("td", "th"):
                pieces.append(" ")
            preformatted += tag == "pre"
            pieces.append(_flow(node.text, preformatted, indented))
            continue
        if node is struck:
            struck = None
            pieces.append(_END_OF_STRUCK)
        if tag in BLOCKS:
            pieces.append("\v")
        preformatted -= tag == "pre"
        if node is not element:
            pieces.append(_flow(node.tail, preformatted, indented))
    text = "".join(pieces)
    if mark is None or _STRUCK not in text:
        return _settle(text).replace(_HELD_BLANK, " ")
    text = _ENDS_STRUCK.sub("\x0f\\1", _BEGINS_STRUCK.sub("\\1\x0e", text))
    text = text.replace(f"{_STRUCK}{_END_OF_STRUCK}", "")
    return _with_struck_marked(_settle(text).replace(_HELD_BLANK, " "), mark)


def crossed_out_apart(line: str) -> tuple[str, tuple[str, ...]]:
    """A line with `INNER_MARK`s without what is crossed out of it, and the words that are."""
    kept, *others = line.split(INNER_MARK)
    kept += "".join(f" {part}" for part in others[1::2])
    return _SPACE.sub(" ", kept).strip(), tuple(words for part in others[::2] if (words := part.strip()))


def _with_struck_marked(text: str, mark: str) -> str:
    """The text with marks around what is crossed out of each line."""
    lines, within = [], False
    for line in text.split("\n"):
        pieces = []
        for place, part in enumerate(_AROUND_STRUCK.split(line)):
            within = not within if place else within
            words = part.strip()
            before, after = part[: len(part) - len(part.lstrip())], part[len(part.rstrip()) :]
            pieces.append(f"{before}{mark}{words}{mark}{after}" if within and words else part)
        lines.append("".join(pieces))
    return "\n".join(lines)


def _flow(text: str | None, preformatted: int, indented: bool) -> str:
    if not text:
        return ""
    if not preformatted:
        return _SPACE.sub(" ", text)
    return text.replace(" ", _HELD_BLANK) if indented else text


def _settle(text: str) -> str:
    """Block edges (``\\v``) end a line only where none has ended; blanks at line ends and in rows go."""
    if "  " in text:
        text = _BLANKS.sub(" ", text)
    if "\n" not in text and "\v" not in text:
        return text.strip(" ")  # one line, as most texts are
    text = _AROUND_BREAK.sub(r"\1", text)
    return _BREAKS.sub(lambda run: "\n" * max(run.group().count("\n"), 1), text).strip(" \n")
