"""What a batch of a harvest does before anything is fetched, and how the result of a source is printed."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crawlers.model.report import CrawlReport
from crawlers.watchlist.loader import InvalidWatchlist
from pipeline.collect.harvest import MOST_REMARKS, HarvestResult, harvest_batch
from pipeline.commands.harvest import describe_source
from pipeline.config.settings import Settings

MISTAKEN = """
sources:
  - {id: first, kind: court, pages: ["https://a.example/"]}
  - {id: second, kind: court, pages: ["https://b.example/"]}
  - {id: third, kind: court, pages: ["https://c.example/"]}
"""
NAMES = ("first", "second", "third")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings(), data=tmp_path, watchlist=tmp_path / "watchlist.yaml")


def test_the_watch_list_is_read_once_for_all_sources_of_a_batch(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.watchlist.write_text(MISTAKEN, "utf-8")
    real_open = Path.open
    opened: list[Path] = []

    def noted(path: Path, *arguments: Any, **options: Any) -> Any:
        opened.append(path)
        return real_open(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", noted)
    batch = harvest_batch(settings, NAMES, on_progress=lambda _: None)

    assert tuple(batch.refused) == NAMES
    assert opened.count(settings.watchlist) == 1


def test_a_watch_list_that_cannot_be_used_is_a_failure_of_each_source(settings: Settings) -> None:
    progress: list[str] = []
    batch = harvest_batch(settings, NAMES, on_progress=progress.append)

    assert {name: type(problem) for name, problem in batch.broken.items()} == dict.fromkeys(
        NAMES, InvalidWatchlist
    )
    assert [line.partition(":")[0] for line in progress] == [*NAMES]
    assert batch.worth_trying_again


def test_remarks_stand_below_the_line_of_their_source_and_beyond_the_first_are_counted() -> None:
    at = datetime(2026, 11, 20, 21, tzinfo=UTC)
    remarks = ("page 2 could not be read", *map(str, range(MOST_REMARKS + 1)))
    report = CrawlReport("01K", "a-court", at, at, outcomes={"content": 1}, remarks=remarks)
    result = HarvestResult(report, (), 0)

    _, *notes = describe_source(result.as_json()).splitlines()
    assert result.problem is None
    assert notes[0] == "  note: page 2 could not be read"
    assert (len(notes), notes[-1]) == (MOST_REMARKS + 1, "  note: and 2 more remarks, which its log has")
