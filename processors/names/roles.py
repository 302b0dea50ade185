"""Which part the persons named in a text have in a trial, by the words beside their names.

In: text in Belarusian, Russian or Ukrainian. Out: `NamedPerson`s, each with the role, the words that give it, and
the name in the nominative. A role is given by a noun in front of the name ("пракурор раёна Дзятлік"), behind it
("Незабудко, судья"), by a verb ("приговор вынес"), or by what is done to the person ("в отношении", "супраць"). A
name without such words beside it is left out: precision goes before recall. Pure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from processors.names.cue_words import (
    DEFENCE,
    DEFENDANT,
    JUDGE,
    MEMBER,
    OTHER,
    PRESIDING,
    PROSECUTOR,
    CueForm,
    cue_forms,
)
from processors.names.declension import CASES, Case, Language
from processors.names.given_names import GIVEN_NAMES
from processors.names.mentions import UPPER, WORD, Mention, has_given_name, mentions_in
from processors.names.nominative import likely_cases, likely_gender, name_of
from processors.names.person_name import PersonName
from processors.names.trial_phrases import (
    ALL,
    AS,
    BEHIND,
    BEING,
    BENCH,
    DAT,
    GAP,
    GENACC,
    INS,
    JOINT,
    LAY,
    LOOSE_GAP,
    MAN,
    NO_NAMES,
    NOM,
    OBJECT,
    PHRASES,
    SENTENCED,
    TERM,
    WOMAN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPerson:
    """A person whom a text names; ``role_raw`` are the words that give the role."""

    role: str
    wording: str
    role_raw: str | None
    name: PersonName
    start: int = 0
    one_of_several: bool = False


@dataclass(frozen=True, slots=True)
class _Cue:
    start: int
    end: int
    role: str
    cases: frozenset[Case]
    plural: bool = False
    single: frozenset[Case] = frozenset()
    kind: str = "noun"


_COMMITTEE: Final = re.compile(r"\s+(?:камітэт|комитет|комітет)", re.IGNORECASE)
"""Behind the word for an investigator: it is a part of the name of the Investigative Committee."""
_OF_CLIENT: Final = re.compile(rf"\s+{WORD}\s+")
"""Between a lawyer's title and name: whose lawyer it is, by a surname."""


_NAME_NEXT: Final = re.compile(rf"[{UPPER}][^\s,.;:]+")
_AND: Final = re.compile(r"\s(?:и|і|й|ды|та)\s+$")


def _covers(cue: _Cue, mention: Mention) -> bool:
    """Whether the name is a part of the words of a role; between a verb and its object others may be named."""
    if cue.kind == "weak" or not cue.start <= mention.start < cue.end:
        return False
    return cue.kind != "verb" or mention.single or mention.start == cue.start


@cache
def _lexicon(language: Language) -> dict[str, tuple[CueForm, ...]]:
    return cue_forms(language)


_PHRASE_PATTERNS: Final = tuple(
    (re.compile(rf"(?<![\w-])(?:{pattern})(?!\w)", re.IGNORECASE), role, cases, plural, kind)
    for pattern, role, cases, plural, kind in PHRASES
)
_ANY_WORD: Final = re.compile(r"[^\W\d_]+(?:[-'’ʼ][^\W\d_]+)*\.?")


_WRAPPED: Final = re.compile(r"(?<=[^\n]{55}[^\n.!?:;|»])\n(?=\S)")
"""The end of a line in running text, where a word would have stood beyond the margin."""


def persons_in_text(text: str, language: Language) -> tuple[NamedPerson, ...]:
    """Whoever the text names with a part in a trial, in order."""
    text = _WRAPPED.sub(" ", text)
    lexicon = _lexicon(language)
    cues = _cues(text, lexicon)
    mentions = [
        each
        for each in mentions_in(text, language, lambda word: _is_no_name(word, lexicon))
        if not any(_covers(cue, each) for cue in cues)
    ]
    found: list[NamedPerson] = []
    last: tuple[Mention, _Cue] | None = None
    bench = BENCH.search(text) is not None
    lay = LAY.search(text) is not None
    for number, mention in enumerate(mentions):
        cue = _cue_of(text, mention, cues, language)
        if cue is None and last is not None and _continues(text, last[0], mention, last[1]):
            cue = last[1]
        behind = _behind(text, mention, cues, mentions[number + 1 :], language)
        presides = behind is not None and behind.role == PRESIDING
        if (summoned_as := _named_as(text, mention, cues, cue)) is not None:
            cue = summoned_as
        last = None if cue is None else (mention, cue)
        if behind is not None and (
            cue is None
            or presides
            or (cue.role == OTHER and cue.kind != "former" and behind.kind == "term")
            or (cue.kind == "weak" and cue.role == DEFENDANT and behind.role != OTHER)
        ):
            last = last if presides and last is not None else (mention, behind)
            cue = behind
        if cue is None or cue.role == OTHER:
            continue
        if mention.single and not _may_be_alone(text, mention, cue, language):
            continue
        if cue.kind == "weak" and not mention.initials and not has_given_name(mention.wording, language):
            continue
        found.append(_person(text, mention, cue, language))
    return _benched(tuple(found), bench=bench, lay=lay)


def _cues(text: str, lexicon: dict[str, tuple[CueForm, ...]]) -> list[_Cue]:
    found: list[_Cue] = []
    for pattern, role, cases, plural, kind in _PHRASE_PATTERNS:
        for match in pattern.finditer(text):
            head = cases
            if kind == "headed":
                first = _key(
                    match.group().split()[
                        -1 if "старш" in match.group().split()[0].casefold() and role == PROSECUTOR else 0
                    ]
                )
                first = _key(
                    next((w for w in match.group().split() if not w.casefold().startswith("старш")), first)
                )
                forms = lexicon.get(first)
                head = frozenset().union(*(form.cases for form in forms)) if forms else _by_ending(first)
            found.append(_Cue(match.start(), match.end(), role, head, plural, kind=kind))
    taken = [(cue.start, cue.end) for cue in found if cue.kind in ("headed", "verb", "prep", "noun", "former")]
    for match in _ANY_WORD.finditer(text):
        forms = lexicon.get(_key(match.group())) or lexicon.get(_key(match.group().rstrip(".")))
        if forms is None or any(start <= match.start() < end for start, end in taken):
            continue
        if _COMMITTEE.match(text, match.end()) is not None:
            continue
        cases = frozenset().union(*(form.cases for form in forms))
        end = match.end() - (1 if match.group().endswith(".") and _key(match.group()) not in lexicon else 0)
        found.append(
            _Cue(
                match.start(),
                end,
                forms[0].role,
                cases,
                any(f.plural for f in forms),
                single=frozenset().union(*(form.cases for form in forms if not form.plural)),
            )
        )
    whole = [cue for cue in found if cue.kind != "noun"]
    kept = [
        cue
        for cue in found
        if not any(
            o is not cue and o.start <= cue.start and cue.end <= o.end and o.end - o.start > cue.end - cue.start
            for o in whole
        )
    ]
    return sorted(kept, key=lambda cue: (cue.start, -cue.end))


def _by_ending(word: str) -> frozenset[Case]:
    if re.search(r"(?:ом|ем|ам|ём)$", word):
        return INS
    if re.search(r"(?:у|ю|ові|еві)$", word):
        return DAT
    if re.search(r"[ая]$", word) and not re.search(r"(?:ка|ця|ца|на)$", word):
        return GENACC | NOM
    return NOM if re.search(r"[^аеёиоуыэюяіїє]$", word) else ALL


def _key(word: str) -> str:
    return word.casefold().replace("ё", "е").replace("’", "'").replace("ʼ", "'")


def _is_no_name(word: str, lexicon: dict[str, tuple[CueForm, ...]]) -> bool:
    if _key(word) in lexicon:
        return True
    # a given name that is a word as well (Марта, Яна): a name where it has its capital
    is_name = word[0].isupper() and not word.isupper() and word.casefold() in GIVEN_NAMES
    return not is_name and NO_NAMES.fullmatch(word.rstrip(".")) is not None


def _cue_of(text: str, mention: Mention, cues: list[_Cue], language: Language) -> _Cue | None:
    """The role in front of the name: of the nearest words that agree with it, and of what stands before those."""
    before = [cue for cue in cues if cue.end <= mention.start and mention.start - cue.end < 110]
    if not before:
        return None
    possible = likely_cases(mention.wording, language)
    gender = likely_gender(mention.wording, language) if not mention.initials else None
    chosen: _Cue | None = None
    start = mention.start
    for cue in reversed(before):
        if chosen is not None and cue.end > start:
            continue
        between = text[cue.end : start]
        if ")" in between and ":" not in between and "(" not in between:
            break  # the words in brackets belong to the name before them
        loose = cue.kind == "weak" or (cue.kind in ("prep", "verb"))
        if "\n" in between.strip(" ") or re.search(r"[.!?…;]\s", _abbreviated_out(between)):
            break
        fits = GAP.fullmatch(between) is not None or (loose and LOOSE_GAP.fullmatch(between) is not None)
        if not fits and chosen is None and "ins" in cue.cases and BEING.fullmatch(between) is not None:
            chosen, start = replace(cue, cases=NOM), cue.start
            continue
        if not fits and cue.role == DEFENCE and chosen is None and _OF_CLIENT.fullmatch(between) is not None:
            fits = True
        if not fits and ((cue.role == OTHER and cue.kind == "noun") or cue.kind == "weak"):
            continue
        if not fits:
            break
        if chosen is None and cue.single and _goes_on(text, mention.end) is False:
            cue = replace(cue, cases=cue.single)  # of one person, "суддзі" is no nominative
        agreed = cue.cases & possible
        if (
            chosen is None
            and cue.kind == "noun"
            and gender is not None
            and _gender_of(text[cue.start : cue.end], cue.role) not in (None, gender)
        ):
            agreed = frozenset()
        if chosen is None:
            if (
                not agreed
                and cue.kind in ("noun", "headed", "weak", "verb")
                and ":" not in between
                and "—" not in between
            ):
                if cue.kind in ("noun", "weak"):
                    start = (
                        cue.start
                    )  # "адвокат подсудимой Лука": the lawyer's name follows what he is the lawyer of
                    continue
                break
            chosen = replace(
                cue, cases=agreed or cue.cases if ":" not in between and "—" not in between else (cue.cases | NOM)
            )
            start = cue.start
            continue
        if cue.kind == "former":
            chosen = replace(chosen, role=OTHER) if chosen.role in (JUDGE, PROSECUTOR, "investigator") else chosen
        elif cue.kind == "prep" and cue.role == PRESIDING and chosen.role in (JUDGE, OTHER):
            chosen = replace(chosen, role=PRESIDING, start=cue.start, cases=cue.cases & chosen.cases or cue.cases)
        elif cue.role == PRESIDING and chosen.role == JUDGE:
            chosen = replace(
                chosen, role=PRESIDING, start=cue.start, cases=cue.cases & chosen.cases or chosen.cases
            )
        elif (
            cue.kind == "verb"
            and cue.role in (PRESIDING, PROSECUTOR, JUDGE)
            and chosen.role in (JUDGE, OTHER, PROSECUTOR)
        ):
            if (cue.role == PROSECUTOR) != (chosen.role == JUDGE):
                chosen = replace(chosen, role=cue.role, start=cue.start) if cue.role != JUDGE else chosen
        elif cue.cases & chosen.cases and cue.kind in ("noun", "headed"):
            if cue.role == OTHER and chosen.role in (DEFENCE, PROSECUTOR, JUDGE):
                pass
            elif cue.role != chosen.role:
                chosen = replace(chosen, role=cue.role, start=cue.start, cases=cue.cases & chosen.cases)
            else:
                chosen = replace(chosen, cases=cue.cases & chosen.cases)
        elif (
            chosen.role == OTHER
            and chosen.kind == "noun"
            and cue.role == DEFENDANT
            and cue.cases & possible
            and cue.kind in ("weak", "prep")
        ):
            chosen = replace(cue, cases=cue.cases & possible)
        elif cue.role == "victim" and cue.kind == "verb":
            chosen = replace(chosen, role="victim", start=cue.start)
        else:
            break
        start = cue.start
    return chosen


def _all_nominative(text: str, cue: _Cue, mention: Mention, language: Language) -> bool:
    """Whether the surnames of an enumeration, as far as the next one, are nominatives."""
    end = mention.end
    if (joint := JOINT.match(text, end)) is not None and (following := _NAME_NEXT.match(text, joint.end())):
        end = following.end()
    return all("nom" in likely_cases(name, language) for name in _NAME_NEXT.findall(text[cue.end : end]))


def _goes_on(text: str, place: int) -> bool:
    """Whether another name follows in the same breath."""
    joint = JOINT.match(text, place)
    return joint is not None and text[joint.end() : joint.end() + 1].isupper()


def _gender_of(word: str, role: str) -> str | None:
    """The gender of a role word that is an adjective."""
    if role not in (DEFENDANT, PRESIDING, "victim"):
        return None
    lower = word.casefold()
    return "m" if MAN.search(lower) else "f" if WOMAN.search(lower) else None


def _abbreviated_out(text: str) -> str:
    return re.sub(r"(?<!\w)(?:ст|суд|г|м|дзярж|нам|адв|гр|обл|кл|сл)\.", " ", text, flags=re.IGNORECASE)


def _continues(text: str, before: Mention, mention: Mention, cue: _Cue) -> bool:
    """Whether the name goes on an enumeration of persons in one role."""
    between = text[before.end : mention.start]
    if not (cue.plural or ":" in text[cue.end : before.start]):
        return False
    if mention.single and not before.single:
        return False
    return JOINT.fullmatch(between) is not None


def _behind(
    text: str, mention: Mention, cues: list[_Cue], later: Iterable[Mention], language: Language
) -> _Cue | None:
    """The role behind the name: "Незабудко, судья областного суда", or the term that somebody got."""
    tail = text[mention.end : mention.end + 80]
    if TERM.search(tail) is not None and not mention.single:
        return _Cue(mention.start, mention.start, DEFENDANT, ALL, kind="term")
    if (
        not mention.single
        and SENTENCED.search(tail) is not None
        and OBJECT & likely_cases(mention.wording, language)
    ):
        return _Cue(mention.start, mention.start, DEFENDANT, OBJECT, kind="term")
    mark = BEHIND.match(tail)
    if mark is None or mention.single:
        return None
    place = mention.end + mark.end()
    for cue in cues:
        if cue.start == place and cue.kind in ("noun", "headed") and "nom" in cue.cases and not cue.plural:
            if text[cue.end : cue.end + 1] == ")":
                return replace(cue, cases=ALL)
            following = next((each for each in later), None)
            if following is not None and GAP.fullmatch(text[cue.end : following.start]) is not None:
                return None  # the words belong to the next name
            return replace(cue, cases=ALL)
    return None


def _named_as(text: str, mention: Mention, cues: list[_Cue], before: _Cue | None) -> _Cue | None:
    """The part in which somebody is summoned or heard: "вызывает Петрова в качестве свидетеля"."""
    if mention.single or (mark := AS.match(text, mention.end)) is None:
        return None
    for cue in cues:
        if cue.start == mark.end() and cue.kind in ("noun", "headed") and "gen" in cue.cases:
            return replace(cue, cases=ALL if before is None else before.cases)
    return None


def _may_be_alone(text: str, mention: Mention, cue: _Cue, language: Language) -> bool:
    """Whether a single word is a surname: only close behind the word of a role."""
    if cue.kind not in ("noun", "headed", "verb") or cue.start >= mention.start:
        return False
    between = text[cue.end : mention.start]
    if (
        cue.role == DEFENCE
        and cue.plural
        and cue.kind == "noun"
        and ":" not in between
        and "—" not in between
        and not (
            (_goes_on(text, mention.end) or _AND.search(between)) and _all_nominative(text, cue, mention, language)
        )
    ):
        return False  # "адвокаты Подковы": of whom they are the lawyers
    if cue.kind == "verb" and cue.role == DEFENDANT:
        return False
    following = text[mention.end : mention.end + 20]
    if re.match(rf"\s+(?:суд|раён|район|област|вобласц|краю|гор|г\.|м\.)|-|\s*[»”\"]?\s*[{UPPER}]\w", following):
        return False
    if re.search(r"(?:ского|скага|ського|ской|скай|ської|ский|ський|скі)$", mention.wording) and re.match(
        r"\s+\w", following
    ):
        return False
    return len(between) < 24 or "," in between or cue.plural


def _person(text: str, mention: Mention, cue: _Cue, language: Language) -> NamedPerson:
    inside = text[cue.end : mention.start] if cue.end <= mention.start else ""
    cases = cue.cases | (NOM if ":" in inside or "—" in inside or "–" in inside else frozenset())
    name = name_of(
        mention.wording, language, [case for case in CASES if case in cases], surname_alone=mention.single
    )
    if name.nominative is None and not name.alternatives:
        name = name_of(mention.wording, language, surname_alone=mention.single)
    raw = text[cue.start : cue.end] if cue.end > cue.start else None
    return NamedPerson(
        role=cue.role,
        wording=mention.wording,
        role_raw=raw,
        name=name,
        start=mention.start,
        one_of_several=cue.plural,
    )


def _benched(found: tuple[NamedPerson, ...], *, bench: bool, lay: bool) -> tuple[NamedPerson, ...]:
    """Judges of a bench: who presides, and its members; each person once for each role."""
    presides = any(person.role == PRESIDING for person in found)
    judges = [person for person in found if person.role == JUDGE]
    made: list[NamedPerson] = []
    for person in found:
        role = person.role
        if role == JUDGE and presides and bench and len(judges) >= 1:
            role = MEMBER
        elif role == JUDGE and lay and len(judges) == 1:
            role = PRESIDING
        elif role == JUDGE and bench and person.one_of_several:
            role = MEMBER
        made.append(replace(person, role=role))
    once: dict[tuple[str, str], NamedPerson] = {}
    for person in made:
        once.setdefault((person.role, person.name.nominative or person.wording), person)
    return tuple(once.values())
