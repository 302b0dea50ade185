"""Which addresses a crawl may connect to: public ones, and networks a setting opens for tests or inner archives.

Decided on the address itself, never on a name, so that every spelling of it and every name that leads to it are
covered. IPv6 forms that carry an IPv4 address are judged by that address. Raises ``AddressRefused``.
Source: IANA special-purpose address registries, as ``ipaddress`` has them; RFC 6052 (NAT64), RFC 3056 (6to4).
"""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")
LOCAL_ENDINGS = (".localhost", ".local", ".internal", ".lan", ".home", ".home.arpa", ".intranet", ".corp")


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
        if not meant.is_global or meant.is_multicast or meant.is_reserved or meant.is_unspecified:
            raise AddressRefused(ip, f"{ip} is {_kind(meant)}; only public addresses may be reached")

    def check_name(self, host: str) -> None:
        """Judge a name that an egress proxy will resolve: refuse what is plainly no public host.

        What cannot be judged here is what the name resolves to beyond the proxy.
        """
        name = host.lower().rstrip(".")
        literal = literal_address(name)
        if literal is not None:
            self.check(str(literal))
        elif "." not in name or name.endswith(LOCAL_ENDINGS):
            raise AddressRefused(host, f"{host} names a host of a local network; only public ones may be reached")


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


def _number(part: str) -> int:
    """A part of an IPv4 address as ``inet_aton`` reads it."""
    if not part.isascii() or not part:
        raise ValueError(part)
    if part.lower().startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if part.startswith("0") and part != "0" else 10)


def _kind(address: Address) -> str:
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_unspecified:
        return "the unspecified address"
    if address.is_private:
        return "a private address"
    return "not a public address"
