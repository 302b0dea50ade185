"""The parsers of operators that a run may use: found in the folder, deposited, and started confined (decision
0031).

In: the parsers that sources name, the folder, what may be run. Out: for each of them a parser, or the reason why
it is not here. What the store holds is never run. Each extension's code is in the store before it reads its first
page.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from crawlers.extensions.folder import ExtensionFolder
from processors.extension.code import ClassReference, ExtensionCode, ExtensionFault, parse_reference
from processors.pages.page import Page
from processors.pages.parse_result import Reading
from processors.parsing.confined_extensions import ConfinedExtension
from processors.parsing.parsers import PageNotRead
from storage.archive import Archive
from storage.catalogue.unread import UNREAD
from storage.deposit.extension_code import deposit_extension
from storage.ledger.extensions import extension_deposits


@dataclass(frozen=True, slots=True)
class ExtensionUse:
    """Where operators' code comes from, who deposits it, and ``refusal``: why an archive must not be run here."""

    folder: ExtensionFolder = field(default_factory=lambda: ExtensionFolder(None))
    actor: str = "letapis"
    refusal: Callable[[ExtensionCode], str | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class OperatorParser:
    """One class of an extension; ``missing`` says why it cannot read here, None where it can."""

    name: str
    version: str
    kind: str
    missing: str | None = None
    _of: tuple[ConfinedExtension, ClassReference] | None = None

    def read_page(self, page: Page) -> Reading:
        """The page's outcome and records; raises ``PageNotRead``."""
        if self._of is None:
            raise PageNotRead(f"{self.name}: {self.missing}", limit=False)
        extension, reference = self._of
        return extension.read_page(page, reference)


def deposited_last(archive: Archive, folder: ExtensionFolder, actor: str) -> ExtensionUse:
    """Only code that is the one deposited last: another would read otherwise than what custody names."""

    def refusal(code: ExtensionCode) -> str | None:
        with archive.reader.connect() as connection:
            deposits = extension_deposits(connection, code.name)
        if not deposits or deposits[-1].subject_digest == code.digest:
            return None
        return (
            f"extension {code.name}: expected the code that was deposited last, {deposits[-1].subject_digest}, "
            f"found {code.digest} in {folder.path}; `letapis rebuild --with-extensions` reads with what "
            "is here"
        )

    return ExtensionUse(folder, actor, refusal)


class OperatorParsers:
    """All parsers that sources name; used as a ``with`` block."""

    def __init__(self, archive: Archive, use: ExtensionUse) -> None:
        self._archive = archive
        self._use = use
        self._opened = ExitStack()
        self._extensions: dict[str, ConfinedExtension] = {}
        self._parsers: dict[str, OperatorParser] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def parser(self, name: str) -> OperatorParser:
        """The parser of this name (``extension.module:Class``), looked for once."""
        if name not in self._parsers:
            self._parsers[name] = self._found(name)
        return self._parsers[name]

    def versions(self, names: Iterable[str]) -> Mapping[str, str]:
        """The parser versions of those that can read here, by name."""
        found = map(self.parser, names)
        return {parser.name: parser.version for parser in found if parser.missing is None}

    def _found(self, name: str) -> OperatorParser:
        try:
            reference = parse_reference(name)
            extension = self._extension(reference.extension)
            version, kind = extension.version_name(reference), extension.page_kind(reference)
        except (ExtensionFault, ValueError) as fault:
            reason = f"the page waits for this parser, which cannot read here: {fault}"
            return OperatorParser(name, f"{name}/{UNREAD}", UNREAD, missing=reason)
        deposit_extension(self._archive, extension.code, actor=self._use.actor)
        return OperatorParser(name, version, kind, _of=(extension, reference))

    def _extension(self, name: str) -> ConfinedExtension:
        if name not in self._extensions:
            code = self._use.folder.code(name)
            if (refusal := self._use.refusal(code)) is not None:
                raise ExtensionFault(refusal)
            self._extensions[name] = self._opened.enter_context(ConfinedExtension(code))
        return self._extensions[name]
