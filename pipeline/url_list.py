"""Checks the web addresses that a person asks to archive, before anything is fetched.

In: text with one address per line (empty lines and repeats are dropped). Out: the addresses in order. Raises
`BadUrls`, which says of every bad line what is wrong with it. Only what can be told from the text alone is checked
here; what a name resolves to is checked by the recorder at the moment of connecting.
"""

import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

MOST_URLS: Final = 256
"""One mapped task each; Airflow's grid and this machine stay usable with so many (architecture, section 6)."""

LONGEST_URL: Final = 8000
"""Characters: RFC 9110, section 4.1 asks everyone to take at least 8000 octets; hardly any server takes more."""

LOCAL_NAMES: Final = (".localhost", ".local", ".internal", ".home.arpa")
"""Names that are never public: RFC 6761, RFC 6762, RFC 8375, and .internal (ICANN resolution 2024.07.29.06)."""

_NUMERIC_HOST = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}\.?", re.IGNORECASE)
_USER_INFO = re.compile(r"//[^/?#]*@")
_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f<>\"`{}|\\^]")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class BadUrl:
    """One line that cannot be archived; ``reason`` completes the sentence."""

    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        shown = _USER_INFO.sub("//(not shown)@", self.text)  # the sentence goes to logs, which others read
        shown = shown if len(shown) <= 120 else shown[:117] + "..."
        return f"Line {self.line}: {shown!r} {self.reason}"


class BadUrls(ValueError):
    """Nothing was fetched; whoever asked mends the lines named in ``problems``."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join((*problems, "Nothing was fetched.")))
        self.problems = problems


def validate_urls(text: str, *, allow_addresses: Sequence[str] = ()) -> tuple[str, ...]:
    """The addresses, each once; ``allow_addresses`` are networks (CIDR) open besides the public ones."""
    opened = tuple(ip_network(each) for each in allow_addresses)
    numbered = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    urls = tuple(dict.fromkeys(line for _, line in numbered))
    problems = [
        str(BadUrl(number, line, reason)) for number, line in numbered for reason in _problems(line, opened)
    ]
    if not numbered:
        problems.append("There is no address: write one per line, each beginning with http:// or https://.")
    if len(urls) > MOST_URLS:
        problems.append(
            f"{len(urls)} addresses are too many at once: at most {MOST_URLS}. Ask for them in several runs."
        )
    if problems:
        raise BadUrls(tuple(problems))
    return urls


def _problems(line: str, opened: Sequence[IPv4Network | IPv6Network]) -> Iterator[str]:
    """What is wrong with the line, at most one thing: the first that a person would mend."""
    if len(line) > LONGEST_URL:
        yield f"is {len(line)} characters long; servers take at most about {LONGEST_URL}."
        return
    try:
        parts = urlsplit(line)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError as problem:
        yield f"is no web address: {problem}."
        return
    if parts.scheme.lower() not in ("http", "https"):
        yield "is not a web address: it must begin with http:// or https://."
    elif _NOT_IN_URLS.search(line):
        yield "contains a space or another character that no address has; copy it from the browser's address bar."
    elif not host:
        yield "names no host."
    elif parts.username is not None or parts.password is not None:
        yield "contains a user name or password, which would stand in the archive for ever; take it out."
    elif port == 0:
        yield "names port 0, which does not exist."
    elif (address := literal_address(host)) is not None:
        if not _is_open(address, opened):
            yield f"leads to {address}, an address that is not public; only public addresses are archived."
    elif "." not in host or f".{host.lower()}".endswith(LOCAL_NAMES):
        yield f"leads to {host}, a name that is not public; only public addresses are archived."


def literal_address(host: str) -> Address | None:
    """The IP address that the host is, in any spelling that a resolver takes for one (0x7f.1, 2130706433)."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    if not _NUMERIC_HOST.fullmatch(host):
        return None
    try:
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


def _is_open(address: Address, opened: Sequence[IPv4Network | IPv6Network]) -> bool:
    inner = _embedded(address)
    if inner is not None:
        return _is_open(inner, opened)
    if any(address.version == network.version and address in network for network in opened):
        return True
    return address.is_global and not address.is_multicast


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, NAT64 of RFC 6052)."""
    if not isinstance(address, IPv6Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in IPv6Network("64:ff9b::/96"):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
