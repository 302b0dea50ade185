"""The sentences of reports by language: text files (TOML) beside this module, one for each language.

In: a language after ISO 639-1. Out: `ReportTexts`. A text is named by its table and its key (``custody.copied``)
and has its values in braces; braces around anything but a name are refused. A language that is not there falls
back to English. Raises `ReportTextsError` for a file that cannot be used.
"""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "texts"
ENGLISH: Final = "en"


class ReportTextsError(ValueError):
    """A file of texts cannot be used; whoever changed it last should mend it. Nothing was written."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"The texts in {path.name} cannot be used: {problem}. Nothing was written; correct the file."
        )
        self.path = path


@dataclass(frozen=True, slots=True)
class ReportTexts:
    """The texts of one language by ``table.key``."""

    language: str
    by_name: Mapping[str, str]

    def __call__(self, name: str, /, **values: object) -> str:
        """The text with its values filled in; a value is never read as a text with values of its own."""
        return self.by_name[name].format_map({key: str(value) for key, value in values.items()})

    def label(self, table: str, key: str) -> str:
        """The text of a name out of an open list, else the name as it is."""
        return self.by_name.get(f"{table}.{key}", key)


def languages(folder: Path = FOLDER) -> tuple[str, ...]:
    """The languages that there are, by their tags."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def texts_for(language: str) -> ReportTexts:
    """The texts of a language, English where it is not there."""
    return read_texts(FOLDER / f"{language if language in languages() else ENGLISH}.toml")


@cache
def read_texts(path: Path) -> ReportTexts:
    """One file of texts; raises `ReportTextsError`."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise ReportTextsError(path, str(problem)) from problem
    texts: dict[str, str] = {}
    for table, keys in tables.items():
        for key, text in keys.items() if isinstance(keys, dict) else ((table, keys),):
            if not isinstance(text, str) or not text.strip():
                raise ReportTextsError(path, f"{table}.{key}: expected a text, found {text!r}")
            texts[f"{table}.{key}"] = text
    for name, text in texts.items():
        try:
            usable = all(each.isidentifier() for each in placeholders(text))
        except ValueError:
            usable = False
        if not usable:
            raise ReportTextsError(path, f"{name}: expected names in braces, found {text!r}")
    return ReportTexts(path.stem, texts)


def placeholders(text: str) -> frozenset[str]:
    """The names of the values in a text; raises ``ValueError`` for braces that do not match."""
    parsed = string.Formatter().parse(text)
    return frozenset(
        name if not (spec or conversion) else f"{name}!"
        for _, name, spec, conversion in parsed
        if name is not None
    )
