"""The colours of the visual language: whatever is read is readable, in light and in dark."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[3] / "access" / "static" / "tokens.css"
COLOURS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(
        r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS.read_text("utf-8")
    )
}
GROUNDS = ("ground", "panel", "sunken")
TEXTS = [
    *((ink, ground) for ink in ("ink", "faint", "link") for ground in (*GROUNDS, "accent-soft")),
    *((tone, f"{tone}-soft") for tone in ("good", "bad", "odd")),
    *((tone, "panel") for tone in ("good", "bad", "odd")),
    *(("ink", f"{tone}-soft") for tone in ("good", "bad", "odd")),
    ("accent-strong", "accent-soft"),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-strong"),
    ("ink", "mark"),
]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_stands_out_from_its_ground(text: str, ground: str, mode: str) -> None:
    assert contrast(COLOURS[text][mode], COLOURS[ground][mode]) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "panel"])
def test_the_border_of_a_control_stands_out(ground: str, mode: str) -> None:
    assert contrast(COLOURS["line-strong"][mode], COLOURS[ground][mode]) >= 3.0
