"""What is said of kinds in one table holds everywhere a kind needs something of its own."""

from crawlers.spiders.registry import SPIDERS
from crawlers.watchlist.schema import entry_models
from processors.kinds import KINDS, source_kinds


def test_every_kind_of_source_has_an_entry_of_the_watchlist_and_a_spider() -> None:
    assert set(entry_models()) == set(SPIDERS) == set(source_kinds())


def test_every_kind_that_gives_records_has_a_parser_and_every_record_a_kind() -> None:
    for name, kind in KINDS.items():
        assert name in {version.kind for version in kind.parsers()}
        assert {cls.__dataclass_fields__["kind"].default for cls in kind.record.types} == {kind.record.name}
        assert {"kind", "url"} <= set(kind.record.keys)
