"""What is said of kinds in one table holds everywhere a kind needs something of its own."""

from typing import get_args

from crawlers.spiders.registry import SPIDERS
from crawlers.watchlist.schema import ENTRIES
from processors.kinds import KINDS, RECORD_KINDS, SOURCE_KINDS
from processors.pages.parse_result import Record
from processors.parsing.parser_versions import PARSERS


def test_every_kind_of_source_has_an_entry_of_the_watchlist_and_a_spider() -> None:
    assert set(ENTRIES) == set(SPIDERS) == set(SOURCE_KINDS)


def test_every_kind_that_gives_records_has_a_parser_and_every_record_a_kind() -> None:
    assert {kind.page for kind in KINDS.values()} <= {version.kind for version in PARSERS}
    assert {kind.record for kind in KINDS.values()} == set(RECORD_KINDS)
    assert {record.__dataclass_fields__["kind"].default for record in get_args(Record)} == set(RECORD_KINDS)
