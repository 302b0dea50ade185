"""The events of an engine: each is read as it was written."""

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
def test_an_event_is_read_as_it_was_written(event: EngineEvent) -> None:
    line = encode_event(event)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert decode_event(line) == event


@pytest.mark.parametrize("line", ["", "not json\n", "[]\n", '{"event": "other"}\n', "3\n"])
def test_a_line_that_holds_no_event_is_passed_over(line: str) -> None:
    assert decode_event(line) is None
