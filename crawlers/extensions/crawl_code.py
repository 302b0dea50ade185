"""An operator's code in a crawl: one archive in the crawl's folder, written before it begins, and the parser in
it.

What was checked and deposited is what runs: the engine reads these bytes and never the operator's folder.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from crawlers.extensions.folder import ExtensionFolder
from processors.extension.code import ClassReference, ExtensionCode, ExtensionFault, parse_reference
from processors.pages.feeds import Feed
from processors.pages.outcome import Classification
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.pages.sitemaps import Sitemap
from processors.parsing.confined_extensions import ConfinedExtension
from processors.parsing.parsers import PageNotRead, Parsers
from processors.parsing.sandboxed_parsers import ConfinedParsers
from processors.tables.layout import Layout

CODE_NAME: Final = "extension.tar"


class OperatorsParsers:
    """`Parsers` that read a source's pages by an operator's parser, and do all else as ours."""

    def __init__(self, ours: Parsers, extension: ConfinedExtension, reference: ClassReference) -> None:
        self._ours = ours
        self._extension = extension
        self._reference = reference

    def read_page(self, page: Page, kind: str, *, layout: Layout | None = None) -> Reading:
        """The page's outcome and records."""
        del kind, layout
        try:
            return self._extension.read_page(page, self._reference)
        except ExtensionFault as fault:
            raise PageNotRead(str(fault), limit=False) from None

    def classify(self, page: Page) -> Classification:
        """As our parsers."""
        return self._ours.classify(page)

    def browser_need(self, page: Page) -> str | None:
        """As our parsers."""
        return self._ours.browser_need(page)

    def read_feed(self, page: Page) -> Feed:
        """As our parsers."""
        return self._ours.read_feed(page)

    def read_sitemap(self, page: Page) -> Sitemap:
        """As our parsers."""
        return self._ours.read_sitemap(page)

    def requisites(self, page: Page) -> tuple[str, ...]:
        """As our parsers."""
        return self._ours.requisites(page)

    def links(self, page: Page) -> tuple[str, ...]:
        """As our parsers."""
        return self._ours.links(page)

    def readable_text(self, page: Page) -> str:
        """As our parsers."""
        return self._ours.readable_text(page)


def extension_named(*classes: str | None) -> str | None:
    """The extension that a source's parser or spider is of; None where it names neither."""
    return next((parse_reference(each).extension for each in classes if each is not None), None)


def code_of_source(extensions: ExtensionFolder, *classes: str | None) -> ExtensionCode | None:
    """The code that a source names, as it stands in the folder now; None for one without. Raises
    `ExtensionFault`.
    """
    name = extension_named(*classes)
    return None if name is None else extensions.code(name)


def write_code(folder: Path, code: ExtensionCode) -> None:
    """Write the archive into a crawl's folder, readable by its owner alone."""
    file = folder / CODE_NAME
    file.touch(mode=0o600, exist_ok=False)
    file.write_bytes(code.archive)


def code_of_crawl(folder: Path, name: str) -> ExtensionCode:
    """The extension whose archive lies in a crawl's folder."""
    return ExtensionCode(name, (folder / CODE_NAME).read_bytes())


@contextmanager
def parsers_for(
    parser: str | None, code: ExtensionCode | None, *, started: ConfinedParsers | None = None
) -> Iterator[Parsers]:
    """The parsers of one source, each in worker processes of its own, until the block ends.

    ``started`` are ours where they were started beforehand.
    """
    with started or ConfinedParsers() as ours:
        if parser is None or code is None:
            yield ours
            return
        with ConfinedExtension(code) as extension:
            yield OperatorsParsers(ours, extension, parse_reference(parser))
