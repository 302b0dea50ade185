"""Why a name is shown in answer to another one, as people read it.

In: a match of `processors.name_search.matching`. Out: one sentence in the reader's language, its parts joined by
semicolons.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from access.rendering.translations import N_, gettext
from processors.name_search.matching import NameMatch
from processors.name_search.reasons import MatchReason

WORDS: Final[Mapping[MatchReason, str]] = {
    MatchReason.SAME_WORDING: N_("the same name"),
    MatchReason.OTHER_ORTHOGRAPHY: N_("the same name in the other orthography"),
    MatchReason.OTHER_LANGUAGE: N_("the surname as another language writes it"),
    MatchReason.LATIN_LETTERS: N_("the same name in Latin letters"),
    MatchReason.CYRILLIC_LETTERS: N_("the same name in Cyrillic letters"),
    MatchReason.OTHER_ROMANISATION: N_("another spelling in Latin letters"),
    MatchReason.WITHOUT_MARKS: N_("the same name without the marks over and under its letters"),
    MatchReason.OBLIQUE_CASE: N_("in another grammatical case"),
    MatchReason.GIVEN_NAME_OF_OTHER_LANGUAGE: N_("the given name in another language, or its short form"),
    MatchReason.INITIALS: N_("initials instead of names"),
    MatchReason.GIVEN_NAME_LEFT_OUT: N_("without a given name"),
    MatchReason.PATRONYMIC_LEFT_OUT: N_("without the patronymic or middle name"),
    MatchReason.PATRONYMIC_ADDED: N_("with a patronymic or middle name in addition"),
    MatchReason.SURNAME_FIRST: N_("surname first"),
    MatchReason.ALSO_OTHER_GENDER: N_("this form may also be a person of the other gender"),
}


def why(match: NameMatch) -> str:
    """The reasons of a match, and that it is only similar where it is."""
    return why_found(match.reasons, similar=not match.same)


def why_found(reasons: Iterable[str], *, similar: bool) -> str:
    """The same from the reasons as answers of a search carry them."""
    said = "; ".join(gettext(WORDS[MatchReason(reason)]) for reason in reasons)
    return gettext("Similar: %(reasons)s", reasons=said) if similar else said
