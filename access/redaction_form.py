"""What somebody wants covered, as the fields of a form have it, and as steps.

In: fields of a form. Out: `RedactionForm`, which a page shows again as it was sent, and of it steps as
`processors.redaction.steps` reads them. Places stand in the form in per cent, with a point or a comma. Raises
`RedactionFormError` for what is no number.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from access.rendering.translations import gettext

MOST_ROWS: Final = 60
"""Boxes, stretches of sound or words that a form may have, each; a file of steps may have more."""
ROW: Final = re.compile(r"[a-z-]+-([0-9]{1,9})")
"""The name of a field in a row: what it is, and the number of the row."""
ROWS_AT_FIRST: Final = 3
STYLES: Final = ("black", "grey", "blur")
SIDES: Final = ("left", "top", "right", "bottom")
FIELD: Final = "field:"
FIELDS_OF_ROW: Final = 12
"""How many fields a form has for each of its rows, at most."""


class RedactionFormError(ValueError):
    """A field of the form is not what it has to be; the sentence is for whoever filled it in."""


@dataclass(frozen=True, slots=True)
class BoxRow:
    """One box as it was written, in per cent of the sides; an empty text is nothing."""

    page: str = "1"
    left: str = ""
    top: str = ""
    right: str = ""
    bottom: str = ""
    style: str = "black"
    from_s: str = ""
    to_s: str = ""

    @property
    def is_filled(self) -> bool:
        """Whether it has any side."""
        return any((self.left, self.top, self.right, self.bottom))

    @property
    def place(self) -> tuple[float, float, float, float] | None:
        """Left, top, width and height as numbers; None where they are none, or make no box."""
        try:
            left, top, right, bottom = (_number(getattr(self, side), side) for side in SIDES)
        except RedactionFormError:
            return None
        return (left, top, right - left, bottom - top) if left < right and top < bottom else None


@dataclass(frozen=True, slots=True)
class SoundRow:
    """A stretch of sound in seconds, as it was written."""

    from_s: str = ""
    to_s: str = ""


@dataclass(frozen=True, slots=True)
class RedactionForm:
    """Everything that was written; ``fields`` are keys of whole fields of a record."""

    boxes: tuple[BoxRow, ...] = ()
    sounds: tuple[SoundRow, ...] = ()
    all_sound: bool = False
    words: tuple[str, ...] = ()
    fields: frozenset[str] = frozenset()
    reason: str = ""

    def with_rows(self, more: int) -> "RedactionForm":
        """The same with so many empty rows of each kind at the end, as far as a form may have them."""

        def room(filled: int) -> int:
            return min(more, max(0, MOST_ROWS - filled))

        return RedactionForm(
            self.boxes + (BoxRow(),) * room(len(self.boxes)),
            self.sounds + (SoundRow(),) * room(len(self.sounds)),
            self.all_sound,
            self.words + ("",) * room(len(self.words)),
            self.fields,
            self.reason,
        )

    def steps(self) -> dict[str, Any]:
        """The steps; raises `RedactionFormError`."""
        if max(map(len, (self.boxes, self.sounds, self.words))) > MOST_ROWS:
            raise RedactionFormError(
                gettext(
                    "A form covers at most %(most)s boxes, stretches of sound or words. Nothing was covered or "
                    "kept. Remove some, or cover all of them with a file of steps and the command letapis redact.",
                    most=MOST_ROWS,
                )
            )
        rows: list[dict[str, Any]] = []
        for number, box in enumerate(self.boxes, start=1):
            if box.is_filled:
                name = gettext("Box %(number)s", number=number)
                rows.append(
                    {
                        "cover": "region",
                        "page": int(_number(box.page or "1", name)),
                        **{side: _number(getattr(box, side), name) / 100 for side in SIDES},
                        "style": box.style,
                        **_seconds(box.from_s, box.to_s, name),
                    }
                )
        if self.all_sound:
            rows.append({"cover": "sound"})
        for number, sound in enumerate(self.sounds, start=1):
            if sound.from_s or sound.to_s:
                name = gettext("Sound %(number)s", number=number)
                rows.append({"cover": "sound", **_seconds(sound.from_s, sound.to_s, name)})
        rows += [{"cover": "words", "words": each} for each in self.words if each]
        rows += [{"cover": "field", "field": each} for each in sorted(self.fields)]
        if not rows:
            raise RedactionFormError(
                gettext("Nothing is covered yet. Draw a box, or write what is to be covered.")
            )
        if not self.reason:
            raise RedactionFormError(gettext("Say why it is covered. The reason is kept under seal in custody."))
        return {"reason": self.reason, "steps": rows}


def form_of_fields(sent: Mapping[str, str]) -> RedactionForm:
    """The form as it was sent, without rows in which nothing stands."""
    fields = {name: value.strip() for name, value in sent.items()}
    numbers = sorted({int(row[1]) for name in fields if (row := ROW.fullmatch(name))})

    def text(name: str, number: int, usual: str = "") -> str:
        return fields.get(f"{name}-{number}", usual)

    boxes = [
        BoxRow(
            page=text("page", number, "1"),
            left=text("left", number),
            top=text("top", number),
            right=text("right", number),
            bottom=text("bottom", number),
            style=text("style", number, "black"),
            from_s=text("from", number),
            to_s=text("to", number),
        )
        for number in numbers
    ]
    sounds = [SoundRow(text("silent-from", number), text("silent-to", number)) for number in numbers]
    return RedactionForm(
        tuple(each for each in boxes if each.is_filled),
        tuple(each for each in sounds if each.from_s or each.to_s),
        fields.get("silent-all") == "true",
        tuple(each for number in numbers if (each := text("words", number))),
        frozenset(name.removeprefix(FIELD) for name in fields if name.startswith(FIELD)),
        fields.get("reason", ""),
    )


def _seconds(from_s: str, to_s: str, name: str) -> dict[str, float | None]:
    return {
        "from_s": _number(from_s, name) if from_s else None,
        "to_s": _number(to_s, name) if to_s else None,
    }


def _number(text: str, name: str) -> float:
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        words = gettext("%(name)s: expected a number, found “%(found)s”.", name=name, found=text[:40])
        raise RedactionFormError(words)
    return found
