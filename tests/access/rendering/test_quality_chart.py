"""The drawing of a source's scores: one bar for each day, as high as its lowest score."""

import pytest

from access.rendering.day_chart import BAR, COLUMNS_AT_LEAST, STEP
from access.rendering.formatting import format_score
from access.rendering.quality_chart import HEIGHT, quality_chart


def day(text: str, least: float | None, mean: float | None = None) -> dict[str, object]:
    return {"day": text, "captures": 2, "least": least, "mean": least if mean is None else mean}


def test_a_bar_is_as_high_as_the_lowest_score_and_its_words_say_the_mean() -> None:
    chart = quality_chart([day("2026-11-20", 0.5, 0.75)])
    (column,) = chart.columns
    (bar,) = column.parts
    assert (bar.height, bar.y, bar.tone) == (HEIGHT / 2, chart.base_y - HEIGHT / 2, "odd")
    assert column.description == "2026-11-20: 2 captures, lowest score 0.50, mean 0.75"


def test_days_without_a_capture_leave_room() -> None:
    chart = quality_chart([day("2026-11-18", 1.0), day("2026-11-20", 0.0)])
    first, last = chart.columns
    assert last.x - first.x == 2 * STEP
    assert [(bar.tone, bar.height) for column in chart.columns for bar in column.parts] == [
        ("good", HEIGHT),
        ("bad", 4),
    ]
    assert last.x + BAR <= chart.width


def test_a_few_days_do_not_fill_the_page_and_the_newest_stands_at_the_right() -> None:
    chart = quality_chart([day("2026-11-20", 0.95)])
    assert chart.width == quality_chart([day("2026-10-22", 1.0), day("2026-11-20", 1.0)]).width
    assert (chart.first, chart.last) == ("2026-10-22", "2026-11-20")
    assert COLUMNS_AT_LEAST == 30


def test_a_day_on_which_nothing_could_be_compared_is_drawn() -> None:
    (column,) = quality_chart([day("2026-11-20", None)]).columns
    (bar,) = column.parts
    assert column.description == "2026-11-20: 2 captures, none could be compared"
    assert bar.height > 0


@pytest.mark.parametrize(
    ("score", "text"),
    [(1.0, "1.00"), (0.9999, "0.99"), (0.29, "0.29"), (0.5, "0.50"), (0.0, "0.00"), (0.001, "0.00")],
)
def test_a_score_is_cut_and_not_rounded(score: float, text: str) -> None:
    assert format_score(score) == text
