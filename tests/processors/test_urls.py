"""SURT keys equal the reference library's on real URLs, and no input breaks them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.surt import surt_key
from processors.urls import absolute, host_of


@pytest.mark.realdata
def test_real_urls_have_the_keys_of_the_reference_library(realdata: Path) -> None:
    cases = json.loads((realdata / "urls/surt/real-urls.json").read_text(encoding="utf-8"))
    wrong = [(case["url"], surt_key(case["url"])) for case in cases if surt_key(case["url"]) != case["surt"]]
    assert len(cases) > 400
    assert wrong == []


@pytest.mark.realdata
def test_wayback_cases_have_the_keys_the_wayback_machine_gives(realdata: Path) -> None:
    cases = json.loads((realdata / "urls/surt/webarchive-commons-cases.json").read_text(encoding="utf-8"))
    keys = [case for case in cases if case["rule"] == "wayback_key"]
    assert len(keys) == 7
    assert [surt_key(case["input"]) for case in keys] == [case["expected"] for case in keys]


def test_scheme_www_port_and_order_of_the_query_do_not_matter() -> None:
    assert surt_key("http://www.example.com:80/A?b=2&a=1") == "com,example)/a?a=1&b=2"
    assert surt_key("https://example.com/A?a=1&b=2") == "com,example)/a?a=1&b=2"


@given(st.text())
def test_any_text_has_a_key(url: str) -> None:
    assert isinstance(surt_key(url), str)


paths = st.lists(
    st.sampled_from(["a", "B", ".", "..", "/", "//", "(S(0)", ";", "x.aspx", "~", "%2e", "\u0436"]), max_size=8
)
queries = st.lists(
    st.sampled_from(
        ["a=1", "&", "B", "=", "sid=" + "0" * 32, "cfid=1&cftoken=2", "jsessionid=" + "A" * 32, "%26"]
    ),
    max_size=6,
)


@given(paths.map("".join), queries.map("".join), st.data())
def test_an_escaped_letter_changes_no_key(path: str, query: str, data: st.DataObject) -> None:
    """What holds no escape is not searched for any, nor for dots and sessions that it cannot hold."""
    rest = f"/{path}?{query}"
    letters = [
        at
        for at, letter in enumerate(rest)
        if letter.isascii() and letter.isalnum() and "%" not in rest[max(0, at - 2) : at]
    ]
    at = data.draw(st.sampled_from(letters)) if letters else None
    escaped = rest if at is None else f"{rest[:at]}%{ord(rest[at]):02x}{rest[at + 1 :]}"
    assert surt_key(f"http://a.example{escaped}") == surt_key(f"http://a.example{rest}")


@given(st.text(), st.text())
def test_a_link_becomes_a_web_address_or_nothing(base: str, link: str) -> None:
    found = absolute(base, link)
    assert found is None or found.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    "link", ["javascript:void(0)", "mailto:a@example.org", "tg://resolve?domain=x", "http://"]
)
def test_what_is_no_web_address_is_none(link: str) -> None:
    assert absolute("https://example.org/", link) is None


def test_host_is_lower_case_without_port() -> None:
    assert host_of("https://WWW.Example.org:8443/x") == "www.example.org"
    assert host_of("no address") == ""
