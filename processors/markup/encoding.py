"""Bytes of a page to text, though many pages lie about their encoding.

In: the entity and its Content-Type. Out: text, the encoding used and what told us. Never raises: bytes that no
encoding explains become U+FFFD. Order: byte order mark; valid UTF-8 with letters outside ASCII (chance cannot
make it); what header and page declare, unless the letters contradict (a Cyrillic page labelled wrong reads as
noise, and letter frequencies tell); detection. Labels as in the WHATWG encoding standard, where ISO-8859-1 means
windows-1252.
"""

import codecs
import re
from dataclasses import dataclass
from math import log

from charset_normalizer import from_bytes

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# seven-bit encodings announce themselves
_ESCAPED = ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$B", "iso2022_jp"), (b"\x1b$@", "iso2022_jp"))
# labels that mean a larger encoding than they say (encoding.spec.whatwg.org, read 2026-11)
_MEANT = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,512}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.\-]+)""", re.I
)
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_:.\-]+)""", re.I)
_HEAD_BYTES = 8192
_SAMPLE_BYTES = 200_000
CYRILLIC = ("cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866", "mac-cyrillic", "cp855")
# shares of letters, per thousand, averaged by eye over Russian, Ukrainian, Belarusian and Bulgarian prose
_SHARES = (
    "о100 а85 е80 и70 н63 т58 с50 р48 в44 л42 к34 м31 д29 п27 у26 я22 і20 г17 з16 ы15 ь15 б15 "
    "ч14 й11 х9 ж9 ш7 ю6 ї6 ц5 э4 ф4 щ3 ё3 ў3 є3 ъ3 ґ1"
)
_LETTERS = {share[0]: int(share[1:]) for share in _SHARES.split()}
_PUNCTUATION = "\u00a0«»—–„“”’…№°·•"
# mean log share of the letters. Measured 2026-11 on chardet's test pages: Cyrillic -3.7 to -3.1, Greek, Hungarian
# and CJK below -4.2; Western European accents reach -3.4 but stand among ASCII letters, which Cyrillic ones do not
_CYRILLIC_AT_LEAST = -4.0
_AMONG_ASCII_AT_MOST = 0.3
_AMONG_ASCII = re.compile(rb"(?:[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z])")
_CLEARLY_BETTER = 0.25
_BINARY_DATA = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BINARY_AT_LEAST = 50
"""One character in so many."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, Python's name of its encoding, and who told: ``bom``, ``utf-8``, ``header``, ``page``, ``letters``."""

    text: str
    encoding: str
    stated_by: str


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """Decode a page, feed or sitemap."""
    for mark, encoding in BOMS:
        if body.startswith(mark):
            return Decoded(body[len(mark) :].decode(encoding, "replace"), encoding, "bom")
    declared = _declared(body, content_type)
    for escape, encoding in _ESCAPED:
        if escape in body[:_SAMPLE_BYTES]:
            return Decoded(body.decode(encoding, "replace"), encoding, "letters")
    wide = _wide_without_mark(body)
    if wide:
        return Decoded(body.decode(wide, "replace"), wide, "letters")
    utf8 = _as_utf8(body)
    if utf8 is not None:
        return Decoded(utf8, "utf-8", "utf-8")
    return _legacy(body, declared)


def is_text(decoded: str) -> bool:
    """Whether what was decoded is text at all: hardly any of the characters that text never has.

    They are the binary data bytes of the MIME sniffing standard (WHATWG, section 2); one of them makes a resource
    binary there, while pages are met that hold a few by mistake. Of random bytes, every tenth is one.
    """
    sample = decoded[:_SAMPLE_BYTES]
    return len(_BINARY_DATA.findall(sample)) * _BINARY_AT_LEAST <= len(sample)


def _declared(body: bytes, content_type: str | None) -> list[tuple[str, str]]:
    """Encodings that header and page name, the header first; unknown labels left out."""
    found = []
    header = _HEADER.search(content_type or "")
    if header:
        found.append((header.group(1), "header"))
    page = _DECLARED.search(body[:_HEAD_BYTES])
    if page:
        found.append((page.group(1).decode("ascii"), "page"))
    known = []
    for label, stated_by in found:
        try:
            name = codecs.lookup(label).name
        except (LookupError, ValueError):
            continue
        # a page that could be read far enough to find the label is not UTF-16
        if not name.startswith(("utf-16", "utf-32", "utf-7")):
            known.append((_MEANT.get(name, name), stated_by))
    return known


def _wide_without_mark(body: bytes) -> str | None:
    """UTF-16 or UTF-32 without a byte order mark: text where every second or most bytes are null."""
    sample = body[:1024]
    if len(sample) < 8 or sample.count(0) < len(sample) // 5:
        return None
    nulls = [sum(1 for byte in sample[start::4] if byte == 0) / len(sample[start::4]) for start in range(4)]
    if min(nulls[0], nulls[1], nulls[2]) > 0.7 > nulls[3]:
        return "utf-32-be"
    if min(nulls[1], nulls[2], nulls[3]) > 0.7 > nulls[0]:
        return "utf-32-le"
    if min(nulls[0], nulls[2]) > 0.3 > max(nulls[1], nulls[3]):
        return "utf-16-be"
    if min(nulls[1], nulls[3]) > 0.3 > max(nulls[0], nulls[2]):
        return "utf-16-le"
    return None


def _as_utf8(body: bytes) -> str | None:
    """The text if the bytes are UTF-8, a few damaged or cut-off sequences among many sound ones included."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    sound = sum(1 for character in text[:_SAMPLE_BYTES] if character > "\x7f" and character != "\ufffd")
    return text if sound > 20 * damaged else None


def _legacy(body: bytes, declared: list[tuple[str, str]]) -> Decoded:
    sample = body[:_SAMPLE_BYTES]
    best, best_score = _best_cyrillic(sample)
    for encoding, stated_by in declared:
        if encoding == "utf-8":
            continue
        single_byte = encoding in CYRILLIC or encoding in ("cp1252", "iso8859-2", "cp1250", "cp1254")
        if single_byte and best_score > _CYRILLIC_AT_LEAST:
            if encoding in CYRILLIC and best_score - _cyrillic_score(sample, encoding) < _CLEARLY_BETTER:
                return Decoded(body.decode(encoding, "replace"), encoding, stated_by)
            continue
        try:
            return Decoded(body.decode(encoding), encoding, stated_by)
        except (UnicodeDecodeError, LookupError):
            text = body.decode(encoding, "replace")
            if text.count("\ufffd") * 100 < len(text):
                return Decoded(text, encoding, stated_by)
    if best_score > _CYRILLIC_AT_LEAST:
        return Decoded(body.decode(best, "replace"), best, "letters")
    guess = from_bytes(sample[:40_000]).best()
    encoding = guess.encoding if guess is not None else "cp1252"
    return Decoded(body.decode(encoding, "replace"), encoding, "letters")


def _letter_weight(character: str) -> float:
    lower = _LETTERS.get(character)
    if lower is not None:
        return log(lower / 1000)
    upper = _LETTERS.get(character.lower())
    if upper is not None:
        return log(upper / 12_000)
    return log(1 / 300) if character in _PUNCTUATION else log(1 / 30_000)


_WEIGHTS: dict[str, tuple[float, ...]] = {
    encoding: tuple(_letter_weight(bytes((byte,)).decode(encoding, "replace")) for byte in range(128, 256))
    for encoding in CYRILLIC
}


def _high_bytes(sample: bytes) -> list[int]:
    counts = [0] * 128
    for byte in sample.translate(None, bytes(range(128))):
        counts[byte - 128] += 1
    return counts


def _score(counts: list[int], encoding: str) -> float:
    total = sum(counts)
    if not total:
        return -99.0
    weights = _WEIGHTS[encoding]
    return sum(count * weight for count, weight in zip(counts, weights, strict=True)) / total


def _cyrillic_score(sample: bytes, encoding: str) -> float:
    return _score(_high_bytes(sample), encoding)


def _best_cyrillic(sample: bytes) -> tuple[str, float]:
    """The Cyrillic encoding under which the letters have the shares they have in prose, and how well."""
    counts = _high_bytes(sample)
    if len(_AMONG_ASCII.findall(sample)) > _AMONG_ASCII_AT_MOST * max(sum(counts), 1):
        return CYRILLIC[0], -99.0
    scored = [(encoding, _score(counts, encoding)) for encoding in CYRILLIC]
    return max(scored, key=lambda pair: pair[1])
