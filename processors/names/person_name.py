"""One person's name, taken apart: the form in which records are searched.

`PersonName` holds the parts in the nominative as far as they can be told. What cannot be told is None, with the
forms that come into question in ``alternatives`` and the reason; the wording stays beside it wherever it is shown.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """A name in the nominative and its parts; initials stand as ``І.`` in the part that they stand for.

    ``nominative`` has the order of words of the wording. ``script`` is ``Cyrl`` or ``Latn`` (ISO 15924).
    ``gender`` is that of the grammar, None where the name does not show it. ``reason`` says why there is no
    nominative.
    """

    nominative: str | None
    surname: str | None = None
    given: str | None = None
    patronymic: str | None = None
    initials: str | None = None
    gender: str | None = None
    script: str | None = None
    alternatives: tuple[str, ...] = ()
    reason: str | None = None
