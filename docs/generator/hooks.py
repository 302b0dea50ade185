"""What ProperDocs calls while it builds the site: adds the generated pages, and turns links of the tree into
links.

In: the pages in `docs/`, the texts at the top of the tree, the code. Out: pages that exist only while the site is
built; nothing is written into the tree.
"""

from collections.abc import Callable, Mapping
from typing import Final

from properdocs.config.defaults import ProperDocsConfig
from properdocs.structure.files import File, Files
from properdocs.structure.pages import Page

from docs.generator.commands_page import commands_page
from docs.generator.dags_page import dags_page
from docs.generator.json_page import json_page
from docs.generator.records_page import records_page
from docs.generator.settings_page import settings_page
from docs.generator.site_links import PAGES, rewritten
from docs.generator.watchlist_page import watchlist_page
from pipeline.config.settings import ROOT

GENERATED: Final[Mapping[str, Callable[[], str]]] = {
    "reference/settings.md": settings_page,
    "reference/commands.md": commands_page,
    "reference/json.md": json_page,
    "reference/records.md": records_page,
    "reference/watchlist.md": watchlist_page,
    "reference/dags.md": dags_page,
}
"""Pages of the site that are made from the code, and what makes each of them."""


def on_files(files: Files, config: ProperDocsConfig) -> Files:
    """Add the generated pages and the texts from the top of the tree."""
    for page, make in GENERATED.items():
        files.append(File.generated(config, page, content=make()))
    for text, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / text).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: ProperDocsConfig, files: Files) -> str:
    """Turn links between texts of the tree into links between pages; generated pages have none of those."""
    uri = page.file.src_uri
    pages = [file.src_uri for file in files.documentation_pages()]
    return markdown if uri in GENERATED else rewritten(markdown, uri, pages)
