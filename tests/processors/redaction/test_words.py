import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.redaction.words import BAR, WordCover

LETTERS = st.text("абвгдеЁЖ xyz.,-\n'", max_size=12)
NAMES = st.sampled_from(
    ["Ян Узорны", "ЯН  УЗОРНЫ", "Яна Узорнага", "Ян\nУзорны", "Я\u00adн Узорны\u200b", "ян узорнаму"]
)


@given(before=LETTERS, behind=LETTERS, one=NAMES, other=NAMES)
def test_two_records_that_differ_only_in_the_covered_words_come_out_equal(
    before: str, behind: str, one: str, other: str
) -> None:
    def covered(name: str) -> str:
        cover = WordCover(["Ян", "Узорн"])
        text = f"{before}; {name}, {behind}"
        record = cover.record({"text": text, "title": text, "tags": [text], "extra": {name: name}})
        return json.dumps(record, ensure_ascii=False)

    assert covered(one) == covered(other)
    assert "зорн" not in covered(one).lower()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Суд над Узорным.", f"Суд над {BAR}."),
        ("неУЗОРНАЯ", BAR),
        ("https://n.example/%D0%A3%D0%B7%D0%BE%D1%80%D0%BD%D1%8B/1", BAR),
        ({"Узорны": ["узорны", 7, None]}, {BAR: [BAR, 7, None]}),
        ("nothing of it", "nothing of it"),
        (True, True),
    ],
)
def test_words_are_covered_wherever_they_stand(value: Any, expected: Any) -> None:
    assert WordCover(["узорн"]).value(value) == expected


def test_a_field_is_covered_whole_whatever_it_holds_and_digits_are_words_too() -> None:
    cover = WordCover(["4417"], ["judge", "officials"])
    covered = cover.record(
        {"judge": "A. Sample", "officials": [{"name_raw": "B. Sample"}], "number": 4417, "room": None}
    )
    assert covered == {"judge": BAR, "officials": BAR, "number": BAR, "room": None}
    assert [*cover.covered] == ["A. Sample", "B. Sample", "4417"]
