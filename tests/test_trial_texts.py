"""The invented texts about trials are as their README says: 25 a file, and each name stands in its text."""

import re
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

TEXTS = Path(__file__).parent / "fixtures" / "trial_texts"

HALVES = ("open", "sealed")
LANGUAGES = ("be", "en", "ru", "uk")
FILES = [(half, language) for half in HALVES for language in LANGUAGES]

KINDS = {"monitor", "news", "press_service", "court_list", "telegram"}
OFFICIALS = {"judge", "presiding_judge", "panel_member", "prosecutor", "clerk", "investigator", "defence_lawyer"}
ROLES = OFFICIALS | {"defendant", "victim", "witness", "expert", "interpreter", "other"}
PARTS = {"surname", "given", "patronymic"}


@cache
def texts_of(half: str, language: str) -> list[dict[str, Any]]:
    texts: list[dict[str, Any]] = yaml.safe_load((TEXTS / half / f"{language}.yaml").read_text("utf-8"))
    return texts


def persons_of(half: str, language: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(text, person) for text in texts_of(half, language) for person in text["persons"]]


def stands_alone(words: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


def words_of(name: str) -> list[str]:
    return sorted(name.replace(",", "").split())


@pytest.mark.parametrize(("half", "language"), FILES)
def test_a_file_has_25_different_texts_of_its_language_numbered_in_order(half: str, language: str) -> None:
    texts = texts_of(half, language)

    assert [text["id"] for text in texts] == [f"{language}-{half}-{number:02}" for number in range(1, 26)]
    assert {text["language"] for text in texts} == {language}
    assert len({text["text"] for text in texts}) == 25


@pytest.mark.parametrize(("half", "language"), FILES)
def test_a_text_has_the_keys_of_the_readme(half: str, language: str) -> None:
    expected = {"id", "language", "kind", "text", "persons"} | ({"orthography"} if language == "be" else set())
    texts = texts_of(half, language)

    assert [text["id"] for text in texts if set(text) != expected or text["kind"] not in KINDS] == []


@pytest.mark.parametrize(("half", "language"), FILES)
def test_a_person_has_the_keys_and_a_role_of_the_readme(half: str, language: str) -> None:
    needed = {"role", "wording", "name", "context"} | PARTS

    assert [
        (text["id"], person["wording"])
        for text, person in persons_of(half, language)
        if not needed <= set(person) <= needed | {"also", "alternatives"} or person["role"] not in ROLES
    ] == []


@pytest.mark.parametrize(("half", "language"), FILES)
def test_every_wording_and_context_stands_in_its_text(half: str, language: str) -> None:
    assert [
        (text["id"], words)
        for text, person in persons_of(half, language)
        for words in (person["wording"], person["context"], *person.get("also", ()))
        if words is not None and not stands_alone(words, text["text"])
    ] == []


@pytest.mark.parametrize(("half", "language"), FILES)
def test_the_parts_of_a_name_are_all_of_it(half: str, language: str) -> None:
    names = [
        (text["id"], name)
        for text, person in persons_of(half, language)
        for name in (person, *person.get("alternatives", ()))
    ]

    assert [
        (text_id, name["name"])
        for text_id, name in names
        if words_of(name["name"]) != words_of(" ".join(name[part] or "" for part in PARTS))
    ] == []


@pytest.mark.parametrize(("half", "language"), FILES)
def test_a_person_stands_once_for_a_role_and_no_alternative_is_the_name_itself(half: str, language: str) -> None:
    entries = [(text["id"], person["role"], person["name"]) for text, person in persons_of(half, language)]

    assert len(entries) == len(set(entries))
    assert [
        (text["id"], person["name"])
        for text, person in persons_of(half, language)
        if person["name"] in [alternative["name"] for alternative in person.get("alternatives", ())]
    ] == []


@pytest.mark.parametrize(("half", "language"), FILES)
def test_some_texts_name_no_official(half: str, language: str) -> None:
    without = [
        text["id"]
        for text in texts_of(half, language)
        if OFFICIALS.isdisjoint(person["role"] for person in text["persons"])
    ]

    assert len(without) in (3, 4)


def test_every_role_kind_and_orthography_occurs_in_each_half() -> None:
    for half in HALVES:
        texts = list(chain.from_iterable(texts_of(half, language) for language in LANGUAGES))

        assert {person["role"] for text in texts for person in text["persons"]} == ROLES
        assert {text["kind"] for text in texts} == KINDS
        assert {text.get("orthography") for text in texts} == {None, "official", "classical"}
