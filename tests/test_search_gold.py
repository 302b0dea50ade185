"""The invented names and the forms of words, by which the search is measured, are as their READMEs say."""

import csv
import json
import re
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parent / "fixtures"

HALVES = ("open", "sealed")
WORD_FILES = ("belarusian", "belarusian_taraskievica", "ukrainian", "polish", "lithuanian")
PERSONS_OF_A_HALF = {"be": 34, "ru": 18, "uk": 18, "pl": 12, "lt": 12, "en": 6}
KINDS = {
    "language",
    "romanisation",
    "orthography",
    "case",
    "initials_before",
    "initials_after",
    "surname_first",
    "patronymic_added",
    "patronymic_dropped",
    "middle_name_dropped",
    "short_given",
}


@cache
def persons_of(half: str) -> list[dict[str, Any]]:
    lines = (FIXTURES / "name_spellings" / half / "gold.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@cache
def words_of(half: str, file: str) -> list[dict[str, str]]:
    with (FIXTURES / "word_forms" / half / f"{file}.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def group_of(word: dict[str, str]) -> list[str]:
    return [word["lemma"], *word["forms"].split()]


def words_in_two_scripts(text: str) -> list[str]:
    """The words with letters of more than one script, as a Latin "o" among Cyrillic letters is."""
    return [
        word
        for word in re.findall(r"[^\W\d_]+", text)
        if len({unicodedata.name(letter).split()[0] for letter in word}) > 1
    ]


@pytest.mark.parametrize("half", HALVES)
def test_a_half_has_100_persons_of_six_languages_numbered_in_order(half: str) -> None:
    expected = [
        f"{half}-{language}-{number:02}"
        for language, count in PERSONS_OF_A_HALF.items()
        for number in range(1, count + 1)
    ]

    assert [person["id"] for person in persons_of(half)] == expected
    assert len({person["name"] for person in persons_of(half)}) == 100


def test_no_surname_stands_in_both_halves() -> None:
    open_half, sealed_half = ({person["name"].split()[-1] for person in persons_of(half)} for half in HALVES)

    assert open_half & sealed_half == set()


@pytest.mark.parametrize("half", HALVES)
def test_who_must_be_kept_apart_is_in_the_same_half_and_says_so_too(half: str) -> None:
    apart = {person["id"]: set(person["must_not_match"]) for person in persons_of(half)}

    assert [one for one, others in apart.items() if not others or one in others] == []
    assert [(one, other) for one, others in apart.items() for other in others if one not in apart[other]] == []


@pytest.mark.parametrize("half", HALVES)
def test_a_person_has_four_to_eight_different_spellings_of_kinds_in_the_readme(half: str) -> None:
    for person in persons_of(half):
        texts = [variant["text"] for variant in person["variants"]]

        assert 4 <= len(texts) <= 8, person["id"]
        assert all(text.strip() == text != "" for text in texts), person["id"]
        assert max(Counter([person["name"], *texts]).values()) == 1, person["id"]
        assert {variant["kind"] for variant in person["variants"]} <= KINDS, person["id"]


@pytest.mark.parametrize("half", HALVES)
def test_a_case_has_a_sentence_with_the_name_and_no_other_spelling_has_one(half: str) -> None:
    variants = [variant for person in persons_of(half) for variant in person["variants"]]
    cases = [variant for variant in variants if variant["kind"] == "case"]

    assert {variant["case"] for variant in cases} == {"genitive", "dative", "instrumental", "possessive"}
    assert [variant for variant in cases if variant["text"] not in variant["sentence"]] == []
    assert [
        variant for variant in variants if variant["kind"] != "case" and variant.keys() & {"case", "sentence"}
    ] == []


@pytest.mark.parametrize("half", HALVES)
def test_a_spelling_is_ambiguous_only_with_persons_to_be_kept_apart(half: str) -> None:
    ambiguous = [
        (set(variant["ambiguous_with"]), set(person["must_not_match"]))
        for person in persons_of(half)
        for variant in person["variants"]
        if "ambiguous_with" in variant
    ]

    assert ambiguous
    assert [others for others, apart in ambiguous if not others or not others <= apart] == []


@pytest.mark.parametrize("half", HALVES)
def test_a_spelling_that_two_persons_share_names_both(half: str) -> None:
    bearers: dict[str, list[str]] = {}
    for person in persons_of(half):
        for variant in person["variants"]:
            bearers.setdefault(variant["text"], []).append(person["id"])

    for person in persons_of(half):
        for variant in person["variants"]:
            others = set(bearers[variant["text"]]) - {person["id"]}
            assert others <= set(variant.get("ambiguous_with", [])), (person["id"], variant["text"])


@pytest.mark.parametrize("half", HALVES)
def test_no_word_of_a_name_is_written_in_two_scripts(half: str) -> None:
    texts = [
        text
        for person in persons_of(half)
        for text in (person["name"], *(variant["text"] for variant in person["variants"]))
    ]

    assert [text for text in texts if words_in_two_scripts(text)] == []


@pytest.mark.parametrize("file", WORD_FILES)
def test_both_halves_have_as_many_words_and_none_of_them_twice(file: str) -> None:
    open_half, sealed_half = ([word["lemma"] for word in words_of(half, file)] for half in HALVES)

    assert len(open_half) == len(sealed_half)
    assert max(Counter(open_half + sealed_half).values()) == 1


def test_there_are_more_than_150_belarusian_words() -> None:
    assert sum(len(words_of(half, "belarusian")) for half in HALVES) == 164


@pytest.mark.parametrize("file", WORD_FILES)
@pytest.mark.parametrize("half", HALVES)
def test_a_word_has_four_to_ten_forms_that_no_other_word_of_its_file_has(half: str, file: str) -> None:
    groups = [group_of(word) for word in words_of(half, file)]

    assert [group for group in groups if not 4 <= len(group) <= 10] == []
    assert [form for form, count in Counter(form for group in groups for form in group).items() if count > 1] == []
    assert [form for group in groups for form in group if words_in_two_scripts(form)] == []


@pytest.mark.parametrize("file", WORD_FILES)
@pytest.mark.parametrize("half", HALVES)
def test_look_alikes_and_relatives_are_words_of_the_file_and_name_each_other(half: str, file: str) -> None:
    words = {word["lemma"]: word for word in words_of(half, file)}
    apart = {(word["lemma"], other) for word in words.values() for other in word["apart_from"].split()}
    related = {(word["lemma"], other) for word in words.values() for other in word["related"].split()}

    assert apart
    assert apart & related == set()
    assert [(one, other) for one, other in apart if one not in words[other]["apart_from"].split()] == []
    assert [(one, other) for one, other in related if one not in words[other]["related"].split()] == []
