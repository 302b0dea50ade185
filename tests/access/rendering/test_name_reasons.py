"""Reasons of matches of names, as people read them."""

from access.rendering.name_reasons import WORDS, why
from processors.name_search.matching import explain
from processors.name_search.reasons import MatchReason


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(MatchReason)


def test_a_match_says_its_reasons_and_a_similar_name_says_that_it_is_only_that() -> None:
    same = explain("Аляксандр Жалудковіч", "Aliaksandr Zhaludkovich")
    similar = explain("Аляксандр Жалудковіч", "Жалудковіч А.")
    assert same is not None
    assert similar is not None
    assert why(same) == "the same name in Latin letters"
    assert why(similar) == "Similar: initials instead of names; surname first"
