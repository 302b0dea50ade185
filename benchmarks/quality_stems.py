"""How well forms of a word find each other, and other words stay apart: figures of docs/quality.md.

Run: ``python -m benchmarks.quality_stems [--half open] [--misses]``, over the words of
`tests/fixtures/word_forms`.
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, product
from pathlib import Path

from processors.languages.detection import TextLanguage
from processors.languages.stems import stem

GOLD = Path(__file__).parent.parent / "tests" / "fixtures" / "word_forms"
LANGUAGES = {
    "belarusian": TextLanguage.BELARUSIAN,
    "belarusian_taraskievica": TextLanguage.CLASSICAL_BELARUSIAN,
    "ukrainian": TextLanguage.UKRAINIAN,
    "polish": TextLanguage.POLISH,
    "lithuanian": TextLanguage.LITHUANIAN,
}


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the gold with its forms and what it must be kept apart from."""

    lemma: str
    forms: tuple[str, ...]
    apart_from: frozenset[str]
    related: frozenset[str]
    stem_changes: bool

    @property
    def all_forms(self) -> tuple[str, ...]:
        """The lemma and its forms."""
        return tuple(dict.fromkeys((self.lemma, *self.forms)))


@dataclass(slots=True)
class Figures:
    """Counts of pairs, and the pairs that are wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)

    def share(self, part: str, whole: str) -> float:
        """One count as a share of another, 1 where there is nothing."""
        return self.counts[part] / self.counts[whole] if self.counts[whole] else 1.0


def words(half: str, name: str, folder: Path = GOLD) -> list[Word]:
    """The words of one file."""
    with (folder / half / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return [
            Word(
                row["lemma"],
                tuple(row["forms"].split()),
                frozenset((row["apart_from"] or "").split()),
                frozenset((row["related"] or "").split()),
                row["note"] == "stem_changes",
            )
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def measure(half: str, name: str, folder: Path = GOLD) -> Figures:
    """Stem every word of a file and compare the pairs."""
    figures = Figures()
    gold = words(half, name, folder)
    stems = {form: stem(form, LANGUAGES[name]) for word in gold for form in word.all_forms}
    for word in gold:
        for one, other in combinations(word.all_forms, 2):
            kinds = ("all", "all_changing") if word.stem_changes else ("all", "steady")
            figures.counts.update(kinds)
            if stems[one] == stems[other]:
                figures.counts.update(f"joined_{kind}" for kind in kinds)
            elif one == word.lemma:
                figures.misses.append(f"parted: {one} ({stems[one]}) | {other} ({stems[other]})")
    for one_word, other_word in combinations(gold, 2):
        named = other_word.lemma in one_word.apart_from or one_word.lemma in other_word.apart_from
        if not named and (other_word.lemma in one_word.related or one_word.lemma in other_word.related):
            continue
        kind = "named" if named else "others"
        pairs = list(product(one_word.all_forms, other_word.all_forms))
        apart = [pair for pair in pairs if stems[pair[0]] != stems[pair[1]]]
        figures.counts[kind] += len(pairs)
        figures.counts[f"apart_{kind}"] += len(apart)
        figures.misses += _joined(pairs, stems)
    return figures


def _joined(pairs: list[tuple[str, str]], stems: dict[str, str]) -> Iterator[str]:
    return (f"joined: {one} | {other} ({stems[one]})" for one, other in pairs if stems[one] == stems[other])


def report(half: str, *, misses: bool) -> None:
    """Print the figures of a half."""
    for name in LANGUAGES:
        figures = measure(half, name)
        print(
            f"{name} {half}: joined {figures.share('joined_all', 'all'):.3f}, without changing stems"
            f" {figures.share('joined_steady', 'steady'):.3f}; kept apart from look-alikes"
            f" {figures.share('apart_named', 'named'):.3f}, from other words"
            f" {figures.share('apart_others', 'others'):.4f}"
        )
        for miss in figures.misses if misses and half == "open" else ():  # the sealed half shows no single words
            print("   ", miss)


if __name__ == "__main__":
    report(
        sys.argv[sys.argv.index("--half") + 1] if "--half" in sys.argv else "open", misses="--misses" in sys.argv
    )
