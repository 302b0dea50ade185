"""Covers words in what was read from a source: ``▮`` stands in their place, whatever they were and however long.

In: JSON values of a record, words, keys of whole fields. Out: the same values, covered, and the texts that were
covered. Words are found in any case, with any ending or beginning (``Петров`` covers ``Петрова``), over line
ends, between invisible characters, in keys, and in addresses that are percent-encoded. Other spellings,
translations and transliterations are other words. Guaranteed: two records that differ only in what is covered
come out equal.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote

BAR: Final = "▮"
INVISIBLE: Final = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]*"
)
"""Characters without a shape, which may stand between the letters of a word."""

WORD: Final = "[\\w\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff]*"

BARS: Final = re.compile(f"{BAR}(?:[\\s\u00ad\u200b-\u200f-]*{BAR})+")
"""Bars beside each other become one, so that nobody counts the parts of a name."""


class WordCover:
    """Covers words and fields in any number of values, and notes the texts that it has covered."""

    def __init__(self, words: Iterable[str], fields: Collection[str] = ()) -> None:
        wanted = [unicodedata.normalize("NFC", each) for each in words]
        self._patterns = [re.compile(_pattern(each), re.IGNORECASE) for each in wanted]
        self._fields = frozenset(fields)
        self.covered: dict[str, None] = {}

    def record(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """A record: whole fields first, which may be none in this one, then words in all others."""
        found: dict[str, Any] = {}
        for name, value in content.items():
            if name in self._fields and value not in (None, "", [], {}):
                self.covered.update(dict.fromkeys(_texts_of(value)))
                found[name] = BAR
            else:
                found[self.text(name)] = self.value(value)
        return found

    def value(self, value: Any) -> Any:
        """Any JSON value, with keys; numbers are covered where their digits are such words."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.value(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return BAR if self.text(str(value)) != str(value) else value
        return value

    def text(self, text: str) -> str:
        """One text; an address that has a word in its percent-encoding is covered whole."""
        found = unicodedata.normalize("NFC", text)
        for pattern in self._patterns:
            for match in pattern.finditer(found):
                self.covered[match[0]] = None
            found = pattern.sub(BAR, found)
        decoded = unicodedata.normalize("NFC", unquote(found)) if "%" in found else found
        if decoded != found and any(pattern.search(decoded) for pattern in self._patterns):
            self.covered[text] = None
            return BAR
        if found != unicodedata.normalize("NFC", text):
            found = BARS.sub(BAR, found)
        return found if found != unicodedata.normalize("NFC", text) else text

    def has_word(self, text: str) -> bool:
        """Whether one of the words stands in a text."""
        normal = unicodedata.normalize("NFC", text)
        return any(pattern.search(normal) for pattern in self._patterns)


def _pattern(words: str) -> str:
    parts = [INVISIBLE.join(map(re.escape, part)) for part in words.split()]
    return WORD + (INVISIBLE + r"\s+" + INVISIBLE).join(parts) + WORD


def _texts_of(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts_of(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts_of(each)
