"""URLs as keys: the SURT under which every capture of a page is found, and the host.

In: a URL as text. Out: text. Never raises on odd input: an unparsable URL is its own key, so that a bad
link on a page cannot end a crawl. Source: the Wayback Machine's canonicalisation (webarchive-commons
``WaybackURLKeyMaker``), the same keys as in pywb's CDX files.
"""

from urllib.parse import urljoin, urlsplit

import surt


def surt_key(url: str) -> str:
    """Canonical key that sorts by domain, ``com,example)/path?query``: no scheme, ``www`` or session ids."""
    if url[:4].lower() == "dns:":
        return ",".join(reversed(url[4:].lower().split("."))) + ")"
    try:
        key: str = surt.surt(url)
    except (ValueError, AttributeError, IndexError, TypeError):
        # the library gives up in these ways on what is no URL at all
        return url
    return key


def host_of(url: str) -> str:
    """Host name in lower case without port; empty where the URL has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


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
