"""Text as it is compared and searched: white space and invisible characters made equal.

The source's own characters stay in the records; these forms are for keys, digests and look-ups.
"""

import re
import unicodedata

# soft hyphen, zero-width space / joiners / no-break, bidi marks, word joiner: change no word a reader sees
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def one_line(text: str) -> str:
    """White space of every kind (no-break spaces too) as single blanks, ends trimmed."""
    return " ".join(text.split())


def lines(text: str) -> str:
    """Line by line: blanks inside a line merged, more than one empty line in a row made one, ends trimmed."""
    kept = [one_line(line) for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def comparable(text: str) -> str:
    """The text without what a reader cannot see: NFC, no invisible characters, every space a blank."""
    if text.isascii():
        return one_line(text)  # has neither what NFC changes nor invisible characters
    return one_line(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)))


def folded(text: str) -> str:
    """For look-ups in lexicons: comparable, case folded, ``ё`` as ``е``."""
    return comparable(text).casefold().replace("ё", "е")


def printable(text: str) -> str:
    """Without control characters, which neither JSON readers nor PostgreSQL text take gladly."""
    return _CONTROL.sub("", text)


def shortened(text: str, length: int) -> str:
    """The text, or its beginning up to a word's end with an ellipsis."""
    if len(text) <= length:
        return text
    return text[: length - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
