import json
from typing import Any

import pytest

from processors.redaction.steps import RedactionStepsError, open_geometry, read_steps

REGION = {"cover": "region", "left": 0.1, "top": 0.2, "right": 0.3, "bottom": 0.4}


def test_steps_are_read_and_state_openly_where_and_never_what_or_why() -> None:
    steps = read_steps(
        json.dumps(
            {
                "reason": "a child in the picture",
                "steps": [
                    {**REGION, "style": "blur", "from_s": 1, "to_s": 2.5, "reason": "face"},
                    {"cover": "sound", "from_s": None, "to_s": 3},
                    {"cover": "words", "words": " Jan Sample ", "reason": "a witness"},
                    {"cover": "field", "field": "judge"},
                ],
            }
        )
    )
    assert (steps.words, steps.fields, steps.reason) == (("Jan Sample",), ("judge",), "a child in the picture")
    assert [open_geometry(each) for each in steps.steps] == [
        {**REGION, "page": 1, "style": "blur", "from_s": 1.0, "to_s": 2.5},
        {"cover": "sound", "from_s": None, "to_s": 3.0},
        {"cover": "words"},
        {"cover": "field", "field": "judge"},
    ]


@pytest.mark.parametrize(
    ("found", "place"),
    [
        ("{", "the steps"),
        ([], "the steps"),
        ({"reason": "x", "steps": []}, "steps"),
        ({"reason": "", "steps": [REGION]}, "the steps.reason"),
        ({"reason": "x", "steps": [{"cover": "all"}]}, r"steps\[0\]"),
        ({"reason": "x", "steps": [{**REGION, "left": 0.5}]}, r"steps\[0\]"),
        ({"reason": "x", "steps": [{**REGION, "left": -0.1}]}, r"steps\[0\].left"),
        ({"reason": "x", "steps": [{**REGION, "top": True}]}, r"steps\[0\].top"),
        ({"reason": "x", "steps": [{**REGION, "style": "gaussian"}]}, r"steps\[0\].style"),
        ({"reason": "x", "steps": [{**REGION, "page": 0}]}, r"steps\[0\].page"),
        ({"reason": "x", "steps": [{**REGION, "colour": "red"}]}, r"steps\[0\]"),
        ({"reason": "x", "steps": [{"cover": "sound", "from_s": 3, "to_s": 2}]}, r"steps\[0\]"),
        ({"reason": "x", "steps": [{"cover": "words", "words": " - "}]}, r"steps\[0\].words"),
    ],
)
def test_steps_that_cannot_be_followed_are_refused_with_their_place(found: Any, place: str) -> None:
    content = found if isinstance(found, str) else json.dumps(found)
    with pytest.raises(RedactionStepsError, match=rf"^{place}: expected .*Nothing was covered or kept\.$"):
        read_steps(content)
