"""SURT keys: a URL in canonical form with its host turned round, ``com,example)/path?query``; they sort by domain.

In: a URL as text. Out: text; never raises. The rules are those of the Wayback Machine (webarchive-commons:
``WaybackURLKeyMaker``, ``GoogleURLCanonicalizer``, ``IAURLCanonicalizer``, read 2026-11), so that our index and
that of other archives name a page alike: no scheme, user, ``www``, default port, fragment or session id; letters
lower; escapes undone and made again; the query in order. Written here because the published library is under the
AGPL, and copyleft programs run beside this one, not inside.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address
from typing import Final
from urllib.parse import unquote_to_bytes

DEFAULT_PORTS: Final = {"http": "80", "https": "443"}

HOSTS_REMEMBERED: Final = 1 << 12
"""A file has few hosts and many pages."""

OPAQUE: Final = ("filedesc:", "warcinfo:", "urn:", "mailto:", "about:", "data:")
"""Names that hold no host: they are their own key."""

_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*)://")
_WWW: Final = re.compile(r"^(?:www\d*\.)+")
_DOTS: Final = re.compile(r"\.{2,}")
_LINE_PARTS: Final = re.compile(r"[\t\n\r]")
_ESCAPED: Final = re.compile(rb"%[0-9a-fA-F]{2}")
_TO_ESCAPE: Final = re.compile(rb"[\x00-\x20\x7f-\xff#%]")

_PATH_SESSIONS: Final = (
    re.compile(r"(?<=/)\((?:[a-z]\([0-9a-z]{24}\))+\)/(?=[^?]+\.aspx)", re.IGNORECASE),
    re.compile(r"(?<=/)\([0-9a-z]{24}\)/(?=[^?]+\.aspx)", re.IGNORECASE),
)
_SESSION_NAME: Final = re.compile(r"sid=|sessionid|cfid=", re.IGNORECASE)
"""What every query with a session id holds: the patterns below try each place of a query."""
_QUERY_SESSIONS: Final = tuple(
    re.compile(rf"^(.*)(?:{session})(?:&(.*))?$", re.IGNORECASE | re.DOTALL)
    for session in (
        "jsessionid=[0-9a-z]{32}",
        "phpsessid=[0-9a-z]{32}",
        "sid=[0-9a-z]{32}",
        "aspsessionid[a-z]{8}=[a-z]{24}",
        "cfid=[^&]+&cftoken=[^&]+",
    )
)


def surt_key(url: str) -> str:
    """Canonical key of this URL; what is no URL with a host (``urn:``, ``filedesc:``) is its own key."""
    bare = _LINE_PARTS.sub("", url.strip())
    lowered = bare[:12].lower()
    if lowered.startswith("dns:"):
        return _turned(bare[4:].lower()) + ")"
    if not bare or lowered.startswith(OPAQUE):
        return url
    found = _SCHEME.match(bare)
    scheme, rest = (found[1].lower(), bare[found.end() :]) if found else ("http", bare)
    rest = rest.partition("#")[0]
    before, _, query = rest.partition("?")
    authority, slash, path = before.partition("/")
    return f"{_site(scheme, authority)})" + _path(slash + path) + _query(query)


@lru_cache(HOSTS_REMEMBERED)
def _site(scheme: str, authority: str) -> str:
    """The host turned round, with its port where that is not the scheme's own."""
    host, port = _host_and_port(authority)
    suffix = f":{port}" if port and port != DEFAULT_PORTS.get(scheme) else ""
    return f"{_turned(_host(host))}{suffix}"


def _host_and_port(authority: str) -> tuple[str, str]:
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        address, _, port = host[1:].partition("]")
        return address, port.removeprefix(":")
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and port.isdecimal() else (host.removesuffix(":"), "")


def _host(host: str) -> str:
    # no text column holds U+0000, and no host has it: it stays escaped
    name = _unescaped(host).replace(b"\x00", b"%00").decode("utf-8", "surrogateescape")
    if ":" in name:  # an IPv6 address, already without its brackets
        return name.lower()
    name = _DOTS.sub(".", name).strip(".").lower()
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            name = _escaped(name.encode("utf-8", "surrogateescape")).lower()
    if name.isdecimal() and len(name) <= 10 and int(name) < 2**32:
        name = str(IPv4Address(int(name)))  # http://3279880203/ means a dotted address
    return _WWW.sub("", name)


def _turned(host: str) -> str:
    return host if ":" in host else ",".join(reversed(host.split(".")))


def _path(path: str) -> str:
    plain = _escaped(_resolved(_unescaped(path))).lower()
    if "(" in plain:
        for session in _PATH_SESSIONS:
            plain = session.sub("", plain, count=1)
    return plain.removesuffix("/") or "/"


def _resolved(path: bytes) -> bytes:
    """Without ``.`` and ``..`` and doubled slashes (RFC 3986 §5.2.4); always with a slash in front."""
    if path.startswith(b"/") and b"//" not in path and b"/." not in path:
        return path
    kept: list[bytes] = []
    segments = path.split(b"/")
    for segment in segments:
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    ends_in_slash = segments[-1] in (b"", b".", b"..")
    return b"/" + b"/".join(kept) + (b"/" if kept and ends_in_slash else b"")


def _query(query: str) -> str:
    if not query:
        return ""
    plain = _escaped(_unescaped(query))
    if _SESSION_NAME.search(plain):
        for session in _QUERY_SESSIONS:
            found = session.match(plain)
            if found:
                plain = found[1] + (found[2] or "")
    fields = sorted([field.partition("=") for field in plain.lower().split("&")])
    ordered = "&".join(["".join(field) for field in fields])
    return f"?{ordered}" if ordered else ""


def _unescaped(text: str) -> bytes:
    """Escapes undone until none is left: ``%2541`` is ``%41`` is ``A``."""
    content = _bytes(text)
    if b"%" not in content:
        return content
    while _ESCAPED.search(content):
        undone = unquote_to_bytes(content)
        if undone == content:
            break
        content = undone
    return content


def _bytes(text: str) -> bytes:
    """UTF-8, and the bytes that Python could not read as such; half of a surrogate pair as it would be written."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _escaped(content: bytes) -> str:
    return _TO_ESCAPE.sub(lambda byte: b"%%%02X" % byte[0][0], content).decode("ascii")
