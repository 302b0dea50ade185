"""Only public addresses may be reached, in whatever form an address comes."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.addresses import AddressPolicy, AddressRefused, literal_address

PUBLIC = ("8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1")
INNER = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "2002:a00:1::1",
    "fd00::1",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
)


@pytest.mark.parametrize("ip", PUBLIC)
def test_public_addresses_may_be_reached(ip: str) -> None:
    AddressPolicy().check(ip)


@pytest.mark.parametrize("ip", INNER)
def test_inner_addresses_may_not(ip: str) -> None:
    with pytest.raises(AddressRefused, match="only public addresses may be reached"):
        AddressPolicy().check(ip)


def test_a_setting_opens_a_network_and_no_other() -> None:
    policy = AddressPolicy(["127.0.0.0/8"])
    policy.check("127.0.0.1")
    policy.check("::ffff:127.0.0.1")
    with pytest.raises(AddressRefused):
        policy.check("10.0.0.1")


def test_a_network_that_is_none_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1/99"):
        AddressPolicy(["127.0.0.1/99"])


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_every_form_that_carries_it(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    forms = [
        str(address),
        str(ipaddress.IPv6Address((0xFFFF << 32) + number)),
        str(ipaddress.IPv6Address((0x64FF9B << 96) + number)),
        str(ipaddress.IPv6Address((0x2002 << 112) + (number << 80))),
    ]
    assert len({allowed(form) for form in forms}) == 1


def allowed(ip: str) -> bool:
    try:
        AddressPolicy().check(ip)
    except AddressRefused:
        return False
    return True


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_address_is_known(address: ipaddress.IPv4Address) -> None:
    number, parts = int(address), address.packed
    spellings = [
        str(number),
        hex(number),
        oct(number).replace("0o", "0"),
        ".".join(hex(part) for part in parts),
        ".".join(f"0{part:o}" for part in parts),
        f"{parts[0]}.{number & 0xFFFFFF}",
        f"{parts[0]}.{parts[1]}.{number & 0xFFFF}",
    ]
    assert {literal_address(spelling) for spelling in spellings} == {address}


@pytest.mark.parametrize("name", ["example.org", "1.2.3.4.5", "a.1", "256.1.1.1", "1..2", "", "09.1"])
def test_a_name_is_no_address(name: str) -> None:
    assert literal_address(name) is None


@pytest.mark.parametrize(
    "name", ["localhost", "printer", "a.local", "db.internal", "127.1", "0x7f000001", "[::1]"]
)
def test_names_of_inner_hosts_are_not_given_to_a_proxy(name: str) -> None:
    with pytest.raises(AddressRefused):
        AddressPolicy().check_name(name)


def test_public_names_are_given_to_a_proxy() -> None:
    AddressPolicy().check_name("example.org")
