"""Links and hosts: a URL's host name, and a link as meant on its page.

In: a URL as text. Out: text. Never raises on odd input, so that a bad link on a page cannot end a crawl.
"""

from urllib.parse import urljoin, urlsplit


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
