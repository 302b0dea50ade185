"""Links and hosts: a URL's host name, a link as its page words it, and the address to request for it.

In: a URL as text. Out: text. Never raises on odd input, so that a bad link on a page cannot end a crawl.
`absolute` is for what a record quotes, `resolve` for what is fetched: it gives what a browser would request
(WHATWG URL Standard, https://url.spec.whatwg.org, read 2026-11).
"""

import re
from urllib.parse import urljoin, urlsplit

import ada_url

from processors.query_encoding import percent_encoded_query


def host_of(url: str) -> str:
    """Host name in lower case without port; empty where the URL has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


_NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f-\xa0\ud800-\udfff<>\"]")
_NAMES_OF_RECORDS = re.compile(r"(?:urn|dns|filedesc|warcinfo|metadata):[^/]", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Whether a capture could stand under this: a URL with a host, a host alone, or a name like ``urn:view:...``.

    Lenient, since captures of other tools stand under whatever those wrote; what has a space or no host is none.
    """
    bare = text.strip()
    if not bare or _NOT_IN_ADDRESSES.search(bare):
        return False
    if _NAMES_OF_RECORDS.match(bare):
        return True
    scheme, separator, _ = bare.partition("://")
    try:
        host = urlsplit(bare if separator else f"//{bare}").hostname
    except ValueError:
        return False
    if not host:
        return False
    return bool(separator and scheme) or "." in host.strip(".") or ":" in host


# longer ones are data or malice: browsers and servers stop far below
LONGEST_LINK = 8_192


def absolute(base: str, link: str) -> str | None:
    """``link`` as meant on the page ``base``; None for what is no web address (javascript:, mailto:, broken)."""
    if len(link) > LONGEST_LINK:
        return None
    try:
        bare = link.strip()
        joined = bare if bare[:7] == "http://" or bare[:8] == "https://" else urljoin(base, bare)
        parts = urlsplit(joined)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
        parts.port  # noqa: B018 - raises ValueError on a port that is no number
    except ValueError:
        return None
    return joined


_SURROGATES = re.compile("[\ud800-\udfff]")
_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_TABS_AND_LINE_ENDS = str.maketrans("", "", "\t\n\r")


def resolve(base: str, link: str, encoding: str = "utf-8") -> str | None:
    """The address that a browser requests when it follows ``link`` on the page ``base``, without its fragment.

    None for what is no http(s) address, and for one longer than ``LONGEST_LINK``. ``encoding`` is the page's, a
    label of the Encoding Standard or Python's name: only the query is written in it (section 4.4, query state).
    A user name and password in the link stay in the address; no request carries them.
    """
    if len(link) > LONGEST_LINK:
        return None
    scalar = link if link.isascii() else _SURROGATES.sub("\ufffd", link)
    bare = scalar.strip(_C0_AND_SPACE).translate(_TABS_AND_LINE_ENDS).partition("#")[0]
    before, mark, query = bare.partition("?")
    if query:
        # the parser would encode it as UTF-8; what is percent-encoded already it leaves alone
        bare = before + mark + percent_encoded_query(query, encoding)
    try:
        address = ada_url.join_url(base, bare)
    except ValueError:
        return None
    return address if address.startswith(("http://", "https://")) and len(address) <= LONGEST_LINK else None


def fragment_of(link: str) -> str:
    """The fragment of a link with its ``#``, which only a browser makes use of; empty where there is none."""
    _, mark, fragment = link.strip(_C0_AND_SPACE).partition("#")
    return mark + fragment


def resolve_location(base: str, location: bytes) -> str | None:
    """The address that a ``Location`` header leads to from a response of ``base``; None as in `resolve`.

    Bytes outside ASCII are percent-encoded as they are, whatever characters were meant: so does Chromium
    (``HttpResponseHeaders::IsRedirect``), which keeps them exact, while the Fetch Standard would read them as
    ISO-8859-1.
    """
    return resolve(base, "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in location))
