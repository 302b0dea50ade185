"""With which addresses each crawl of a source began: a list counts as whole only where all of them were read.

A page that could not be fetched leaves no reading behind, and neither does one that no parser came to the end of.
That it is lacking shows only against the declaration of the source, which the crawl's own files hold (warcinfo).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from processors.surt import surt_key
from storage.access_labels import Viewer, visible_to
from storage.catalogue.tables import captures, warcs

DECLARED_UNDER: Final = ("pages", "start_pages")
"""Keys of a source's declaration that name pages of a list."""

NOT_MODIFIED: Final = 304


@dataclass(frozen=True, slots=True)
class StartPages:
    """SURT keys of the pages that the source named when it was crawled, and of those that led elsewhere (3xx)."""

    declared: frozenset[str]
    redirected: frozenset[str] = frozenset()


def start_pages_of_crawls(connection: Connection, source_id: str, viewer: Viewer) -> Mapping[str, StartPages]:
    """By crawl; a crawl whose files hold no declaration, such as an import, is not in it."""
    declarations = select(warcs.c.crawl_id, warcs.c.declaration).where(
        warcs.c.source_id == source_id, warcs.c.declaration.is_not(None), visible_to(viewer, warcs.c.access_label)
    )
    declared: dict[str, set[str]] = {}
    for row in connection.execute(declarations):
        if row.declaration is None:  # the null of JSON, of a file that says nothing of its crawl
            continue
        urls = [url for name in DECLARED_UNDER for url in row.declaration.get(name) or ()]
        declared.setdefault(row.crawl_id, set()).update(surt_key(url) for url in urls if isinstance(url, str))
    redirects = select(captures.c.crawl_id, captures.c.surt).where(
        captures.c.source_id == source_id,
        captures.c.status.between(300, 399),
        captures.c.status != NOT_MODIFIED,
        visible_to(viewer, captures.c.access_label),
    )
    redirected: dict[str, set[str]] = {}
    for row in connection.execute(redirects.distinct()):
        redirected.setdefault(row.crawl_id, set()).add(row.surt)
    return {
        crawl_id: StartPages(frozenset(keys), frozenset(redirected.get(crawl_id, ())))
        for crawl_id, keys in declared.items()
    }
