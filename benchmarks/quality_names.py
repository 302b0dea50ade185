"""How well names and roles are read from the invented texts about trials: figures of docs/quality.md.

Run: ``python -m benchmarks.quality_names [--half open] [--misses]``. A person counts as found where role and
wording are those of the gold, and as right in the nominative where our form is its name or one of its
alternatives; where the gold itself has alternatives, ours may be undecided between them. Persons of the role
``other`` are not looked for.
"""

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from processors.names.reading import persons_of_text
from processors.names.roles import NamedPerson

TEXTS = Path(__file__).parent.parent / "tests" / "fixtures" / "trial_texts"
OFFICIALS = frozenset(
    ("judge", "presiding_judge", "panel_member", "prosecutor", "clerk", "investigator", "defence_lawyer")
)
LANGUAGES = ("be", "ru", "uk", "en")


@dataclass(slots=True)
class Score:
    """Counts over one language; ``officials`` are those of the roles in office."""

    counts: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)

    def share(self, part: str, whole: str) -> float:
        """One count as a share of another, 1 where there is nothing."""
        return self.counts[part] / self.counts[whole] if self.counts[whole] else 1.0


def measure(half: str, language: str, folder: Path = TEXTS) -> Score:
    """Read every text of a file and compare."""
    score = Score()
    for text in yaml.safe_load((folder / half / f"{language}.yaml").read_text("utf-8")):
        _compare(text, persons_of_text(text["text"], language), score)
    return score


def _compare(text: dict[str, Any], found: tuple[NamedPerson, ...], score: Score) -> None:
    gold = [person for person in text["persons"] if person["role"] != "other"]
    left = list(gold)
    for person in found:
        official = person.role in OFFICIALS
        score.counts["said"] += 1
        score.counts["said_officials"] += official
        match = next((each for each in left if _is(each, person)), None)
        if match is None:
            score.misses.append(f"{text['id']} wrong: {person.role} {person.wording!r} ({person.role_raw!r})")
            continue
        left.remove(match)
        score.counts["right"] += 1
        score.counts["right_officials"] += official
        score.counts["named_right"] += _named_right(match, person)
        if not _named_right(match, person):
            ours = person.name.nominative or person.name.alternatives
            score.misses.append(f"{text['id']} name: {person.wording!r} is {match['name']!r}, read {ours!r}")
    score.counts["gold"] += len(gold)
    score.counts["gold_officials"] += sum(person["role"] in OFFICIALS for person in gold)
    score.misses += [f"{text['id']} missed: {each['role']} {each['wording']!r}" for each in left]


def _is(gold: dict[str, Any], person: NamedPerson) -> bool:
    wordings = {_plain(each) for each in (gold["wording"], *gold.get("also", ()))}
    return gold["role"] == person.role and _plain(person.wording) in wordings


def _plain(text: str) -> str:
    return " ".join(text.split())


def _named_right(gold: dict[str, Any], person: NamedPerson) -> bool:
    forms = {gold["name"], *(each["name"] for each in gold.get("alternatives", ()))}
    if person.name.nominative is not None:
        return person.name.nominative in forms
    return len(forms) > 1 and gold["name"] in person.name.alternatives


def report(half: str, *, misses: bool) -> None:
    """Print the figures of a half."""
    for language in LANGUAGES:
        score = measure(half, language)
        shares = {
            "officials: precision": score.share("right_officials", "said_officials"),
            "recall": score.share("right_officials", "gold_officials"),
            "all roles: precision": score.share("right", "said"),
            "recall of all": score.share("right", "gold"),
            "names in the nominative": score.share("named_right", "right"),
        }
        print(f"{language} {half}: " + ", ".join(f"{name} {share:.3f}" for name, share in shares.items()))
        for miss in score.misses if misses else ():
            print("   ", miss)


if __name__ == "__main__":
    report(
        sys.argv[sys.argv.index("--half") + 1] if "--half" in sys.argv else "open", misses="--misses" in sys.argv
    )
