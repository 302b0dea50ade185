"""Where a record stood in a file before parts of it were cut out, and where it stands since.

In: the cuts, in the order of the old file. Out: places, each an offset and, in a compressed member that several
records share, the decompressed bytes before the record there. Values alone: nothing is read here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Place = tuple[int, int | None]
"""Offset in the file, and ``within``: None of a record that has its place to itself."""


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """``length`` bytes of the old file from ``offset`` on, in whose place the new one has ``new_length``.

    ``inside``: the new bytes are the same compressed member without these parts of what it holds, counted in
    decompressed bytes; empty where nothing of the old bytes goes on.
    """

    offset: int
    length: int
    new_length: int
    inside: tuple["Cut", ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The cut as an entry of custody has it."""
        row: dict[str, Any] = {"offset": self.offset, "length": self.length, "new_length": self.new_length}
        return row | ({"inside": [each.as_json() for each in self.inside]} if self.inside else {})


def cut_of(row: Mapping[str, Any]) -> Cut:
    """The cut that `Cut.as_json` gave; raises ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
    numbers = row["offset"], row["length"], row["new_length"]
    if not all(isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in numbers):
        raise ValueError(f"cut: expected three whole numbers, found {row!r}")
    return Cut(*numbers, inside=tuple(cut_of(each) for each in row.get("inside", ())))


@dataclass(frozen=True, slots=True)
class PlaceMap:
    """The places of one file, from the old file to the new one and back."""

    cuts: tuple[Cut, ...] = ()

    def __post_init__(self) -> None:
        _require_order(self.cuts)

    def old(self, place: Place) -> Place | None:
        """Where a record of the new file stood in the old one; None of what was put in the place of others."""
        offset, within = place
        grown = 0
        for cut in self.cuts:
            start = cut.offset + grown
            if offset < start:
                break
            if cut.inside and offset == start:
                before = PlaceMap(cut.inside).old((within or 0, None))
                return None if before is None else (cut.offset, before[0])
            if offset < start + cut.new_length:
                return None
            grown += cut.new_length - cut.length
        return offset - grown, within

    def new(self, place: Place) -> Place | None:
        """Where a record of the old file stands in the new one; None where it was cut out.

        Whether it still shares its member is not told here: ``within`` is then a number all the same.
        """
        offset, within = place
        grown = 0
        for cut in self.cuts:
            if offset < cut.offset:
                break
            if cut.inside and offset == cut.offset:
                now = PlaceMap(cut.inside).new((within or 0, None))
                return None if now is None else (cut.offset + grown, now[0])
            if offset < cut.offset + cut.length:
                return None
            grown += cut.new_length - cut.length
        return offset + grown, within


def joined(cuts: Sequence[Cut]) -> tuple[Cut, ...]:
    """The cuts in order, those that touch as one: an entry of custody has room for few."""
    found: list[Cut] = []
    for cut in sorted(cuts):
        last = found[-1] if found else None
        if last is not None and not last.inside and not cut.inside and last.offset + last.length == cut.offset:
            found[-1] = Cut(last.offset, last.length + cut.length, last.new_length + cut.new_length)
        else:
            found.append(cut)
    return tuple(found)


def _require_order(cuts: Sequence[Cut]) -> None:
    end = 0
    for cut in cuts:
        if cut.offset < end:
            raise ValueError(f"cuts of a file: expected each behind the one before, found one at {cut.offset}")
        end = cut.offset + cut.length
