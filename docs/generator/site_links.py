"""Links between the texts of the tree, and the same links between pages of the site.

Texts link to each other by their paths in the tree, so that a reader of the tree can follow them. On the site some
of them stand elsewhere (`PAGES`), so each link is rewritten. Mentions of a decision by its number become links.
"""

import posixpath
import re
from collections.abc import Collection, Mapping
from typing import Final

PAGES: Final[Mapping[str, str]] = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Texts at the top of the tree, and the pages of the site that they become."""

_LINK: Final = re.compile(r"(?<=\]\()(?!https?://|#)([^)#\s]+)(#[^)\s]*)?(?=\))")
_CODE: Final = re.compile(r"^(`{3,}).*?^\1|^(?: {4}|\t).*?$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_DECISION: Final = re.compile(r"\bdecision (\d{4})\b(?![^\[\n]*\]\()")


def in_tree(page: str) -> str:
    """The path in the tree of the text that a page is made from."""
    return next((text for text, its_page in PAGES.items() if its_page == page), f"docs/{page}")


def on_site(path: str) -> str | None:
    """The page of the site, or file of it, that a path of the tree becomes; None where it becomes none."""
    folder = f"{path.rstrip('/')}/README.md" if not posixpath.splitext(path)[1] else path
    return PAGES.get(path) or (folder.removeprefix("docs/") if path.startswith("docs/") else None)


def rewritten(markdown: str, page: str, pages: Collection[str]) -> str:
    """The text of the page with links that lead to pages of the site; code is left as it is.

    ``pages``: every page of the site. A link that leads to no page stays as it is, and the strict build names it.
    """
    decisions = {found[1]: each for each in pages if (found := re.match(r"decisions/(\d{4})-", each))}
    here = posixpath.dirname(page)

    def link(found: re.Match[str]) -> str:
        target = on_site(posixpath.normpath(posixpath.join(posixpath.dirname(in_tree(page)), found[1])))
        return found[0] if target is None else posixpath.relpath(target, here or ".") + (found[2] or "")

    def decision(found: re.Match[str]) -> str:
        target = decisions.get(found[1])
        if target is None or target == page:
            return found[0]
        return f"[{found[0]}]({posixpath.relpath(target, here or '.')})"

    def prose(text: str) -> str:
        return _DECISION.sub(decision, _LINK.sub(link, text))

    kept = 0
    parts = []
    for found in _CODE.finditer(markdown):
        parts += [prose(markdown[kept : found.start()]), found[0]]
        kept = found.end()
    return "".join((*parts, prose(markdown[kept:])))
