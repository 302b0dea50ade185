"""Whether a page that came over plain HTTP shows its content only in a browser.

In: a page as it was sent. Out: a sentence that says by what it shows, None where it does not. Only what was served
as a page (status 2xx, HTML) is looked at, and only what shows nearly nothing needs anything more. A wall is no
reason: what `outcome.classify` calls a challenge, a login or a refusal stays labelled as that, and is not worked
around. Signs are those of widespread libraries (React, Vue, Angular, Svelte, Next, Nuxt, Gatsby; names seen in
their own documentation and starter pages, 2026-11).
"""

import re
from typing import Final

from lxml import html

from processors.markup.html_tree import attribute, elements, visible_text
from processors.pages.block_pages import NEEDS_SCRIPTS
from processors.pages.outcome import BINARY, Outcome, ParsedPage, classify, open_page
from processors.pages.page import Page

FEW_WORDS: Final = 50
"""A page whose frame alone is in the markup (title bar, footer, "loading") shows fewer; an article, a list and a
channel show more.
"""

HARDLY_ANY_WORDS: Final = 20
"""The same without any other sign than scripts."""

LARGE_SCRIPT_CHARACTERS: Final = 20_000
"""Of scripts within a page: beyond counters and settings, as a page's whole data or program are."""

MANY_SCRIPTS: Final = 2

ROOTS: Final = frozenset(
    {"root", "app", "__next", "__nuxt", "___gatsby", "react-root", "app-root", "svelte", "main-app", "q-app"}
)
ROOT_TAGS: Final = frozenset({"app-root", "my-app", "ng-app"})
_PICTURES: Final = ("img", "video", "audio", "picture", "embed", "object", "iframe", "frame")
_SPACE: Final = re.compile(r"\s+")


def browser_need(page: Page, opened: ParsedPage | None = None) -> str | None:
    """Why a browser has to show the page."""
    if page.document is not None or not _is_page(page):
        return None
    looked = opened or open_page(page)
    if looked.tree is None or classify(page, looked).outcome not in (Outcome.CONTENT, Outcome.EMPTY):
        return None
    tree = looked.tree
    text = _SPACE.sub(" ", visible_text(tree)).strip()
    words = len(text.split())
    if words >= FEW_WORDS:
        return None
    shows = f"it shows {words} words"
    demand = NEEDS_SCRIPTS.search(text) or NEEDS_SCRIPTS.search(_without_scripts(tree))
    if demand is not None:
        return f"{shows} and says that it needs scripts ({demand.group()[:100]!r})"
    external, inline = _scripts(tree)
    root = _empty_root(tree)
    if root is not None and (external or inline):
        return f"{shows}, and the place that scripts are to fill is empty ({root})"
    if words >= HARDLY_ANY_WORDS or any(each.tag in _PICTURES for each in elements(tree)):
        return None
    if external >= MANY_SCRIPTS or inline >= LARGE_SCRIPT_CHARACTERS:
        return f"{shows} beside {external} scripts of files and {inline} characters of scripts"
    return None


def _is_page(page: Page) -> bool:
    if page.status is not None and not 200 <= page.status < 300:
        return False
    stated = (page.content_type or "text/html").partition(";")[0].strip().lower()
    if stated not in ("text/html", "application/xhtml+xml"):
        return False
    return not page.body.startswith(BINARY) and page.body.lstrip()[:1] not in (b"{", b"[", b"")


def _without_scripts(tree: html.HtmlElement) -> str:
    """What the page says to readers without scripts."""
    return " ".join(each.text_content() for each in elements(tree) if each.tag == "noscript")[:20_000]


def _scripts(tree: html.HtmlElement) -> tuple[int, int]:
    """How many scripts come from files, and how many characters stand in the page itself."""
    external = inline = 0
    for each in elements(tree):
        if each.tag == "script":
            external += attribute(each, "src") is not None
            inline += len(each.text or "")
    return external, inline


def _empty_root(tree: html.HtmlElement) -> str | None:
    """The element that a library fills, where there is nothing to see in it; as it is written."""
    for each in elements(tree):
        name = attribute(each, "id") or ""
        if (name in ROOTS or each.tag in ROOT_TAGS) and not visible_text(each).strip():
            return f"<{each.tag} id={name!r}>" if name else f"<{each.tag}>"
    return None
