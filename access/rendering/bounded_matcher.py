"""Compares two sequences like ``difflib``, in a time that hostile text cannot stretch.

In: two lists of words or lines. Out: the steps from one to the other, as ``SequenceMatcher.get_opcodes`` gives
them. ``difflib`` takes quadratic time, and cubic where somebody means it: each search for the longest match costs
as much as there are pairs of equal words in its range. Here each search is charged before it is made, and once
``MOST_STEPS`` are spent what is left counts as replaced: the steps stay true, only coarser, and ``coarse`` says
so. Pure.
"""

from collections import Counter
from collections.abc import Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate
from typing import Final

MOST_STEPS: Final = 4_000_000
"""Pairs of equal words looked at; about a second on one core (measured 2026-11-29)."""

SEARCHES: Final = 8
"""One search may cost this part of the steps; words too frequent for that match beside others only."""

Opcode = tuple[str, int, int, int, int]


class BoundedMatcher(SequenceMatcher[str]):
    """``coarse``: whether the steps were spent before all was compared."""

    def __init__(self, before: Sequence[str], after: Sequence[str], *, steps: int = MOST_STEPS) -> None:
        self.coarse = False
        self.steps = steps
        often = Counter(after)
        frequent = _frequent(Counter(before), often, steps // SEARCHES)
        self._cost = list(accumulate((1 if word in frequent else often[word] + 1 for word in before), initial=0))
        super().__init__(frequent.__contains__, before, after, autojunk=False)

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        """As ``difflib`` has it; nothing where it would cost more than is left."""
        end = len(self._cost) - 1 if ahi is None else ahi
        self.steps -= self._cost[end] - self._cost[alo]
        if self.steps < 0:
            self.coarse = True
            return Match(alo, blo, 0)
        return super().find_longest_match(alo, end, blo, bhi)


def steps_between(
    before: Sequence[str], after: Sequence[str], *, steps: int = MOST_STEPS
) -> tuple[list[Opcode], int]:
    """The steps from one to the other, and how much of ``steps`` is left (below 0: what is left was not compared).

    What is the same at both ends is taken off first, in linear time.
    """
    most = min(len(before), len(after))
    head = next((place for place in range(most) if before[place] != after[place]), most)
    tail = next((n for n in range(most - head) if before[-1 - n] != after[-1 - n]), most - head)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    matcher = BoundedMatcher(old, new, steps=steps)
    found: list[Opcode] = [("equal", 0, head, 0, head)] if head else []
    for step, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        found.append((step, old_from + head, old_to + head, new_from + head, new_to + head))
    if tail:
        found.append(("equal", len(before) - tail, len(before), len(after) - tail, len(after)))
    return joined_equals(found), matcher.steps


def _frequent(before: Counter[str], after: Counter[str], most: int) -> frozenset[str]:
    """The words to leave out, the most frequent first, until ``most`` pairs of equal words are left."""
    pairs = {word: count * after[word] for word, count in before.items() if word in after}
    left = sum(pairs.values())
    found = []
    for word in sorted(pairs, key=lambda each: -pairs[each]):
        if left <= most:
            break
        left -= pairs[word]
        found.append(word)
    return frozenset(found)


def joined_equals(steps: list[Opcode]) -> list[Opcode]:
    """The steps with neighbours that are equal made one."""
    joined: list[Opcode] = []
    for step in steps:
        if joined and step[0] == joined[-1][0] == "equal":
            last = joined.pop()
            step = ("equal", last[1], step[2], last[3], step[4])
        joined.append(step)
    return joined
