"""A URL's query in the encoding of its page: percent-encoded as browsers do it.

In: a query and the label of an encoding. Out: ASCII. Never raises. Source: WHATWG URL Standard, section 1.3,
"percent-encode after encoding", and WHATWG Encoding Standard, sections 4.2 and 4.3 (both read 2026-11).
"""

import codecs

# the special-query percent-encode set: C0 controls, space and these
_KEPT = frozenset(range(0x21, 0x7F)) - frozenset(b"\"#<>'")
_NEVER_IN_QUERIES = ("utf", "hz", "iso2022_kr", "idna", "punycode", "unicode_escape", "raw_unicode_escape")
# they would switch its character sets, so its encoder refuses them (Encoding Standard, section 12.2.2)
_CONTROLS_OF_ISO_2022 = dict.fromkeys((0x0E, 0x0F, 0x1B), "\ufffd")
_BYTES = tuple(chr(byte) if byte in _KEPT else f"%{byte:02X}" for byte in range(256))


def percent_encoded_query(query: str, encoding: str) -> str:
    """``query`` percent-encoded in ``encoding``, a label of the Encoding Standard or Python's name for it.

    A character that the encoding lacks becomes ``%26%23<code point>%3B``. Encodings that URLs never use (UTF-16,
    UTF-32, those that are only decoded) and unknown ones are UTF-8.
    """
    codec = _codec(encoding)
    pieces, rest = [], query.translate(_CONTROLS_OF_ISO_2022) if codec == "iso2022_jp" else query
    while rest:
        try:
            pieces.append(_percent_encoded(rest.encode(codec)))
            break
        except UnicodeEncodeError as error:
            pieces += (_percent_encoded(rest[: error.start].encode(codec)), f"%26%23{ord(rest[error.start])}%3B")
            rest = rest[error.start + 1 :]
    return "".join(pieces)


def _codec(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if name.startswith(_NEVER_IN_QUERIES) else name


def _percent_encoded(encoded: bytes) -> str:
    return "".join(_BYTES[byte] for byte in encoded)
