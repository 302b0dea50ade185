"""Only public addresses may be reached, in whatever form an address comes."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.address_policy import AddressPolicy, AddressRefused, literal_address

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
    *(  # one of each entry of the IANA special-purpose registries that is not above, and what was withdrawn
        "192.0.0.9",
        "192.0.2.1",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.99.1",
        "192.175.48.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "100::1",
        "100:0:0:1::1",
        "2001::1",  # Teredo
        "2001:1::1",
        "2001:2::1",
        "2001:3::1",
        "2001:4:112::1",
        "2001:10::1",
        "2001:20::1",
        "2001:30::1",
        "2001:db8::1",
        "2002:c058:6301::1",
        "2620:4f:8000::1",
        "3fff::1",
        "5f00::1",
        "fec0::1",
        "::ffff:0:8.8.8.8",  # IPv4-translated (RFC 2765)
        "64:ff9b::c058:6301",
        "4000::1",
    ),
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


AMBIGUOUS = (
    "\uff11\uff12\uff17.0.0.1",  # fullwidth
    "\uff18.\uff18.\uff18.\uff18",
    "\u0661\u0662\u0667.\u0660.\u0660.\u0661",  # Arabic
    "\u0967\u0968\u096d.0.0.1",  # Devanagari
    "\u2460\u2461\u2466.0.0.1",  # in circles
    "127\u30020\uff0e0\uff611",  # other dots
    "\uff10x7f.1",
    "127%2e0.0.1",
    "%31%32%37.0.0.1",
    "exam%70le.org",
    "256.1.1.1",
    "1.2.3.4.5",
    "09.1",
    "example.0x7f",
)


@pytest.mark.parametrize("host", AMBIGUOUS)
def test_a_host_in_which_programs_may_read_different_addresses_is_refused(host: str) -> None:
    opened = AddressPolicy(["0.0.0.0/0"])  # whatever the address would be
    with pytest.raises(AddressRefused):
        opened.check_written(host)
    with pytest.raises(AddressRefused):
        opened.check_name(host)


@pytest.mark.parametrize(
    "host", ["b\u00fccher.example", "\u0645\u062b\u0627\u0644\u0661.example", "a_b.example.", "4.example"]
)
def test_names_in_every_script_are_taken(host: str) -> None:
    AddressPolicy().check_name(host)


@pytest.mark.parametrize(
    "name", ["localhost", "printer", "a.local", "db.internal", "127.1", "0x7f000001", "[::1]"]
)
def test_names_of_inner_hosts_are_not_given_to_a_proxy(name: str) -> None:
    with pytest.raises(AddressRefused):
        AddressPolicy().check_name(name)


def test_public_names_are_given_to_a_proxy() -> None:
    AddressPolicy().check_name("example.org")
