"""A person whom a record names, in the form by which names are searched."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NameReading:
    """Our reading of one name; ``wording`` is the source's.

    ``field`` is the JSON key of the field in which it stands. ``role`` is the part in a trial (`processors.names`)
    as the words ``role_raw`` beside the name give it, None where none do. The parts are in the nominative; where
    that cannot be told, ``nominative`` is None, ``alternatives`` has the forms in question, ``reason`` says why.
    """

    field: str
    wording: str
    role: str | None = None
    role_raw: str | None = None
    nominative: str | None = None
    surname: str | None = None
    given: str | None = None
    patronymic: str | None = None
    initials: str | None = None
    gender: str | None = None
    script: str | None = None
    alternatives: tuple[str, ...] = ()
    reason: str | None = None
