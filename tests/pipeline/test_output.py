"""What commands print is read in terminals, and archived text may hold what terminals obey."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.output import Terminal, harmless, to_json, warn

HOSTILE = "до\x1b]0;owned\x07 \x1b[2J\x9b31m\r\x00 после\nрадок"


def test_no_text_of_a_page_can_act_on_the_terminal() -> None:
    screen = io.StringIO()
    Terminal(file=screen, soft_wrap=True, highlight=False).print(HOSTILE, markup=False)

    assert screen.getvalue() == "до\\x1b]0;owned\\x07 \\x1b[2J\\x9b31m\\x0d\\x00 после\nрадок\n"


@given(st.text())
def test_json_has_the_same_text_and_no_control_character(text: str) -> None:
    line = to_json({"text": text})

    assert json.loads(line) == {"text": text}
    assert harmless(line) == line


@given(st.text(st.characters(exclude_categories=["Cc"])))
def test_text_without_controls_is_printed_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_a_warning_is_red_and_its_words_can_colour_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = Terminal(file=screen, force_terminal=True, color_system="standard", soft_wrap=True, highlight=False)
    monkeypatch.setattr("pipeline.output.err", terminal)

    warn("for trying out only [green]\x1b[32m")

    assert screen.getvalue() == "\x1b[1;31mfor trying out only [green]\\x1b[32m\x1b[0m\n"
