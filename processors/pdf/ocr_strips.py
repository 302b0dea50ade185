"""Places of a picture laid one under another, so that each is read by itself in one go.

In: greys and boxes in pixels. Out: a picture of them all, and the way back for words found in it. Pure.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from processors.pdf.scan_cleanup import Greys
from processors.pdf.unruled_tables import Word

_WHITE = 255
_INK = 150
_LEAST_INK_PIXELS = 12
_APART_PIXELS = 24
# tesseract takes no picture of 32,767 pixels or more in height
_TALLEST_PIXELS = 32_000


@dataclass(frozen=True, slots=True)
class Strips:
    """``places``: of each strip its top in ``picture``, and the left and top it had, in pixels."""

    picture: Greys
    places: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, greys: Greys, boxes: Iterable[Sequence[int]]) -> Self:
        """The boxes that hold ink, in order, white around each; those beyond the tallest picture are left out."""
        cut = []
        for left, top, right, bottom in boxes:
            piece = greys[max(top, 0) : bottom, max(left, 0) : right]
            if int((piece < _INK).sum()) >= _LEAST_INK_PIXELS:
                cut.append((piece, max(left, 0), max(top, 0)))
        width = max((piece.shape[1] for piece, _, _ in cut), default=0) + 2 * _APART_PIXELS
        parts, places, height = [], [], 0
        for piece, left, top in cut:
            if height + piece.shape[0] + 2 * _APART_PIXELS > _TALLEST_PIXELS:
                break
            part = np.full((piece.shape[0] + 2 * _APART_PIXELS, width), _WHITE, dtype=np.uint8)
            part[_APART_PIXELS:-_APART_PIXELS, _APART_PIXELS : _APART_PIXELS + piece.shape[1]] = piece
            places.append((height, left, top))
            parts.append(part)
            height += part.shape[0]
        picture = np.concatenate(parts) if parts else np.full((1, width), _WHITE, dtype=np.uint8)
        return cls(picture, tuple(places))

    def put_back(self, words: Iterable[Word]) -> tuple[Word, ...]:
        """The words where they stood."""
        starts = [start for start, _, _ in self.places]
        found = []
        for word in words:
            place = bisect_right(starts, (word.top + word.bottom) / 2) - 1
            start, left, top = self.places[max(place, 0)]
            across, down = left - _APART_PIXELS, top - start - _APART_PIXELS
            found.append(
                Word(word.text, word.left + across, word.right + across, word.top + down, word.bottom + down)
            )
        return tuple(found)
