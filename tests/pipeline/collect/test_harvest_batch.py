"""What a batch of a harvest does before anything is fetched."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crawlers.watchlist.loader import InvalidWatchlist
from pipeline.collect.harvest import harvest_batch
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
