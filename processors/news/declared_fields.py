"""Fields of an article from where its site's layout declares them to stand.

In: the page as a tree, a layout. Out: `Declared`, None and empty where nothing is declared or found; a remark for
each declared place at which this page has nothing, since a site that moves its headline must not go unnoticed.
"""

from dataclasses import dataclass

from lxml import html

from processors.pages.selectors import found_by, mark_of, time_found_by
from processors.tables.layout import Layout
from processors.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What stands at the declared places, in the page's words."""

    title: str | None = None
    text: str | None = None
    authors: tuple[str, ...] = ()
    published_raw: str | None = None
    modified_raw: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


NOTHING = Declared()


def read_declared(tree: html.HtmlElement, layout: Layout | None) -> Declared:
    """Look at every declared place."""
    if layout is None or not layout.article:
        return NOTHING
    wanted = layout.article
    found = {
        name: tuple(one_line(text) for text in found_by(tree, wanted[name]))
        for name in ("title", "authors", "section", "tags")
        if name in wanted
    }
    text = declared_text(tree, layout)
    times = {name: time_found_by(tree, wanted[name]) for name in ("published", "modified") if name in wanted}
    missing = [name for name, values in found.items() if not values]
    missing += [name for name, raw in times.items() if raw is None]
    missing += ["text"] if "text" in wanted and text is None else []
    return Declared(
        title=next(iter(found.get("title", ())), None),
        text=text,
        authors=found.get("authors", ()),
        published_raw=times.get("published"),
        modified_raw=times.get("modified"),
        section=next(iter(found.get("section", ())), None),
        tags=tuple(dict.fromkeys(found.get("tags", ()))),
        missing=tuple(
            f"{name}: nothing stands at the declared place {wanted[name]!r}; read as on any site"
            for name in missing
        ),
    )


def declared_text(tree: html.HtmlElement, layout: Layout | None) -> str | None:
    """What stands at the place declared for the text, line by line; None where there is none or nothing stands."""
    if layout is None or "text" not in layout.article:
        return None
    found = found_by(tree, layout.article["text"])
    return "\n".join(line for text in found for each in text.splitlines() if (line := one_line(each))) or None


def version_with(version: str, layout: Layout | None) -> str:
    """The parser's version, and which declared places it read by: other places are another reading."""
    return version if layout is None or not layout.article else f"{version}+{mark_of(layout.article)}"
