"""The language of the interface: the catalogues there are, the one a request gets, and texts in it.

In: the folder of catalogues (gettext PO files, ``LANGUAGE/LC_MESSAGES/messages.po``) and the header
``Accept-Language`` of a request (RFC 9110, section 12.5.4). Out: texts. English stands in the code and is what a
reader gets whose languages are not there, and whatever a catalogue does not have. The pages and error pages of a
request are in its language; JSON and CSV, which programs read, and the command line are always in English.

Texts are translated while they are made, so the language is kept for the request and not passed along
(`in_language`). A text is always a format: ``%(name)s`` stands for a value, ``%%`` for a percent sign.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

LOCALES: Final = Path(__file__).parents[1] / "locale"
ENGLISH: Final = "en"
HEADER_LIMIT: Final = 500
"""Characters of ``Accept-Language`` that are read; browsers send fewer than a hundred."""

_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)


class BrokenCatalogue(ValueError):
    """A catalogue cannot be used; ``path`` names it. Whoever changed it last should mend or remove it."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"The catalogue {path} cannot be used: {problem}. Correct it, or remove its folder.")
        self.path = path


@dataclass(frozen=True, slots=True)
class Language:
    """A language as BCP 47 writes it (``pt-BR``), and its catalogue."""

    tag: str
    catalogue: NullTranslations


IN_ENGLISH: Final = Language(ENGLISH, NullTranslations())
_language: ContextVar[Language] = ContextVar("language", default=IN_ENGLISH)


def load_languages(folder: Path = LOCALES) -> Mapping[str, Language]:
    """Every language of the folder by its tag, and English.

    Raises `BrokenCatalogue` for a file that is no catalogue, or whose translation has other placeholders than the
    text. Entries marked as fuzzy are left out.
    """
    paths = sorted(folder.glob("*/LC_MESSAGES/messages.po"))
    languages = [_load(path) for path in paths]
    return {ENGLISH: IN_ENGLISH} | {language.tag: language for language in languages}


def _load(path: Path) -> Language:
    name = path.parents[1].name
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, locale=name, abort_invalid=True)
    except (PoFileError, UnicodeError, ValueError) as problem:
        raise BrokenCatalogue(path, str(problem)) from problem
    for message, errors in catalogue.check():
        raise BrokenCatalogue(path, f"the translation of {message.id!r}: {errors[0]}")
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Language(name.replace("_", "-"), GNUTranslations(compiled))


def choose_language(accept_language: str, languages: Mapping[str, Language]) -> Language:
    """The reader's first choice among the languages there are; English where none of them is, or none is named."""
    ranges = [found for part in accept_language[:HEADER_LIMIT].split(",") if (found := _RANGE.fullmatch(part))]
    weighted = [(float(found[2] or 1), found[1]) for found in ranges]
    preferred = [tag for weight, tag in sorted(weighted, key=lambda each: -each[0]) if weight > 0]
    chosen = negotiate_locale(preferred, list(languages), sep="-") or ENGLISH
    return next(each for tag, each in languages.items() if tag.lower() == chosen.lower())


@contextmanager
def in_language(language: Language) -> Iterator[None]:
    """Texts are in this language for as long as the block runs, in threads and tasks that it starts as well."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def current_language() -> Language:
    """The language in which texts are made now."""
    return _language.get()


def gettext(message: str, /, **values: object) -> str:
    """The text in the reader's language, with its values filled in."""
    return _language.get().catalogue.gettext(message) % values


def ngettext(singular: str, plural: str, num: int, /, **values: object) -> str:
    """The text in the form for so many; ``%(num)s`` is the number itself."""
    return _language.get().catalogue.ngettext(singular, plural, num) % {"num": num, **values}


def N_(message: str) -> str:  # noqa: N802 - gettext's own name, which extraction looks for
    """Mark a text of a constant for extraction; `gettext` translates it where it is used."""
    return message
