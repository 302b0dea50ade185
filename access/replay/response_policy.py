"""Which headers leave the replay host: those that keep a page from the live web, and few of the archive's own.

In: the capability of a request and where the host stands. Out: headers. Every answer carries
``Connection-Allowlist: (response-origin)``, which browsers that know it (Chromium 152 and later) apply to every
connection of a document or a worker. For all others, documents run no script and may load from their own
capability's path alone. Sources: CSP Level 3; HTML Standard (sandbox); WICG Connection Allowlists (read 2026-11);
Fetch Standard (nosniff).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from access.replay.capability import ReplayCapability

ALWAYS: Final[Mapping[str, str]] = {
    "Connection-Allowlist": "(response-origin)",
    "X-DNS-Prefetch-Control": "off",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=(), clipboard-read=()",
}

PASSED_ON: Final = frozenset(
    {"content-type", "content-range", "accept-ranges", "content-language", "content-encoding", "memento-datetime"}
)
"""Headers of pywb's answer that a browser gets; its length is set by who sends the bytes."""

OLDEST_CHROMIUM: Final = 152
"""The first that obeys Connection-Allowlist."""

DOCUMENTS: Final = frozenset({"document", "iframe", "frame", "embed", "object", "fencedframe"})
"""Values of Sec-Fetch-Dest that mean: a document is made of the answer."""

WORKERS: Final = frozenset({"worker", "sharedworker", "serviceworker", "audioworklet", "paintworklet"})

SHOWN_AS_DOCUMENTS: Final = re.compile(
    r"text/html|application/xhtml\+xml|text/plain|application/pdf|application/json"
    r"|image/(?:png|jpeg|gif|webp|avif|bmp|x-icon|vnd\.microsoft\.icon)|(?:video|audio)/[a-z0-9.+-]+"
)
"""What a browser may make a document of. XML and SVG have links that pywb does not rewrite: they are shown as
text.
"""

_BRAND = re.compile(r'"Chromium"\s*;\s*v="(\d+)')


def chromium_version(sec_ch_ua: str) -> int | None:
    """The major version in ``Sec-CH-UA``; None of a browser that names none."""
    found = _BRAND.search(sec_ch_ua)
    return int(found[1]) if found else None


def obeys_allowlist(headers: Mapping[str, str]) -> bool:
    """Whether the browser says of itself that it is new enough; the check page then makes sure."""
    version = chromium_version(headers.get("sec-ch-ua", ""))
    return version is not None and version >= OLDEST_CHROMIUM


def document_policy(capability: ReplayCapability, path_url: str, replay_origin: str) -> dict[str, str]:
    """Headers of a replayed answer. ``path_url``: the address of the capability's path, with a slash behind it."""
    if capability.scripts == "allowed":
        policy = (
            f"sandbox allow-scripts allow-same-origin allow-forms; "
            f"default-src {replay_origin} 'unsafe-inline' 'unsafe-eval' data: blob:; "
            f"connect-src {replay_origin} data: blob:; worker-src {replay_origin} blob:; "
            f"form-action {replay_origin}; base-uri {replay_origin}; "
            f"frame-ancestors {capability.archive_origin} {replay_origin}"
        )
        return {**ALWAYS, "Content-Security-Policy": policy, "Cross-Origin-Resource-Policy": "same-origin"}
    policy = (
        f"sandbox; default-src 'none'; script-src 'none'; img-src {path_url} data: blob:; "
        f"style-src {path_url} 'unsafe-inline' data:; font-src {path_url} data:; "
        f"media-src {path_url} data: blob:; frame-src {path_url}; "
        f"form-action 'none'; base-uri {path_url}"
    )
    # no frame-ancestors: a frame of the page stands in a document without origin, which no such policy can name;
    # a sandboxed document has no origin, and asks for its fonts as a stranger
    return {**ALWAYS, "Content-Security-Policy": policy, "Access-Control-Allow-Origin": "*"}


def passed_on(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Of pywb's headers, those that leave."""
    return ((name, value) for name, value in headers if name.lower() in PASSED_ON)


def document_type(content_type: str | None, content_encoding: str | None) -> str | None:
    """The type under which a document may be shown; None where it stays as it is.

    Markup that came through compressed was not rewritten, and is no page.
    """
    bare = (content_type or "").partition(";")[0].strip().lower()
    is_markup = bare in ("text/html", "application/xhtml+xml")
    if SHOWN_AS_DOCUMENTS.fullmatch(bare) and not (is_markup and content_encoding):
        return None
    is_text = bare.startswith("text/") or bare.endswith(("+xml", "/xml", "+json", "/javascript")) or not bare
    return "text/plain; charset=utf-8" if is_text else "application/octet-stream"
