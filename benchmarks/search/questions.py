"""The questions of the benchmark: of one to four words, a phrase, a beginning, filters, facets, the newest first.

Words are drawn from records, so every question finds something.
"""

import random
from collections.abc import Sequence
from datetime import date

from benchmarks.search.material import COMMON, Made
from storage.search_index.question import SearchQuery

KINDS = (
    "a common word",
    "one word",
    "two words",
    "three words",
    "four words",
    "a phrase",
    "a phrase with a stop word",
    "a beginning",
    "a word, by kind and year",
    "a word, by source",
    "a word, the newest first",
    "the newest of all",
    "a word left out",
)


def questions(kind: str, made: Sequence[Made], count: int) -> list[SearchQuery]:
    """As many questions of this kind."""
    chance = random.Random(kind)
    return [_question(kind, chance.choice(made), chance) for _ in range(count)]


def _question(kind: str, record: Made, chance: random.Random) -> SearchQuery:
    words = [word.strip(".").lower() for word in record.text.split()[:-3]]
    place = chance.randrange(len(words) - 4)
    picked = chance.sample(words, 4)
    match kind:
        case "a common word":
            return SearchQuery(text=chance.choice([word for word in COMMON[record.language] if len(word) > 2]))
        case "one word":
            return SearchQuery(text=picked[0])
        case "two words":
            return SearchQuery(text=" ".join(picked[:2]))
        case "three words":
            return SearchQuery(text=" ".join(picked[:3]))
        case "four words":
            return SearchQuery(text=" ".join(picked))
        case "a phrase":
            return SearchQuery(text=f'"{" ".join(words[place : place + 3])}"')
        case "a phrase with a stop word":
            return SearchQuery(text=f'"{COMMON[record.language][6]} {COMMON[record.language][4]}"')
        case "a beginning":
            return SearchQuery(text=f"{max(picked, key=len)[:5]}*")
        case "a word, by kind and year":
            return SearchQuery(text=picked[0], kind=(record.kind,), since=date(int(record.dated[:4]), 1, 1))
        case "a word, by source":
            return SearchQuery(text=picked[0], source=(record.source,))
        case "a word, the newest first":
            return SearchQuery(text=picked[0], order="newest")
        case "the newest of all":
            return SearchQuery(kind=(record.kind,), order="newest")
        case "a word left out":
            return SearchQuery(text=f"{picked[0]} -{picked[1]}")
    raise ValueError(kind)
