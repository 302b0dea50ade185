"""The open half of the invented texts about trials, held to the figures of docs/quality.md."""

import pytest

from benchmarks.quality_names import measure

FIGURES = {
    "be": (1.0, 0.92, 1.0, 0.8, 1.0),
    "ru": (0.98, 0.96, 0.98, 0.88, 1.0),
    "uk": (0.98, 0.93, 0.98, 0.83, 1.0),
    "en": (1.0, 0.95, 1.0, 0.84, 1.0),
}


@pytest.mark.parametrize("language", FIGURES)
def test_officials_and_other_persons_of_a_trial_are_found_and_named_in_the_nominative(language: str) -> None:
    score = measure("open", language)
    measured = (
        score.share("right_officials", "said_officials"),
        score.share("right_officials", "gold_officials"),
        score.share("right", "said"),
        score.share("right", "gold"),
        score.share("named_right", "right"),
    )
    assert [got for got, least in zip(measured, FIGURES[language], strict=True) if got < least] == [], score.misses
