"""Which addresses a crawl may connect to: public ones, and networks a setting opens for tests or inner archives.

One policy for the form, the commands and the recorder. ``check`` decides on the address itself, so that every
spelling of it and every name that leads to it are covered; IPv6 forms that carry an IPv4 address are judged by
that address. ``check_name`` judges what can be judged of a host as it is written. Both raise ``AddressRefused``.
Sources: IANA IPv4 and IPv6 special-purpose address registries (entries up to RFC 9637 and RFC 9780) and IPv6
address space registry; RFC 6052 (NAT64), RFC 3056 (6to4), RFC 3879 (site-local), RFC 7526 (6to4 relays).
"""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
IPV4_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is given out for use between networks; whatever lies outside is no public address."""

SPECIAL: Final = {
    "a loopback address": ("127.0.0.0/8", "::1/128"),
    "a link-local address": ("169.254.0.0/16", "fe80::/10"),
    "a multicast address": ("224.0.0.0/4", "ff00::/8"),
    "the unspecified address": ("0.0.0.0/32", "::/128"),
    "a private address": (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "fc00::/7",
        "fec0::/10",
        "64:ff9b:1::/48",
    ),
    "an address for documentation and tests": (
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "198.18.0.0/15",
        "2001:db8::/32",
        "3fff::/20",
        "2001:2::/48",
        "100::/64",
        "100:0:0:1::/64",
    ),
    "an address with a special purpose": (
        "0.0.0.0/8",
        "192.0.0.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.175.48.0/24",
        "240.0.0.0/4",
        "2001::/23",
        "2620:4f:8000::/48",
        "5f00::/16",
    ),
}
"""Networks that are no public place to collect from, whether a router would pass them on or not."""

LOCAL_ENDINGS: Final = (
    ".localhost",
    ".local",
    ".internal",
    ".lan",
    ".home",
    ".home.arpa",
    ".intranet",
    ".corp",
)
"""RFC 6761, RFC 6762, RFC 8375; .internal (ICANN resolution 2024.07.29.06); names that local networks use."""

NOT_IN_HOSTS: Final = re.compile(r"[\x00-\x20\x7f%<>\"`{}|\\^/?#@:\[\]]")
NUMERIC: Final = re.compile(r"0x[0-9a-f]*|[0-9]+", re.IGNORECASE | re.ASCII)
DOTS: Final = str.maketrans("\u3002\uff0e\uff61", "...")
"""What name resolution reads as a dot (RFC 3490, section 3.1)."""

_SPECIAL: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ipaddress.ip_network(network), kind) for kind, networks in SPECIAL.items() for network in networks
)


class AddressRefused(Exception):
    """The policy does not allow this address; ``reason`` is a sentence for people."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(reason)
        self.address = address
        self.reason = reason


class AddressPolicy:
    """Public addresses, and ``allowed_networks`` in CIDR form; raises ``ValueError`` where one is none."""

    def __init__(self, allowed_networks: Iterable[str] = ()) -> None:
        self._allowed = tuple(ipaddress.ip_network(network) for network in allowed_networks)

    def check(self, ip: str) -> None:
        """Return if the address may be connected to; raise ``AddressRefused`` otherwise."""
        address = ipaddress.ip_address(ip.partition("%")[0])
        meant = embedded_ipv4(address) or address
        if any(each in network for network in self._allowed for each in (address, meant)):
            return
        kind = special_kind(meant)
        if kind is not None:
            raise AddressRefused(ip, f"{ip} is {kind}; only public addresses may be reached")

    def check_written(self, host: str) -> None:
        """Refuse a host that is written so that one program may read another address in it than the next one."""
        name = host.strip("[]").rstrip(".")
        if literal_address(name) is not None:
            return
        if NOT_IN_HOSTS.search(name):
            raise AddressRefused(host, f"{host} is not a host name; write it as it stands in the address bar")
        plain = plain_digits(name)
        if NUMERIC.fullmatch(plain.rpartition(".")[2]):
            why = "in digits or dots of another script" if plain != name else "that ends in a number"
            raise AddressRefused(
                host,
                f"{host} is a host {why}; only names and plain addresses (192.0.2.1, [2001:db8::1]) are taken",
            )

    def check_name(self, host: str) -> None:
        """Judge a host before anything is resolved: refuse what is plainly no public one.

        What cannot be judged here is what a name resolves to.
        """
        self.check_written(host)
        name = plain_digits(host.lower()).rstrip(".")
        literal = literal_address(name)
        if literal is not None:
            self.check(str(literal))
        elif "." not in name or f".{name}".endswith(LOCAL_ENDINGS):
            raise AddressRefused(host, f"{host} names a host of a local network; only public ones may be reached")


def special_kind(address: Address) -> str | None:
    """What the address is if it is no public one, as the end of a sentence; None where it is public."""
    for network, kind in _SPECIAL:
        if address.version == network.version and address in network:
            return kind
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_UNICAST:
        return "not a public address"
    return None


def embedded_ipv4(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one carries (mapped, compatible, NAT64, 6to4), else None."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in NAT64 or (address in IPV4_COMPATIBLE and int(address) > 0xFFFF):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def literal_address(host: str) -> Address | None:
    """The address a host stands for if it is no name, decimal, octal and hexadecimal spellings included."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    parts = host.split(".")
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return None
    *leading, last = numbers
    if len(numbers) > 4 or any(number > 0xFF for number in leading) or last >= 1 << (8 * (5 - len(numbers))):
        return None
    value = last
    for place, number in enumerate(leading):
        value += number << (8 * (3 - place))
    return ipaddress.IPv4Address(value)


def plain_digits(host: str) -> str:
    """The host with compatibility forms, dots and digits of every script as plain ones (UTS 46)."""
    if host.isascii():
        return host
    folded = unicodedata.normalize("NFKC", host.translate(DOTS)).translate(DOTS)
    return "".join(
        str(unicodedata.decimal(each)) if not each.isascii() and each.isdecimal() else each for each in folded
    )


def _number(part: str) -> int:
    """A part of an IPv4 address as ``inet_aton`` reads it."""
    if not NUMERIC.fullmatch(part):
        raise ValueError(part)
    if part.lower().startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") and part != "0" else 10)
