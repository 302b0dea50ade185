"""The values by which a site knows a login, and where they stand in bytes: whatever a crawl must not show.

In: the state of a profile, then each exchange of the crawl as it comes, since sites renew what they gave. Out: the
places of such values in heads and addresses, and whether a body holds one, also written as JSON, HTML, UTF-16,
base64 or percent-encoded, whichever of its letters are encoded. Pure. Values of fewer than eight characters, and
short words, are not searched for: they stand everywhere. Sources: RFC 6265 (cookies), RFC 6749, sections 4.2.2 and
5.1, and OpenID Connect Core, section 3.1.3.3 (the names of tokens in addresses and JSON).
"""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from html.entities import html5
from typing import Any, Final
from urllib.parse import unquote

LEAST_LENGTH: Final = 8
LEAST_OF_STORAGE: Final = 16
LONGEST_WORD: Final = 16
MOST_LENGTH: Final = 16_384

CREDENTIAL_FIELDS: Final = re.compile(
    rb"^(cookie2?|set-cookie2?|authorization|proxy-authorization|authentication-info)[ \t]*:[ \t]*"
    rb"([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
"""Fields that are redacted whole, whatever they hold; folded lines belong to them (RFC 9112, section 5.2)."""

TOKENS_IN_JSON: Final = re.compile(
    rb'"(?:access_token|refresh_token|id_token|accessToken|refreshToken|idToken)"\s*:\s*"((?:[^"\\]|\\.){8,16384})"'
)
TOKENS_IN_ADDRESS: Final = re.compile(
    rb"[?&#;](?:access_token|refresh_token|id_token)=([^&#;\s\"'<>]{8,16384})", re.IGNORECASE
)
"""As a server sends a browser on with them (RFC 6749, section 4.2.2)."""

AS_IT_IS: Final = re.compile(r"[A-Za-z0-9._-]")
"""Letters that no encoding but base64 and UTF-16 changes."""
LONGEST_LETTER: Final = 40
"""Bytes of any other letter, however it is written: the longest names in HTML have 33."""
MOST_LETTERS: Final = 1000
"""Of these in one value; one with more is searched for as it is, since its pattern would take seconds to make."""

_WORD: Final = re.compile(r"[A-Za-z]+")
_TOKEN_LIKE: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[^\s]+")


class SecretValues:
    """What is searched for; it grows as the crawl goes on."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[bytes] | None = None
        self.add(*values_of_state(state))

    def __len__(self) -> int:
        return len(self._values)

    def add(self, *values: str) -> None:
        """Search for these, too, from now on."""
        found = {
            each for value in values for each in (value.strip().strip('"'), unquote(value)) if is_searched(each)
        }
        if not found <= self._values:
            self._values |= found
            self._pattern = None

    def learn(self, head: bytes) -> None:
        """Take the values of the credentials in the head of a message, and tokens in its addresses."""
        self.add(*(found[1].decode("latin-1") for found in TOKENS_IN_ADDRESS.finditer(head)))
        for field in CREDENTIAL_FIELDS.finditer(head):
            name, text = field[1].lower(), field[2].decode("latin-1")
            if name.startswith(b"set-cookie"):
                self.add(text.partition(";")[0].partition("=")[2])
            elif name.startswith(b"cookie"):
                self.add(*(pair.partition("=")[2] for pair in text.split(";")))
            else:
                scheme, _, rest = text.partition(" ")
                self.add(rest, *(_basic(rest) if scheme.lower() == "basic" else ()))

    def learn_tokens(self, content: bytes) -> None:
        """Take the tokens that a JSON answer gives by their usual names."""
        self.add(*(_out_of_json(found[1]) for found in TOKENS_IN_JSON.finditer(content)))

    def are_in(self, content: bytes) -> bool:
        """Whether any of them stands there, in any of its forms."""
        pattern = self._searched()
        return pattern is not None and pattern.search(content) is not None

    def spans(self, head: bytes) -> Iterator[tuple[str, int, int]]:
        """What is redacted in a head: what it is, offset, length; in order, none within another."""
        ends = 0
        found = [(m.start(2), m.end(2), m[1].decode("latin-1").lower()) for m in CREDENTIAL_FIELDS.finditer(head)]
        pattern = self._searched()
        if pattern is not None:
            found += [(m.start(), m.end(), "value") for m in pattern.finditer(head)]
        for start, end, what in sorted(found):
            start = max(start, ends)
            if start < end:
                yield what, start, end - start
                ends = end

    def covered(self, content: bytes) -> bytes:
        """The same with each of them covered."""
        pattern = self._searched()
        return content if pattern is None else pattern.sub(lambda found: cover(found[0]), content)

    def covered_text(self, text: str) -> str:
        """The same for a text of ours; characters outside of ISO 8859-1 stay as they are."""
        return self.covered(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def covered_json(self, content: bytes) -> bytes:
        """The same for JSON of ours, which stays JSON with the same keys but for addresses."""
        if not self.are_in(content):
            return content
        try:
            row = json.loads(content)
        except ValueError:
            return self.covered(content)
        return json.dumps(self._covered_values(row), ensure_ascii=False).encode("utf-8", "surrogatepass")

    def _covered_values(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.covered_text(value)
        if isinstance(value, list):
            return [self._covered_values(each) for each in value]
        if isinstance(value, dict):
            return {
                self.covered_text(name) if "://" in name else name: self._covered_values(each)
                for name, each in value.items()
            }
        return value

    @property
    def longest_form(self) -> int:
        """How many bytes the longest form has: so much of two pieces has to overlap."""
        forms = (len(form) for value in self._values for form in forms_of(value))
        return max((*forms, *map(longest_match, self._values)), default=0)

    def _searched(self) -> re.Pattern[bytes] | None:
        if self._pattern is None and self._values:
            forms = {form for value in self._values for form in forms_of(value)}
            patterns = [(len(form), re.escape(form)) for form in forms]
            patterns += [(len(value), pattern_of(value)) for value in self._values]
            self._pattern = re.compile(b"|".join(each for _, each in sorted(patterns, reverse=True)))
        return self._pattern


def cover(content: bytes) -> bytes:
    """As many ``*`` as there are bytes; line ends stay."""
    return re.sub(rb"[^\r\n]", b"*", content)


def is_searched(value: str) -> bool:
    """Whether a value is long and odd enough to mean this login wherever it stands."""
    if not LEAST_LENGTH <= len(value) <= MOST_LENGTH:
        return False
    return _WORD.fullmatch(value) is None or len(value) >= LONGEST_WORD


def forms_of(value: str) -> set[bytes]:
    """The value as it is, and in the encodings that change each letter."""
    plain = value.encode("utf-8", "surrogatepass")
    # without its last byte: the same letters of UTF-16BE hold these bytes, too
    forms = {plain, value.encode("utf-16-le", "surrogatepass")[:-1]}
    for shift in range(3):  # wherever the value begins in what is written as base64
        whole = base64.b64encode(b"\0" * shift + plain)
        cut = whole[(0, 2, 3)[shift] : len(whole) - (0, 3, 2)[(len(plain) + shift) % 3] or None].rstrip(b"=")
        if len(cut) >= LEAST_LENGTH:
            forms |= {cut, cut.replace(b"+", b"-").replace(b"/", b"_")}
    return forms


def pattern_of(value: str) -> bytes:
    """A pattern of the value with each letter as it is, percent-encoded, or as JSON, scripts and HTML write it.

    Programs differ in which letters they encode and in the case of digits, so no two have the same form.
    """
    if sum(AS_IT_IS.fullmatch(letter) is None for letter in value) > MOST_LETTERS:
        return re.escape(value.encode("utf-8", "surrogatepass"))
    return b"".join(map(_spellings_of, value))


def longest_match(value: str) -> int:
    """How many bytes `pattern_of` may match."""
    return sum(1 if AS_IT_IS.fullmatch(letter) else LONGEST_LETTER for letter in value)


def _spellings_of(letter: str) -> bytes:
    """A pattern of one letter in each of its encodings."""
    if AS_IT_IS.fullmatch(letter):
        return re.escape(letter.encode())
    code, plain = ord(letter), letter.encode("utf-8", "surrogatepass")
    units = letter.encode("utf-16-be", "surrogatepass")
    in_json = "".join(rf"\\{{1,4}}u{_digits(units[at : at + 2].hex())}" for at in range(0, len(units), 2))
    encoded = [
        "".join(f"%(?:25)?{_digits(f'{byte:02x}')}" for byte in plain),
        in_json,
        f"&#0{{0,6}}{code};",
        f"&#[xX]0{{0,6}}{_digits(f'{code:x}')};",
        *(f"&{name}" for name in _NAMES_IN_HTML.get(letter, ())),
    ]
    if code < 256:
        encoded.append(rf"\\{{1,4}}x{_digits(f'{code:02x}')}")
    if letter == "=":
        encoded.append("=3[dD]")  # quoted-printable, in MHTML
    if letter == " ":
        encoded.append(r"\+")
    as_it_is = rb"\\{0,4}" + re.escape(plain)
    return b"(?:" + b"|".join((*(each.encode() for each in encoded), as_it_is)) + b")"


def _digits(text: str) -> str:
    """Hexadecimal digits in either case."""
    return "".join(f"[{each}{each.upper()}]" if each.isalpha() else each for each in text)


def _names_in_html() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, letters in html5.items():
        if name.endswith(";"):
            found[letters].append(name)
    return found


_NAMES_IN_HTML: Final = _names_in_html()


def _out_of_json(text: bytes) -> str:
    try:
        return str(json.loads(b'"' + text + b'"'))
    except ValueError:
        return text.decode("latin-1")


def values_of_state(state: Mapping[str, Any]) -> Iterator[str]:
    """Every value that the state of a context holds and a site may have given."""
    for cookie in state.get("cookies", ()):
        yield str(cookie["value"])
    for origin in state.get("origins", ()):
        for item in origin.get("localStorage", ()):
            yield from _token_like(str(item["value"]))
        yield from _leaves(origin.get("indexedDB", ()))


def _token_like(text: str) -> Iterator[str]:
    try:
        inside = json.loads(text)
    except (ValueError, RecursionError):
        inside = None
    if isinstance(inside, dict | list):
        yield from _leaves(inside)
    elif len(text) >= LEAST_OF_STORAGE and "://" not in text and _TOKEN_LIKE.fullmatch(text):
        yield text


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _token_like(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)


def _basic(text: str) -> tuple[str, ...]:
    try:
        user, _, password = base64.b64decode(text, validate=True).decode("utf-8", "replace").partition(":")
    except ValueError:
        return ()
    return user, password
