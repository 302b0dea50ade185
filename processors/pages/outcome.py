"""What a visit to a page came to, each with a reason in words.

Transport outcomes (``unreachable``, ``refused_by_policy``) are facts of the capture and stand in the WARC.
Page outcomes are derived from the bytes by `classify` and belong to (capture, classifier version).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from lxml import html

from processors.markup.encoding import decode
from processors.markup.html_tree import UNSEEN, elements, parse, visible_text
from processors.pages.block_pages import (
    BLOCKS,
    CHALLENGES,
    CONSENTS,
    LOGIN_WALLS,
    MISSING,
    NEEDS_SCRIPTS,
    RESTRICTIONS,
    SETS_COOKIE_AND_RELOADS,
    Sign,
)
from processors.pages.error_pages import OUTAGES
from processors.pages.page import Page
from processors.text import one_line

CLASSIFIER_VERSION = "outcome-3"
# text of its own, in words outside links and forms: refusals seen have under 200, and a court's list or a short
# notice can have as few, which is why few words alone never refuse a page
THIN_WORDS = 200
# refusals are small pages: their marks stand in the first of it
_SAMPLE_CHARACTERS = 100_000
_ARTICLE_MARK = re.compile(
    r"""og:type["'][^>]{0,80}article|"@type"\s*:\s*\[?\s*"(?:News|Report|Analysis|Blog|Opinion)?\w*(?:Article|Posting)"|articlebody""",
    re.IGNORECASE,
)
BINARY = (b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"{\\rtf")


class Outcome(StrEnum):
    """The closed list of outcomes (architecture §3)."""

    CONTENT = "content"
    EMPTY = "empty"
    CHALLENGE = "challenge"
    LOGIN_WALL = "login_wall"
    SOFT_404 = "soft_404"
    CONSENT = "consent"
    BLOCKED = "blocked"
    RESTRICTED = "restricted"
    UNREACHABLE = "unreachable"
    REFUSED_BY_POLICY = "refused_by_policy"
    UNREADABLE = "unreadable"
    """It was served, and no parser came to the end of it: its bytes are kept, what they say is not known."""


@dataclass(frozen=True, slots=True)
class Classification:
    """An outcome and why: ``reason`` is a sentence for people, None only for plain content."""

    outcome: Outcome
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Look:
    """What classifying needs of a page; ``words`` counts text outside links, forms and navigation."""

    markup: str
    title: str
    text: str
    words: int
    rows: int
    article: bool

    @property
    def is_short(self) -> bool:
        return self.words < THIN_WORDS and self.rows < 4 and not self.article


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """A page decoded and parsed; ``tree`` is None where there is nothing in it.

    ``encoding`` is the one it was decoded in, which its links' queries are written in.
    """

    text: str
    tree: html.HtmlElement | None
    encoding: str = "utf-8"


def open_page(page: Page) -> ParsedPage:
    """Decode and parse once, for the classifier and the reader after it."""
    decoded = decode(page.body, page.content_type)
    return ParsedPage(decoded.text, parse(decoded.text), decoded.encoding)


def classify(page: Page, opened: ParsedPage | None = None) -> Classification:
    """The page's outcome. Only ``content`` may feed records; a challenge is never content, whatever its status."""
    if not page.body.strip():
        return _by_status(page.status) or Classification(Outcome.EMPTY, "the server sent no bytes")
    if page.document is not None or page.body.startswith(BINARY) or page.body.lstrip()[:1] in (b"{", b"["):
        return _by_status(page.status) or Classification(Outcome.CONTENT, None)
    look = _look(opened or open_page(page))
    proof = _first(look, CHALLENGES, proof_only=True)
    if proof:
        return proof
    outage = _first(look, OUTAGES, proof_only=True)
    if outage and not look.article:
        return outage
    refused = page.status is not None and page.status >= 400
    if look.is_short or refused:
        found = _first(look, CHALLENGES) or _cookie_gate(look)
        if found:
            return found
    if refused:
        by_words = _first(look, RESTRICTIONS) if look.is_short else None
        return by_words or _by_status(page.status) or Classification(Outcome.BLOCKED, f"status {page.status}")
    by_status = _by_status(page.status)
    if by_status:
        return by_status
    return _in_words(look) if look.is_short else Classification(Outcome.CONTENT, None)


def _look(opened: ParsedPage) -> _Look:
    sample = opened.text[:_SAMPLE_CHARACTERS]
    tree = opened.tree
    if tree is None:
        return _Look(markup=sample, title="", text="", words=0, rows=0, article=False)
    words = _own_words(tree)
    title = next((one_line(visible_text(element)) for element in tree.iter("title")), "")
    heading = next((one_line(visible_text(element)) for element in tree.iter("h1")), "")
    return _Look(
        markup=sample,
        title=f"{title}\n{heading}".strip(),
        text=one_line(visible_text(tree)[:_SAMPLE_CHARACTERS]) if words < THIN_WORDS else "",
        words=words,
        rows=sum(1 for row in tree.iter("tr") if len(row) > 2),
        article=_ARTICLE_MARK.search(opened.text) is not None,
    )


def _own_words(tree: html.HtmlElement) -> int:
    """Words outside links, forms and navigation: what the page itself has to say.

    Some systems put the whole page into one form, or never close the navigation: what has paragraphs enough for a
    page is the page.
    """
    skipped: set[html.HtmlElement] = set()
    count = 0
    for element in elements(tree):
        parent = element.getparent()
        outside = (
            element.tag in ("a", "form", "nav", "header", "footer", "button", "title") or element.tag in UNSEEN
        )
        if outside and element.tag in ("form", "header", "nav") and _words_of_paragraphs(element) >= THIN_WORDS:
            outside = False
        if outside or parent in skipped:
            skipped.add(element)
        elif element.text:
            count += len(element.text.split())
        if element.tail and parent is not None and parent not in skipped:
            count += len(element.tail.split())
    return count


def _words_of_paragraphs(element: html.HtmlElement) -> int:
    return sum(len(paragraph.text_content().split()) for paragraph in element.iter("p"))


def _first(look: _Look, signs: tuple[Sign, ...], *, proof_only: bool = False) -> Classification | None:
    for sign in signs:
        if proof_only and not sign.proof:
            continue
        if sign.words_at_most is not None and look.words > sign.words_at_most:
            continue
        places = {"markup": look.markup, "title": look.title, "text": look.text}
        found = sign.pattern.search(places[sign.place])
        if found:
            return Classification(Outcome(sign.outcome), _reason(sign, one_line(found.group())))
    return None


def _reason(sign: Sign, words: str) -> str:
    meaning = {
        "challenge": "asks whether the visitor is a person",
        "login_wall": "shows its content only after signing in",
        "soft_404": "says that there is no such page",
        "consent": "asks for consent before it shows anything",
        "blocked": "shows nothing of the site" if sign in OUTAGES else "refuses this visitor",
        "restricted": "is withheld",
        "empty": "shows nothing",
    }[sign.outcome]
    return f"the page {meaning} ({sign.named}: {words[:120]!r})"


def _cookie_gate(look: _Look) -> Classification | None:
    """A page of nothing but a script that sets a cookie and comes again."""
    if look.words < 30 and SETS_COOKIE_AND_RELOADS.search(look.markup):
        return Classification(Outcome.CHALLENGE, "the page only sets a cookie by script and loads itself again")
    return None


def _by_status(status: int | None) -> Classification | None:
    if status is None or 200 <= status < 300:
        return Classification(Outcome.EMPTY, f"status {status}: no content") if status in (204, 205) else None
    if status == 304:
        return Classification(Outcome.EMPTY, "status 304: not changed since it was asked for before")
    if 300 <= status < 400:
        return Classification(Outcome.EMPTY, f"status {status}: sent on to another address")
    known = {
        401: (Outcome.LOGIN_WALL, "the server asks for a password"),
        402: (Outcome.LOGIN_WALL, "the server asks for payment"),
        403: (Outcome.BLOCKED, "the server refuses this visitor"),
        404: (Outcome.SOFT_404, "the server has no such page"),
        407: (Outcome.LOGIN_WALL, "a proxy asks for a password"),
        410: (Outcome.SOFT_404, "the server says the page is gone for good"),
        429: (Outcome.BLOCKED, "the server says there were too many requests"),
        451: (Outcome.RESTRICTED, "the server withholds the page for legal reasons"),
        511: (Outcome.LOGIN_WALL, "the network asks to sign in"),
    }
    outcome, words = known.get(status, (Outcome.BLOCKED, "the server did not serve the page"))
    return Classification(outcome, f"status {status}: {words}")


def _in_words(look: _Look) -> Classification:
    """A thin page with a good status: its sentences decide, the most specific first."""
    for signs in (RESTRICTIONS, BLOCKS, OUTAGES, MISSING, CONSENTS, LOGIN_WALLS):
        found = _first(look, signs)
        if found:
            return found
    if look.words < 30 and NEEDS_SCRIPTS.search(look.text or look.markup):
        return Classification(Outcome.EMPTY, "the page shows nothing without scripts")
    if not look.text:
        return Classification(Outcome.EMPTY, "the page has no text")
    return Classification(Outcome.CONTENT, None)
