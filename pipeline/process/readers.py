"""What reads strangers' content: media, documents, pages, each in worker processes of its own, one of each.

Out: `Readers`, whose workers start when first needed, or beforehand (`PreparedParsers`), and end with the block.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.process.extensions import ExtensionUse, OperatorParsers
from processors.documents.sandboxed_reader import DocumentReader
from processors.media.decoder_pool import Decoders
from processors.parsing.parsers import Parsers
from processors.parsing.sandboxed_parsers import ConfinedParsers
from processors.sandbox.process import DecoderUnavailable, StartedWorker
from storage.archive import Archive


class PreparedParsers:
    """Parsers for the next request, whose worker has done its imports; each is used for one request alone.

    ``first`` starts a worker by other means than as a fresh interpreter.
    """

    def __init__(self, first: Callable[[], StartedWorker] | None = None) -> None:
        self._first = first
        self._next: Future[ConfinedParsers] | None = None
        self._starting = ThreadPoolExecutor(1, thread_name_prefix="parsers")

    def prepare(self) -> None:
        """Start the next ones, unless they wait already; returns at once."""
        if self._next is None:
            self._next = self._starting.submit(self._started)

    def take(self) -> ConfinedParsers | None:
        """Those that wait; None where none were prepared or they did not start. Whoever takes them closes them."""
        prepared, self._next = self._next, None
        if prepared is None:
            return None
        try:
            return prepared.result()
        except DecoderUnavailable:  # whoever reads a page will say so
            return None

    def end(self) -> None:
        """End those that wait."""
        if (parsers := self.take()) is not None:
            parsers.close()
        self._starting.shutdown()

    def _started(self) -> ConfinedParsers:
        parsers = ConfinedParsers(first=self._first)
        parsers.start()
        return parsers


@dataclass(frozen=True, slots=True)
class Readers:
    """One for each kind of content."""

    decoders: Decoders
    documents: DocumentReader
    parsers: Parsers
    operators: OperatorParsers


@contextmanager
def open_readers(
    archive: Archive, use: ExtensionUse, *, started: ConfinedParsers | None = None
) -> Iterator[Readers]:
    """All of them, until the block ends; ``started`` are parsers that were started beforehand."""
    with (
        Decoders(workers=1) as decoders,
        DocumentReader() as documents,
        started or ConfinedParsers() as parsers,
        OperatorParsers(archive, use) as operators,
    ):
        yield Readers(decoders, documents, parsers, operators)
