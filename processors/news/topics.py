"""Section and tags of an article as the page states or links them."""

import re

from lxml import html

from processors.markup.html_tree import attribute, classes, visible_text
from processors.pages.page_metadata import PageMetadata, names_in
from processors.text import folded, one_line

_MOST_TAGS = 60
_TAG_PAGE = re.compile(
    r"/(?:tags?|topics?|thema|themen|tema|temas|temy|tematy|sujets?|keywords?|labels?|schlagwort\w*|stichwort\w*"
    r"|hashtags?|dossiers?|theg|teg|тег|теги|emne|amne|onderwerp)[/.=\-]",
    re.IGNORECASE,
)
_TAG_BLOCK = re.compile(
    r"(?:^|[_-])(?:tags?|tag-?list|topics?|keywords?|schlagwort\w*|themen|teg[si]?)(?:$|[_-])|(?:article|post|story)-?(?:tags|topics)",
    re.IGNORECASE,
)
_ELSEWHERE = frozenset(("nav", "header", "footer", "aside"))
_MENU = re.compile(r"menu|(?:^|[_-])nav|header|footer|sidebar|related|teaser", re.IGNORECASE)
_TAG_WORDS = 5
_MOST_LINKED = 20
# some sites state the path of a tag's page, or its kind, before it
_PATH_OR_KIND = re.compile(
    r"^(?:[a-z]+/)+(?=\S)|^(?:nlp )?(?:category|tag|topic|keyword|subject|entity tokens?): ", re.IGNORECASE
)
# keys of databases and the site's own address stand among the tags of some systems
_NO_TAG = re.compile(
    r"^(?:[0-9a-f]{8}-[0-9a-f-]{20,}|\d{5,}|(?:[\w-]+\.)+(?:com|org|net|info|by|ru|ua|pl|lt|lv|ee|de|eu))$",
    re.IGNORECASE,
)


def read_section(evidence: PageMetadata) -> str | None:
    """The section the page states, else the last but one step of its breadcrumbs."""
    named = names_in(evidence.linked_data("articleSection"), evidence.by_id)
    if named:
        return named[0]
    section = evidence.meta("article:section", "section", "parsely-section")
    if section:
        return section
    return evidence.breadcrumbs[-2] if len(evidence.breadcrumbs) > 2 else None


def read_tags(tree: html.HtmlElement, evidence: PageMetadata) -> tuple[str, ...]:
    """Tags as stated or linked, each once; a single statement may join them with commas."""
    relations = [(link, (attribute(link, "rel") or "").lower().split()) for link in tree.iter("a")]
    # blogs link their categories as "category tag": sections, not tags, and a last resort
    linked = [one_line(visible_text(link)) for link, rel in relations if "tag" in rel and "category" not in rel]
    categories = [one_line(visible_text(link)) for link, rel in relations if "category" in rel]
    sources = (
        evidence.metas.get("article:tag", ()),
        names_in(evidence.linked_data("keywords"), evidence.by_id),
        linked,
        evidence.metas.get("news_keywords", ())[:1],
        evidence.metas.get("keywords", ())[:1],
        evidence.metas.get("parsely-tags", ())[:1],
    )
    found = next((list(source) for source in sources if source), None) or list(_beside_text(tree)) or categories
    found = [_PATH_OR_KIND.sub("", tag) for tag in found]
    if len(found) == 1:
        found = [one_line(tag) for tag in re.split(r"[,;|]", found[0])]
    names = {folded(name) for name in evidence.site_names}
    stated = (
        tag for tag in found if tag and len(tag) < 100 and not _NO_TAG.search(tag) and folded(tag) not in names
    )
    return tuple(dict.fromkeys(stated))[:_MOST_TAGS]


def _beside_text(tree: html.HtmlElement) -> tuple[str, ...]:
    """Links below the headline in a block marked as tags, else to pages of tags; menus and sidebars left out."""
    heading = next(tree.iter("h1"), None)
    if heading is None:
        return ()
    marked: list[str] = []
    leading: list[str] = []
    for link in heading.xpath("following::a"):
        text = one_line(visible_text(link)).lstrip("#").rstrip(",;")
        if not 0 < len(text.split()) <= _TAG_WORDS:
            continue
        above = list(link.iterancestors())
        if any(
            element.tag in _ELSEWHERE or any(_MENU.search(name) for name in classes(element)) for element in above
        ):
            continue
        if any(_TAG_BLOCK.search(name) for element in above[:4] for name in classes(element)):
            marked.append(text)
        elif _TAG_PAGE.search(attribute(link, "href") or ""):
            leading.append(text)
    found = marked or leading
    return tuple(dict.fromkeys(found)) if len(found) <= _MOST_LINKED else ()
