"""What an engine tells, and that what is heard is what was told."""

import pytest

from crawlers.engines.messages import Finished, Remark, Told, Visit, heard, told
from processors.pages.outcome import Outcome


@pytest.mark.parametrize(
    "event",
    [
        Visit("https://a.example/", "0001", Outcome.BLOCKED, "рэч", 3, 1, seed=True),
        Remark("дзве\nрадкі"),
        Finished(),
    ],
)
def test_what_is_told_is_heard(event: Told) -> None:
    line = told(event)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert heard(line) == event


@pytest.mark.parametrize("line", ["", "not json\n", "[]\n", '{"event": "other"}\n', "3\n"])
def test_what_tells_nothing_is_passed_over(line: str) -> None:
    assert heard(line) is None
