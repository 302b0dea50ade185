"""What reads strangers' content: media, documents, pages, each in worker processes of its own.

Out: `Readers`, whose workers start when first needed and end with the block.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.process.extensions import ExtensionUse, OperatorParsers
from processors.documents.sandboxed_reader import DocumentReader
from processors.media.decoder_pool import Decoders
from processors.parsing.parsers import Parsers
from processors.parsing.sandboxed_parsers import ConfinedParsers
from storage.archive import Archive


@dataclass(frozen=True, slots=True)
class Readers:
    """One for each kind of content."""

    decoders: Decoders
    documents: DocumentReader
    parsers: Parsers
    operators: OperatorParsers


@contextmanager
def open_readers(archive: Archive, use: ExtensionUse) -> Iterator[Readers]:
    """All of them, until the block ends."""
    with (
        Decoders() as decoders,
        DocumentReader() as documents,
        ConfinedParsers() as parsers,
        OperatorParsers(archive, use) as operators,
    ):
        yield Readers(decoders, documents, parsers, operators)
