"""Heads of requests and responses, put together from what a browser reports of them.

In: names and values as Chromium's protocol gives them (values of a field that came twice are apart by line ends).
Out: heads in the form of HTTP/1.1, whatever protocol was spoken, since WARC has no other. No line of them is
claimed to be as it was sent.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from crawlers.browser.network_events import ReceivedFields

OF_THE_TRANSFER: Final = frozenset(("content-encoding", "transfer-encoding", "content-length", "trailer"))
"""Fields that speak of what the browser has removed; left in, they would be untrue of the entity beside them."""

Fields = list[tuple[str, str]]


def request_head(method: str, url: str, reported: Mapping[str, str]) -> bytes:
    """The head of a request; pseudo-fields of HTTP/2 (RFC 9113, section 8.3) become its first lines."""
    fields = _fields(reported)
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = reported.get(":authority") or parts.netloc.rpartition("@")[2]
    named = [(name, value) for name, value in fields if not name.startswith(":")]
    if all(name.lower() != "host" for name, _ in named):
        named.insert(0, ("Host", host))
    return _head(f"{method} {target} HTTP/1.1", named)


def head_text(received: ReceivedFields | None, paused: Iterable[Mapping[str, Any]]) -> Fields:
    """The fields of a response: as received where the browser gives that, else as it gives them to its pages."""
    if received is None:
        return [(str(each["name"]), str(each["value"])) for each in paused]
    if received.text is None:
        return [(name, value) for name, value in _fields(received.fields) if not name.startswith(":")]
    fields: Fields = []
    for line in received.text.splitlines()[1:]:
        name, colon, value = line.partition(":")
        if colon:
            fields.append((name, value.strip()))
    return fields


def response_head(
    status: int, reason: str, fields: Fields, *, body_length: int | None, keeps_length: bool
) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """The head of a response, and the fields that were left out of it.

    ``body_length`` is that of the entity beside it, None where there is none; ``keeps_length``: the response has
    no body, and speaks of another's length (``HEAD``, 304).
    """
    left = () if keeps_length else tuple(each for each in fields if each[0].lower() in OF_THE_TRANSFER)
    kept = [each for each in fields if each not in left]
    if body_length is not None and not keeps_length:
        kept.append(("Content-Length", str(body_length)))
        left = tuple(each for each in left if each[0].lower() != "content-length" or each[1] != str(body_length))
    return _head(f"HTTP/1.1 {status} {reason}", kept), left


def _fields(reported: Mapping[str, str]) -> Fields:
    return [(name, value) for name, joined in reported.items() for value in str(joined).split("\n")]


def _head(start: str, fields: Fields) -> bytes:
    lines = [start, *(f"{name}: {value}" for name, value in fields)]
    return b"\r\n".join([*map(_line, lines), b"", b""])


def _line(text: str) -> bytes:
    text = " ".join(text.splitlines())
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:  # the browser took the bytes for UTF-8
        return text.encode("utf-8", "replace")
