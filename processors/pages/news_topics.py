"""Section and tags of an article as the page states or links them."""

import re

from lxml import html

from processors.pages.evidence import Evidence, names_in
from processors.pages.markup import attribute, seen_text
from processors.text import one_line

_MOST_TAGS = 60


def read_section(evidence: Evidence) -> str | None:
    """The section the page states, else the last but one step of its breadcrumbs."""
    named = names_in(evidence.stated("articleSection"), evidence.by_id)
    if named:
        return named[0]
    section = evidence.meta("article:section", "section", "parsely-section")
    if section:
        return section
    return evidence.breadcrumbs[-2] if len(evidence.breadcrumbs) > 2 else None


def read_tags(tree: html.HtmlElement, evidence: Evidence) -> tuple[str, ...]:
    """Tags as stated or linked, each once; a single statement may join them with commas."""
    linked = (
        one_line(seen_text(link))
        for link in tree.iter("a")
        if "tag" in (attribute(link, "rel") or "").lower().split()
    )
    sources = (
        evidence.metas.get("article:tag", ()),
        names_in(evidence.stated("keywords"), evidence.by_id),
        tuple(linked),
        evidence.metas.get("news_keywords", ())[:1],
        evidence.metas.get("keywords", ())[:1],
        evidence.metas.get("parsely-tags", ())[:1],
    )
    found = next((list(source) for source in sources if source), [])
    if len(found) == 1:
        found = [one_line(tag) for tag in re.split(r"[,;|]", found[0])]
    return tuple(dict.fromkeys(tag for tag in found if tag and len(tag) < 100))[:_MOST_TAGS]
