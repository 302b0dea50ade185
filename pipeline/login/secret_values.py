"""The values by which a site knows a login, and where they stand in bytes: whatever a crawl must not show.

In: the state of a profile, then each exchange of the crawl as it comes, since sites renew what they gave. Out: the
places of such values in heads and addresses, and whether a body holds one, also written as JSON, HTML, UTF-16,
base64 or percent-encoded. Pure. Values of fewer than eight characters, and short words, are not searched for: they
stand everywhere. Sources: RFC 6265 (cookies), RFC 6749, section 5.1, and OpenID Connect Core, section 3.1.3.3 (the
names of tokens in JSON).
"""

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

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
    rb'"(?:access_token|refresh_token|id_token|accessToken|refreshToken|idToken)"\s*:\s*"([^"\\]{8,16384})"'
)
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
        """Take the values of the credentials in the head of a message."""
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
        self.add(*(found[1].decode("latin-1") for found in TOKENS_IN_JSON.finditer(content)))

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

    @property
    def longest_form(self) -> int:
        """How many bytes the longest form has: so much of two pieces has to overlap."""
        return max((len(form) for value in self._values for form in forms_of(value)), default=0)

    def _searched(self) -> re.Pattern[bytes] | None:
        if self._pattern is None and self._values:
            forms = {form for value in self._values for form in forms_of(value)}
            self._pattern = re.compile(b"|".join(map(re.escape, sorted(forms, key=len, reverse=True))))
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
    """The ways in which the value may be written."""
    plain = value.encode("utf-8", "surrogatepass")
    in_json = json.dumps(value)[1:-1]
    percent = quote(value, safe="")
    texts = {
        value,
        quote(value),
        percent,
        percent.lower(),
        in_json,
        in_json.replace("/", "\\/"),
        html.escape(value),
    }
    forms = {text.encode("utf-8", "surrogatepass") for text in texts}
    forms.add(
        value.encode("utf-16-le", "surrogatepass")[:-1]
    )  # the same letters of UTF-16BE hold these bytes, too
    for shift in range(3):  # wherever the value begins in what is written as base64
        whole = base64.b64encode(b"\0" * shift + plain)
        cut = whole[(0, 2, 3)[shift] : len(whole) - (0, 3, 2)[(len(plain) + shift) % 3] or None].rstrip(b"=")
        if len(cut) >= LEAST_LENGTH:
            forms |= {cut, cut.replace(b"+", b"-").replace(b"/", b"_")}
    return forms


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
