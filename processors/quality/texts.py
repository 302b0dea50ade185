"""How like two texts are: the share of pairs of neighbouring words that both have.

In: two texts. Out: 0 to 1, None where neither has a word. Equal words in equal order are 1; symmetric. Pairs
keep the order without a search for the best alignment, whose time grows with the square of the length. Source:
the coefficient of Dice (1945), of multisets.
"""

from collections import Counter
from itertools import pairwise


def text_likeness(one: str, other: str) -> float | None:
    """Twice the pairs in common, by all pairs."""
    ours, theirs = _pairs(one), _pairs(other)
    if not ours and not theirs:
        return None
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())


def _pairs(text: str) -> Counter[tuple[str | None, str | None]]:
    """Neighbouring words; the first has the beginning before it, and the last the end behind it."""
    words = text.split()
    return Counter(pairwise([None, *words, None])) if words else Counter()
