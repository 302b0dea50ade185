"""The fields of the index, and its version.

Each document is one version of a record under one access label, or the text of one captured page; one more holds
the position in the log of changes. Text fields hold words that `storage.search_index.analysis` has made, parted by
spaces. Nothing but ids is stored: what is shown is read from the database.
"""

import hashlib
from functools import cache
from importlib.metadata import version
from typing import Final

import tantivy

from storage.search_index.analysis import analyser_version

FORMAT: Final = 1
"""To be raised with every change of the fields or of what is written into them."""

ID: Final = "id"
"""The version's id, the capture's of a page; of the position, what it is."""
SUBJECT: Final = "subject"
"""What is written and deleted as one: a record's id, ``page:`` and a capture's id, or `POSITION`."""
WHAT: Final = "what"
POSITION: Final = "position"
WORDS: Final = "words"
STEMS: Final = "stems"
NAMES: Final = "names"
"""Keys of the names in the text (`processors.name_search.keys`)."""
LABEL: Final = "label"
RECORD: Final = "record"
"""A number for each subject, by which records of several documents are counted once."""
SEVERAL: Final = "several"
"""Whether the subject has more documents than this one."""
AT: Final = "at"
"""Seconds since 1970 of the date that the source gives."""
DAY: Final = "day"
"""Days since 1970."""
MONTH: Final = "month"
"""Year and month as one number, such as 202611."""
YEAR: Final = "year"

TEXT_FACETS: Final = ("kind", "source", "court", "judge", "article", "status", "outcome", "language", "media_type")
"""Facets whose values are texts; the other, ``year``, is the field of this name."""

_SPACED: Final = "spaced"


@cache
def index_version() -> str:
    """The version of an index: its folder's name; another one cannot be read or written."""
    said = f"{FORMAT} {analyser_version()} {version('tantivy')}"
    return hashlib.sha256(said.encode()).hexdigest()[:12]


@cache
def schema() -> tantivy.Schema:
    """The fields."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(ID, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(SUBJECT, stored=True, tokenizer_name="raw", index_option="basic")
    for name in (WHAT, LABEL):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in (WORDS, STEMS):
        builder.add_text_field(name, tokenizer_name=_SPACED, index_option="position")
    builder.add_text_field(NAMES, tokenizer_name=_SPACED, index_option="basic")
    for name in TEXT_FACETS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_unsigned_field(RECORD, fast=True)
    builder.add_boolean_field(SEVERAL, indexed=True, fast=True)
    for name in (AT, DAY, MONTH, YEAR):
        builder.add_integer_field(name, indexed=True, fast=True)
    return builder.build()


def opened(folder: str) -> tantivy.Index:
    """The index in a folder, made where it is empty."""
    index = tantivy.Index(schema(), path=folder)
    spaced = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer(_SPACED, spaced)
    return index
