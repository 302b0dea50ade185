"""The figures of docs/quality.md over the open half of the invented names hold."""

from benchmarks.quality_name_search import measure


def test_nearly_all_spellings_are_among_the_first_twenty_and_nearly_nobody_is_confused() -> None:
    figures = measure("open")
    assert figures.recall >= 0.99
    assert figures.confusions <= 0.005
    assert figures.counts["strangers"] == 0
