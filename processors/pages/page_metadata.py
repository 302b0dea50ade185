"""What a page says of itself for machines: meta tags, linked data, link relations, language.

In: the page as a tree. Out: `PageMetadata`, values as the page has them. Linked data is often broken (comments,
raw line ends, trailing commas); what can be mended by syntax alone is, the rest is left out. Never raises.
"""

import html as entities
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import html

from processors.markup.html_tree import attribute
from processors.text import one_line

_TYPES = (
    "article newsarticle reportagenewsarticle analysisnewsarticle opinionnewsarticle backgroundnewsarticle "
    "askpublicnewsarticle reviewnewsarticle satiricalarticle advertisercontentarticle blogposting "
    "liveblogposting socialmediaposting techarticle scholarlyarticle report claimreview review"
)
ARTICLE_TYPES = frozenset(_TYPES.split())
_COMMENTS = re.compile(r"^\s*(?:<!--|//<!\[CDATA\[|/\*<!\[CDATA\[\*/)|(?:-->|//\]\]>|/\*\]\]>\*/)\s*$")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_MAX_BLOCK = 2_000_000
_MAX_NODES = 5_000


@dataclass(frozen=True, slots=True)
class PageMetadata:
    """``metas``: lower-case name or property to contents in order. ``articles``: linked-data nodes of articles."""

    metas: dict[str, tuple[str, ...]]
    articles: tuple[dict[str, Any], ...]
    breadcrumbs: tuple[str, ...]
    links: dict[str, tuple[str, ...]]
    language: str | None
    by_id: dict[str, dict[str, Any]]
    language_tag: str | None = None

    def meta(self, *names: str) -> str | None:
        """The first content of the first name that has one."""
        return next((value for name in names for value in self.metas.get(name, ())), None)

    @property
    def site_names(self) -> tuple[str, ...]:
        """Names the page gives its site and publisher."""
        found = [*self.metas.get("og:site_name", ()), *self.metas.get("application-name", ())]
        found += [*self.metas.get("publisher", ()), *self.metas.get("dc.publisher", ())]
        for node in self.articles[:2]:
            found += names_in(node.get("publisher"), self.by_id)
        return tuple(dict.fromkeys(found))

    def linked_data(self, key: str) -> Any:
        """A property of the article's linked data, None where none has it."""
        return next((node[key] for node in self.articles if node.get(key)), None)


def read_evidence(tree: html.HtmlElement) -> PageMetadata:
    """Gather the page's statements about itself."""
    metas: dict[str, list[str]] = {}
    links: dict[str, list[str]] = {}
    nodes: list[dict[str, Any]] = []
    for element in tree.iter("meta", "link", "script"):
        if element.tag == "meta":
            content = attribute(element, "content")
            for key in ("property", "name", "itemprop", "http-equiv"):
                name = attribute(element, key)
                if name and content:
                    metas.setdefault(name.lower(), []).append(one_line(entities.unescape(content)))
        elif element.tag == "link":
            target = attribute(element, "href")
            for relation in (attribute(element, "rel") or "").lower().split():
                if target:
                    links.setdefault(relation, []).append(target)
        elif "ld+json" in (attribute(element, "type") or "").lower() and element.text:
            nodes.extend(_nodes(element.text))
    return PageMetadata(
        metas={name: tuple(dict.fromkeys(values)) for name, values in metas.items()},
        articles=tuple(node for node in nodes if _types(node) & ARTICLE_TYPES),
        breadcrumbs=_breadcrumbs(nodes),
        links={relation: tuple(targets) for relation, targets in links.items()},
        language=_language(tree, metas),
        language_tag=_language_tag(tree),
        by_id={str(node["@id"]): node for node in reversed(nodes) if node.get("@id") and node.get("name")},
    )


def _nodes(block: str) -> Iterator[dict[str, Any]]:
    """All objects of a linked-data block, outermost first."""
    pending: list[Any] = [_loaded(block[:_MAX_BLOCK])]
    count = 0
    while pending and count < _MAX_NODES:
        value = pending.pop(0)
        count += 1
        if isinstance(value, list):
            pending[:0] = value[:1000]
        elif isinstance(value, dict):
            yield value
            pending.extend(
                value[key]
                for key in ("@graph", "mainEntity", "mainEntityOfPage", "hasPart", "item")
                if key in value
            )


def _loaded(block: str) -> Any:
    text = _COMMENTS.sub("", block).strip().rstrip(";")
    for candidate in (text, _TRAILING_COMMA.sub(r"\1", text), entities.unescape(text)):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    return None


def _types(node: dict[str, Any]) -> set[str]:
    kinds = node.get("@type")
    named = kinds if isinstance(kinds, list) else [kinds]
    return {str(kind).rpartition("/")[2].lower() for kind in named if kind}


def names_in(value: Any, by_id: dict[str, dict[str, Any]], depth: int = 0) -> list[str]:
    """Names of persons or things as linked data puts them: text, an object, a reference, or a list of these."""
    if depth > 3:
        return []
    if isinstance(value, str):
        return [one_line(entities.unescape(value))] if value.strip() else []
    if isinstance(value, dict):
        known = value if value.get("name") else by_id.get(str(value.get("@id")), value)
        return names_in(known.get("name") or known.get("alternateName"), by_id, depth + 1)
    if isinstance(value, list):
        return [name for item in value[:100] for name in names_in(item, by_id, depth + 1)]
    return []


def text_in(value: Any) -> str | None:
    """The first text of a property; None for anything else."""
    if isinstance(value, list):
        value = next(iter(value), None)
    return one_line(entities.unescape(value)) or None if isinstance(value, str) else None


def _breadcrumbs(nodes: list[dict[str, Any]]) -> tuple[str, ...]:
    for node in nodes:
        items = node.get("itemListElement")
        if "breadcrumblist" in _types(node) and isinstance(items, list):
            named = [item.get("name") or item.get("item") for item in items if isinstance(item, dict)]
            return tuple(name for value in named for name in names_in(value, {}))
    return ()


def _language_tag(tree: html.HtmlElement) -> str | None:
    root = tree if tree.tag == "html" else tree.getroottree().getroot()
    return attribute(root, "lang") or attribute(root, "xml:lang")


def _language(tree: html.HtmlElement, metas: dict[str, list[str]]) -> str | None:
    stated = (
        _language_tag(tree)
        or next(iter(metas.get("content-language", [])), None)
        or next(iter(metas.get("og:locale", [])), None)
    )
    if not stated:
        return None
    code = re.split(r"[-_,; ]", stated.strip().lower())[0]
    return code if re.fullmatch(r"[a-z]{2,3}", code) else None
