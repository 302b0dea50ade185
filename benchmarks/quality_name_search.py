"""How well names are found in other spellings, and others kept apart: figures of docs/quality.md.

Run: ``python -m benchmarks.quality_name_search [--half open] [--noise] [--misses]``. Each spelling of the
gold (`tests/fixtures/name_spellings`) is a document, each name a question, asked as the search asks:
documents with the question's keys, ordered by what `processors.name_search.matching` says of each. With
``--noise`` the spellings of the other half are documents too, and for every person twelve namesakes with
other given names, and 10,000 other names.
"""

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from processors.name_search.given_forms import names_of_nominative
from processors.name_search.keys import name_keys, question_of
from processors.name_search.matching import NameMatch, explain

GOLD = Path(__file__).parent.parent / "tests" / "fixtures" / "name_spellings"
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Document:
    """One spelling of the gold."""

    person: str
    wording: str
    kind: str
    language: str
    ambiguous_with: frozenset[str]
    keys: frozenset[str]


@dataclass(slots=True)
class Figures:
    """Counts over one half, and what went wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of a person's own documents among the first 20, over all persons."""
        return self.counts["found"] / self.counts["documents"]

    @property
    def confusions(self) -> float:
        """Share of documents of others to be kept apart that are called the same name."""
        return self.counts["confused"] / self.counts["others"]


def persons(half: str, folder: Path = GOLD) -> list[dict[str, Any]]:
    """The gold of a half."""
    return [json.loads(line) for line in (folder / half / "gold.jsonl").read_text("utf-8").splitlines()]


def documents(people: list[dict[str, Any]]) -> list[Document]:
    """Every spelling as a document: of cases the sentence."""
    return [
        Document(
            person["id"],
            wording := variant.get("sentence") or variant["text"],
            variant["kind"],
            person["language"],
            frozenset(variant.get("ambiguous_with", ())),
            name_keys(wording).terms,
        )
        for person in people
        for variant in person["variants"]
    ]


GIVEN = """
Алег Андрэй Барыс Валерый Віктар Глеб Даніла Ягор Зміцер Ігар Кірыл Леанід Максім Мікалай Павел Раман Сяргей
Тарас Уладзімір Фёдар Юрый Яўген Алена Ганна Вера Вольга Галіна Дар'я Зінаіда Ірына Кацярына Людміла Марыя
Надзея Раіса Святлана Таццяна Юлія
"""
STEMS = """
Авечк Аржан Бабоўн Барабол Венік Вятрак Гарбуз Грабл Дровен Жоўн Замоч Іржышч Калач Карытн Ліхтар Лапат Малатк
Нажніц Аконн Патэльн Рукавіц Самавар Сітн Талерк Вугальн Фартух Халадз Цыбульк Чарніл Шарсцян Шыпшын Яблычн
"""
ENDINGS = ("овіч", "енка", "скі", "оў", "ін", "ук", "эвіч", "ік", "ец", "аў")


def noise(people: list[dict[str, Any]]) -> list[Document]:
    """Namesakes of everybody with other given names, and other names."""
    made: list[str] = []
    for place, person in enumerate(people):
        own, surname = names_of_nominative(person["name"].split()[0]), person["name"].split()[-1]
        others = [name for name in GIVEN.split() if not names_of_nominative(name) & own]
        made += [f"{others[(place + 3 * step) % len(others)]} {surname}" for step in range(12)]
    some = (f"{given} {stem}{ending}" for given, stem, ending in product(GIVEN.split(), STEMS.split(), ENDINGS))
    made += list(some)[:10_000]
    return [Document("", name, "noise", "", frozenset(), name_keys(name).terms) for name in made]


class Corpus:
    """Documents by their keys."""

    def __init__(self, found: list[Document]) -> None:
        self.documents = found
        self._by_key: dict[str, set[int]] = {}
        for place, document in enumerate(found):
            for key in document.keys:
                self._by_key.setdefault(key, set()).add(place)

    def with_keys(self, groups: tuple[frozenset[str], ...]) -> list[Document]:
        """Documents that have a key of each group."""
        sets = [set[int]().union(*(self._by_key.get(key, set()) for key in group)) for group in groups]
        return [self.documents[place] for place in sorted(set.intersection(*sets))] if sets else []


def answers(query: str, corpus: Corpus) -> list[tuple[Document, NameMatch]]:
    """The documents that answer, best first."""
    hits = corpus.with_keys(question_of(query).required)
    found = [(each, match) for each in hits if (match := explain(query, each.wording)) is not None]
    return sorted(found, key=lambda pair: (not pair[1].same, -pair[1].score))


def measure(half: str, folder: Path = GOLD, *, with_noise: bool = False) -> Figures:
    """Ask every name of a half."""
    people = persons(half, folder)
    own = documents(people)
    others = (
        documents(persons("sealed" if half == "open" else "open", folder)) + noise(people) if with_noise else []
    )
    corpus = Corpus(own + others)
    figures = Figures()
    for person in people:
        _compare(person, answers(person["name"], corpus), own, figures)
    return figures


def _compare(
    person: dict[str, Any], found: list[tuple[Document, NameMatch]], corpus: list[Document], figures: Figures
) -> None:
    shown = [document for document, _ in found[:SHOWN]]
    for document in corpus:
        if document.person == person["id"]:
            figures.counts.update(("documents", f"documents {person['language']}"))
            if document in shown:
                figures.counts.update(("found", f"found {person['language']}"))
            else:
                figures.misses.append(f"missed: {person['name']} | {document.kind} | {document.wording}")
        elif _is_kept_apart(person, document):
            figures.counts["others"] += 1
    for document, match in found:
        if not match.same or document.person == person["id"]:
            continue
        if _is_kept_apart(person, document):
            figures.counts["confused"] += 1
            reasons = ", ".join(reason.name for reason in match.reasons)
            figures.misses.append(f"confused: {person['name']} | {document.wording} | {reasons}")
        elif document.person not in person["must_not_match"]:
            figures.counts["strangers"] += 1


def _is_kept_apart(person: dict[str, Any], document: Document) -> bool:
    return document.person in person["must_not_match"] and person["id"] not in document.ambiguous_with


def report(half: str, *, with_noise: bool, misses: bool) -> None:
    """Print the figures of a half."""
    began = time.perf_counter()
    figures = measure(half, with_noise=with_noise)
    seconds = time.perf_counter() - began
    counts = figures.counts
    print(
        f"{half}: {counts['found']} of {counts['documents']} documents among the first {SHOWN}"
        f" ({figures.recall:.3f}); {counts['confused']} of {counts['others']} documents of others called the same"
        f" ({figures.confusions:.3f}); {counts['strangers']} of strangers; {seconds:.1f} s"
    )
    languages = sorted(key.split()[1] for key in counts if key.startswith("documents "))
    print(
        "  by the person's language: "
        + ", ".join(f"{each} {counts[f'found {each}'] / counts[f'documents {each}']:.3f}" for each in languages)
    )
    if misses and half == "sealed":
        print("  The sealed half shows no single names (tests/fixtures/name_spellings/README.md).")
    for miss in figures.misses if misses and half == "open" else ():
        print("   ", miss)


if __name__ == "__main__":
    report(
        sys.argv[sys.argv.index("--half") + 1] if "--half" in sys.argv else "open",
        with_noise="--noise" in sys.argv,
        misses="--misses" in sys.argv,
    )
