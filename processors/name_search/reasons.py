"""Why a name in a text is taken for the name that is asked for, or only called similar."""

from enum import StrEnum


class MatchReason(StrEnum):
    """One step from the name asked for to the name found; a match has as many as it needs."""

    SAME_WORDING = "the same spelling"
    OTHER_ORTHOGRAPHY = "the other orthography of the same language"
    OTHER_LANGUAGE = "the form of the name in another language"
    LATIN_LETTERS = "the same name in Latin letters"
    CYRILLIC_LETTERS = "the same name in Cyrillic letters"
    OTHER_ROMANISATION = "another spelling in Latin letters"
    WITHOUT_MARKS = "the same letters without their marks"
    OBLIQUE_CASE = "another grammatical case"
    GIVEN_NAME_OF_OTHER_LANGUAGE = "the given name's form in another language, or its short form"
    INITIALS = "initials instead of names"
    GIVEN_NAME_LEFT_OUT = "without the given name"
    PATRONYMIC_LEFT_OUT = "without the patronymic or middle name"
    PATRONYMIC_ADDED = "with a patronymic or middle name besides"
    SURNAME_FIRST = "surname first"
    ALSO_OTHER_GENDER = "the form may also be that of the other gender"
