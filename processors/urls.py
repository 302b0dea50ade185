"""Links and hosts: a URL's host name, and a link as meant on its page.

In: a URL as text. Out: text. Never raises on odd input, so that a bad link on a page cannot end a crawl.
"""

import re
from urllib.parse import urljoin, urlsplit


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
