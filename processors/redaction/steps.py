"""What is to be covered, step by step, as a person has drawn or named it.

In: JSON of a file or a form. Out: `RedactionSteps`. Places in pictures are fractions of width and height of the
upright picture, from its upper left corner, so that they hold whatever size it is shown in. Times are seconds.
What a step states openly (`open_geometry`) never has the words it covers. Raises `RedactionStepsError` with the
place, what was expected and what was found.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MOST_STEPS: Final = 200
MOST_PAGES: Final = 300
LONGEST_WORDS: Final = 500
LONGEST_REASON: Final = 500
LONGEST_SECONDS: Final = 24 * 3600.0
PLACES: Final = 5
"""Decimals of a fraction: a hundred-thousandth of a side is less than a pixel of any picture here."""


class RedactionStepsError(ValueError):
    """The steps cannot be followed: ``place`` says otherwise. Nothing was covered and nothing was kept."""

    def __init__(self, place: str, expected: str, found: str) -> None:
        super().__init__(f"{place}: expected {expected}, found {found[:120]}. Nothing was covered or kept.")
        self.place = place
        self.expected = expected
        self.found = found


class CoverStyle(StrEnum):
    """What a covered region looks like; none of them is made from the picture below it."""

    BLACK = "black"
    GREY = "grey"
    BLUR = "blur"
    """A mosaic of a fixed pattern. It looks like a coarse blur and holds nothing that could be sharpened."""


@dataclass(frozen=True, slots=True)
class CoveredRegion:
    """A box on a page (from 1) of a picture or document, or on a video between two seconds (None: to its ends)."""

    left: float
    top: float
    right: float
    bottom: float
    style: CoverStyle = CoverStyle.BLACK
    page: int = 1
    from_s: float | None = None
    to_s: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MutedSound:
    """A stretch of sound; None: from its beginning, to its end."""

    from_s: float | None
    to_s: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CoveredWords:
    """Words that are covered wherever they stand in a record, in any case and with any ending."""

    words: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CoveredField:
    """A whole field of a record, by its key."""

    field: str
    reason: str = ""


Step = CoveredRegion | MutedSound | CoveredWords | CoveredField


@dataclass(frozen=True, slots=True)
class RedactionSteps:
    """All steps in their order, and why it is done at all."""

    steps: tuple[Step, ...]
    reason: str

    @property
    def regions(self) -> tuple[CoveredRegion, ...]:
        """The boxes alone."""
        return tuple(each for each in self.steps if isinstance(each, CoveredRegion))

    @property
    def sounds(self) -> tuple[MutedSound, ...]:
        """The muted stretches alone."""
        return tuple(each for each in self.steps if isinstance(each, MutedSound))

    @property
    def words(self) -> tuple[str, ...]:
        """The words alone."""
        return tuple(each.words for each in self.steps if isinstance(each, CoveredWords))

    @property
    def fields(self) -> tuple[str, ...]:
        """The whole fields alone."""
        return tuple(each.field for each in self.steps if isinstance(each, CoveredField))


def open_geometry(step: Step) -> dict[str, Any]:
    """What may be known of the step to everybody: where it is, never what is below it nor why."""
    if isinstance(step, CoveredRegion):
        return {
            "cover": "region",
            "page": step.page,
            "left": step.left,
            "top": step.top,
            "right": step.right,
            "bottom": step.bottom,
            "style": step.style.value,
            "from_s": step.from_s,
            "to_s": step.to_s,
        }
    if isinstance(step, MutedSound):
        return {"cover": "sound", "from_s": step.from_s, "to_s": step.to_s}
    return {"cover": "words"} if isinstance(step, CoveredWords) else {"cover": "field", "field": step.field}


def read_steps(content: bytes | str) -> RedactionSteps:
    """Read ``{"reason": ..., "steps": [...]}``; raises `RedactionStepsError`."""
    try:
        found = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise RedactionStepsError("the steps", "JSON (RFC 8259) in UTF-8", str(problem)) from problem
    return steps_of(found)


def steps_of(found: Any) -> RedactionSteps:
    """The same of values in hand."""
    if not isinstance(found, Mapping) or not {"reason", "steps"} >= set(found) or "steps" not in found:
        raise RedactionStepsError("the steps", "an object with reason and steps", repr(found))
    rows = found["steps"]
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_STEPS:
        expected = f"a list of 1 to {MOST_STEPS}"
        raise RedactionStepsError("steps", expected, repr(rows) if not isinstance(rows, list) else str(len(rows)))
    steps = tuple(_step(row, f"steps[{number}]") for number, row in enumerate(rows))
    return RedactionSteps(steps, _reason(found, "the steps", required=True))


def _step(row: Any, place: str) -> Step:
    cover = row.get("cover") if isinstance(row, Mapping) else None
    readers: dict[str, Callable[[Mapping[str, Any], str], Step]] = {
        "region": _region,
        "sound": _sound,
        "words": _words,
        "field": _field,
    }
    if not isinstance(cover, str) or cover not in readers:
        raise RedactionStepsError(place, f"an object with cover: one of {', '.join(readers)}", repr(row))
    unknown = set(row) - KEYS[cover]
    if unknown:
        raise RedactionStepsError(place, f"no key besides {', '.join(sorted(KEYS[cover]))}", str(min(unknown)))
    return readers[cover](row, place)


KEYS: Final[Mapping[str, frozenset[str]]] = {
    "region": frozenset(("cover", "page", "left", "top", "right", "bottom", "style", "from_s", "to_s", "reason")),
    "sound": frozenset(("cover", "from_s", "to_s", "reason")),
    "words": frozenset(("cover", "words", "reason")),
    "field": frozenset(("cover", "field", "reason")),
}


def _region(row: Mapping[str, Any], place: str) -> CoveredRegion:
    sides = {name: _fraction(row, name, place) for name in ("left", "top", "right", "bottom")}
    if not (sides["left"] < sides["right"] and sides["top"] < sides["bottom"]):
        raise RedactionStepsError(place, "left before right and top before bottom", repr(sides))
    page = row.get("page", 1)
    if not isinstance(page, int) or isinstance(page, bool) or not 1 <= page <= MOST_PAGES:
        raise RedactionStepsError(f"{place}.page", f"a number from 1 to {MOST_PAGES}", repr(page))
    style = row.get("style", CoverStyle.BLACK.value)
    if style not in set(CoverStyle):
        raise RedactionStepsError(f"{place}.style", f"one of {', '.join(CoverStyle)}", repr(style))
    from_s, to_s = _span(row, place)
    return CoveredRegion(
        **sides, style=CoverStyle(style), page=page, from_s=from_s, to_s=to_s, reason=_reason(row, place)
    )


def _sound(row: Mapping[str, Any], place: str) -> MutedSound:
    return MutedSound(*_span(row, place), _reason(row, place))


def _words(row: Mapping[str, Any], place: str) -> CoveredWords:
    words = _text(row, "words", place, LONGEST_WORDS)
    if not any(letter.isalnum() for letter in words):
        raise RedactionStepsError(f"{place}.words", "at least one letter or digit", repr(words))
    return CoveredWords(words, _reason(row, place))


def _field(row: Mapping[str, Any], place: str) -> CoveredField:
    return CoveredField(_text(row, "field", place, LONGEST_WORDS), _reason(row, place))


def _text(row: Mapping[str, Any], name: str, place: str, longest: int) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= longest:
        raise RedactionStepsError(f"{place}.{name}", f"a text of 1 to {longest} characters", repr(value))
    return value.strip()


def _reason(row: Mapping[str, Any], place: str, *, required: bool = False) -> str:
    value = row.get("reason") or ""
    if not isinstance(value, str) or len(value) > LONGEST_REASON or (required and not value.strip()):
        expected = f"why it is covered, at most {LONGEST_REASON} characters"
        raise RedactionStepsError(f"{place}.reason", expected, repr(value))
    if not " ".join(value.split()).isprintable():
        raise RedactionStepsError(f"{place}.reason", "a text without control characters", repr(value))
    return " ".join(value.split())


def _fraction(row: Mapping[str, Any], name: str, place: str) -> float:
    value = _number(row.get(name))
    if value is None or not 0 <= value <= 1:
        raise RedactionStepsError(f"{place}.{name}", "a fraction of the side, from 0 to 1", repr(row.get(name)))
    return round(value, PLACES)


def _span(row: Mapping[str, Any], place: str) -> tuple[float | None, float | None]:
    found: list[float | None] = []
    for name in ("from_s", "to_s"):
        value = row.get(name)
        seconds = None if value is None else _number(value)
        if value is not None and (seconds is None or not 0 <= seconds <= LONGEST_SECONDS):
            raise RedactionStepsError(f"{place}.{name}", "seconds from the beginning, or null", repr(value))
        found.append(None if seconds is None else round(seconds, 3))
    if found[0] is not None and found[1] is not None and found[0] >= found[1]:
        raise RedactionStepsError(place, "from_s before to_s", f"{found[0]} and {found[1]}")
    return found[0], found[1]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _no_number(constant: str) -> Any:
    raise ValueError(f"the number {constant}")
