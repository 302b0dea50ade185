"""The figures of docs/quality.md over the open half of the words with their forms hold."""

import pytest

from benchmarks.quality_stems import measure


@pytest.mark.parametrize(
    ("name", "joined", "apart"),
    [
        ("belarusian", 0.99, 0.92),
        ("belarusian_taraskievica", 0.96, 0.7),
        ("ukrainian", 0.95, 1.0),
        ("polish", 0.79, 1.0),
        ("lithuanian", 0.97, 1.0),
    ],
)
def test_forms_of_a_word_have_one_stem_and_look_alikes_another(name: str, joined: float, apart: float) -> None:
    figures = measure("open", name)
    assert figures.share("joined_steady", "steady") >= joined
    assert figures.share("apart_named", "named") >= apart
    assert figures.share("apart_others", "others") >= 0.999
