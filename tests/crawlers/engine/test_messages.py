"""What an engine tells, and that what is heard is what was told."""

import pytest

from crawlers.engine.messages import (
    CrawlNote,
    EngineEvent,
    EngineFinished,
    PageVisited,
    decode_event,
    encode_event,
)
from processors.pages.outcome import Outcome


@pytest.mark.parametrize(
    "event",
    [
        PageVisited("https://a.example/", "0001", Outcome.BLOCKED, "рэч", 3, 1, seed=True),
        CrawlNote("дзве\nрадкі"),
        EngineFinished(),
    ],
)
def test_what_is_told_is_heard(event: EngineEvent) -> None:
    line = encode_event(event)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert decode_event(line) == event


@pytest.mark.parametrize("line", ["", "not json\n", "[]\n", '{"event": "other"}\n', "3\n"])
def test_what_tells_nothing_is_passed_over(line: str) -> None:
    assert decode_event(line) is None
