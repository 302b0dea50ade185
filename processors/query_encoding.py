"""A URL's query in the encoding of its page: percent-encoded as browsers do it.

In: a query and the label of an encoding. Out: ASCII. Never raises. Source: WHATWG URL Standard, section 1.3,
"percent-encode after encoding", and the encoders of the WHATWG Encoding Standard, sections 9 to 13 (both read
2026-11). Their tables are Python's but for what is named here; equal to Chromium's (measured 2026-11).
"""

import codecs
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, TypeAlias

# the special-query percent-encode set: C0 controls, space and these
_KEPT: Final = frozenset(range(0x21, 0x7F)) - frozenset(b"\"#<>'")
_BYTES: Final = tuple(chr(byte) if byte in _KEPT else f"%{byte:02X}" for byte in range(256))

_Encoder: TypeAlias = Callable[[str], bytes | None]
"""The bytes of one character outside ASCII; None where the encoding lacks it."""

# labels that Python lacks or means otherwise than the standard (section 4.2), by Python's name for the encoding;
# pages are decoded under the names on the right, too (`processors.markup.encoding`)
_MEANT: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "dos-874": "cp874",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "logical": "iso8859-8",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-ukrainian": "mac-cyrillic",
    "x-mac-roman": "mac-roman",
    **{f"x-cp{number}": f"cp{number}" for number in range(1250, 1259)},
    "gb2312": "gbk",
    "chinese": "gbk",
    "x-gbk": "gbk",
    "big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "euc_kr": "cp949",
    "windows-949": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "x-euc-jp": "euc_jp",
}
# UTF-16 and UTF-32, and what is only decoded (section 4.3, "get an output encoding"), is UTF-8 in queries
_NEVER_IN_QUERIES: Final = ("utf", "hz", "iso2022_kr", "idna", "punycode", "unicode_escape", "raw_unicode_escape")
_DIFFERENT: Final[dict[str, dict[str, bytes | None]]] = {
    "koi8-u": {"\u045e": b"\xae", "\u040e": b"\xbe", "\u255d": None, "\u256c": None},
    "cp1255": {"\u05ba": b"\xca"},
}
"""Where a table of one byte differs from Python's."""
_GB18030_2022: Final = {
    "\u1e3f": b"\xa8\xbc",
    "\ue7c7": b"\x81\x35\xf4\x37",
    "\ue5e5": None,
    **{
        chr(0x9FB4 + number): bytes((0xFE, trail))
        for number, trail in enumerate(b"\x59\x61\x66\x67\x6d\x7e\x90\xa0")
    },
    **{
        chr(0xFE10 + number): bytes((0xA6, trail))
        for number, trail in enumerate(b"\xd9\xdb\xda\xdc\xdd\xde\xdf\xec\xed\xf3")
    },
}
"""What the edition of 2022 moved out of the private use area (section 10.2.2); Python has that of 2000."""
_BIG5_BEGINS: Final = 0xA1
_BIG5_SYMBOLS_END: Final = 0xA3
_BIG5_OTHERWISE: Final = {
    **{chr(0x2400 + number): bytes((0xA3, 0xC0 + number)) for number in range(32)},
    "\u2421": b"\xa3\xe0",
    "\u2550": b"\xf9\xf9",
    "\u255e": b"\xf9\xe9",
    "\u2561": b"\xf9\xeb",
    "\u256a": b"\xf9\xea",
    "\u4edd": b"\xc6\xdf",
    "\u5605": b"\xfb\x48",
    "\u5ed0": b"\xfb\xf9",
    "\u5ef4": b"\xc6\xcf",
    "\u60a4": b"\xfc\x6c",
    "\u65e0": b"\xc6\xd3",
    "\u732a": b"\xfe\x52",
    "\u7676": b"\xc6\xd5",
    "\u96b6": b"\xc6\xd7",
}
"""Where neither of Python's two tables is that of the standard (section 11.1)."""
_OF_WINDOWS: Final = frozenset(("cp874", *(f"cp{number}" for number in range(1250, 1259))))
_LIKE_ASCII: Final = {"\xa5": b"\x5c", "\u203e": b"\x7e"}
"""Yen sign and overline in Japanese encodings."""
_GAIJI: Final = range(8836, 10716)
_NEC_SELECTED: Final = range(8272, 8836)
_JIS_POINTERS: Final = 11_280
_TO_ASCII, _TO_ROMAN, _TO_JIS = b"\x1b(B", b"\x1b(J", b"\x1b$B"
# they would switch the character sets of ISO-2022-JP (section 12.2.2)
_SHIFTS: Final = "\x0e\x0f\x1b"


def percent_encoded_query(query: str, encoding: str) -> str:
    """``query`` percent-encoded in ``encoding``, a label of the Encoding Standard or Python's name for it.

    A character that the encoding lacks becomes ``%26%23<code point>%3B``. Encodings that queries are never in
    (UTF-16, UTF-32, those that are only decoded) and unknown ones are UTF-8.
    """
    codec = _codec(encoding)
    if codec == "utf-8":
        return "".join([_BYTES[byte] for byte in query.encode("utf-8", "replace")])
    if codec == "iso2022_jp":
        return "".join(_in_iso_2022_jp(query))
    if query.isascii():
        return "".join([_BYTES[byte] for byte in query.encode("ascii")])
    encoded = _encoder(codec)
    return "".join(
        _BYTES[ord(character)] if character < "\x80" else _escaped(encoded(character), character)
        for character in query
    )


@cache
def _codec(encoding: str) -> str:
    label = encoding.strip().lower()
    try:
        name = codecs.lookup(_MEANT.get(label, label)).name
        "".encode(name)
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if name.startswith(_NEVER_IN_QUERIES) else _MEANT.get(name, name)


def _escaped(encoded: bytes | None, character: str) -> str:
    if encoded is None:
        return f"%26%23{ord(character)}%3B"
    return "".join([_BYTES[byte] for byte in encoded])


@cache
def _encoder(codec: str) -> _Encoder:
    if codec in ("gbk", "gb18030"):
        return _gbk if codec == "gbk" else _gb18030
    if codec == "big5hkscs":
        return _big5
    if codec == "cp932":
        return _shift_jis
    if codec == "euc_jp":
        return _euc_jp
    if codec in ("cp949", "johab"):
        return lambda character: _by_python(character, codec)
    return _table(codec).get


def _by_python(character: str, codec: str) -> bytes | None:
    try:
        return character.encode(codec)
    except UnicodeEncodeError:
        return None


@cache
def _table(codec: str) -> dict[str, bytes | None]:
    """An encoding of one byte; bytes that Windows leaves open are the controls of the same number."""
    table: dict[str, bytes | None] = {}
    for number in range(0x80, 0x100):
        byte = bytes((number,))
        character = byte.decode(codec, "ignore") or (chr(number) if codec in _OF_WINDOWS and number < 0xA0 else "")
        if character:
            table.setdefault(character, byte)
    return table | _DIFFERENT.get(codec, {})


def _gb18030(character: str) -> bytes | None:
    if character in _GB18030_2022:
        return _GB18030_2022[character]
    return _by_python(character, "gb18030")


def _gbk(character: str) -> bytes | None:
    if character == "\u20ac":
        return b"\x80"
    encoded = _gb18030(character)
    return None if encoded is None or len(encoded) > 2 else encoded


def _big5(character: str) -> bytes | None:
    if character in _BIG5_OTHERWISE:
        return _BIG5_OTHERWISE[character]
    encoded = _by_python(character, "cp950")
    if encoded is not None and encoded[0] <= _BIG5_SYMBOLS_END:
        # Windows also encodes what only looks alike
        return encoded if encoded.decode("cp950") == character else None
    encoded = _by_python(character, "big5hkscs")
    return None if encoded is None or encoded[0] < _BIG5_BEGINS else encoded


@cache
def _jis_pointers(without: range) -> dict[str, int]:
    """The first place of each character in the table of JIS X 0208 with the extensions of NEC and IBM."""
    found: dict[str, int] = {}
    for pointer in sorted(set(range(_JIS_POINTERS)).difference(_GAIJI, without)):
        try:
            found.setdefault(_shift_jis_bytes(pointer).decode("cp932"), pointer)
        except UnicodeDecodeError:
            continue
    return found


def _shift_jis_bytes(pointer: int) -> bytes:
    lead, trail = divmod(pointer, 188)
    return bytes((lead + (0x81 if lead < 0x1F else 0xC1), trail + (0x40 if trail < 0x3F else 0x41)))


def _shift_jis(character: str) -> bytes | None:
    if character == "\x80" or character in _LIKE_ASCII:
        return _LIKE_ASCII.get(character, b"\x80")
    if "\uff61" <= character <= "\uff9f":
        return bytes((ord(character) - 0xFF61 + 0xA1,))
    pointer = _jis_pointers(_NEC_SELECTED).get(_minus(character))
    return None if pointer is None else _shift_jis_bytes(pointer)


def _euc_jp(character: str) -> bytes | None:
    if character in _LIKE_ASCII:
        return _LIKE_ASCII[character]
    if "\uff61" <= character <= "\uff9f":
        return bytes((0x8E, ord(character) - 0xFF61 + 0xA1))
    return _two_bytes(character, 0xA1)


def _two_bytes(character: str, first: int) -> bytes | None:
    pointer = _jis_pointers(range(0)).get(_minus(character))
    return None if pointer is None else bytes(part + first for part in divmod(pointer, 94))


def _minus(character: str) -> str:
    return "\uff0d" if character == "\u2212" else character


def _in_iso_2022_jp(query: str) -> Iterator[str]:
    """The one encoder with a state: which set the bytes that follow are in (section 12.2.2)."""
    state = _TO_ASCII
    for character in query:
        in_roman = _LIKE_ASCII.get(character)
        wide = None if character < "\x80" else _two_bytes(_full_width(character), 0x21)
        if character in _SHIFTS:
            wanted, encoded = (_TO_ASCII if state == _TO_JIS else state), None
        elif character < "\x80":
            wanted = _TO_ROMAN if state == _TO_ROMAN and character not in "\\~" else _TO_ASCII
            encoded = character.encode("ascii")
        elif in_roman is not None:
            wanted, encoded = _TO_ROMAN, in_roman
        else:
            wanted = _TO_JIS if wide is not None else (_TO_ASCII if state == _TO_JIS else state)
            encoded = wide
        if wanted != state:
            yield _escaped(wanted, character)
            state = wanted
        yield _escaped(encoded, "\ufffd" if character in _SHIFTS else character)
    if state != _TO_ASCII:
        yield _escaped(_TO_ASCII, "")


def _full_width(character: str) -> str:
    """Katakana of half width have no place in ISO-2022-JP; the sound marks stay characters of their own."""
    if not "\uff61" <= character <= "\uff9f":
        return character
    return {"\uff9e": "\u309b", "\uff9f": "\u309c"}.get(character) or unicodedata.normalize("NFKC", character)
