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


@given(st.text(alphabet=st.characters(min_codepoint=33, codec="utf-8"), max_size=40))
def test_any_path_has_one_key_however_the_address_is_written(path: str) -> None:
    key = surt_key(f"https://example.com/{path}")
    assert key.startswith("com,example)/")
    assert key == surt_key(f"http://WWW.Example.com:80/{path}")
    assert key == surt_key(f" https://user@example.com/{path} ")
    assert not set("\t\r\n ") & set(key)


@given(st.text())
def test_any_text_has_a_key_that_does_not_depend_on_its_fragment(url: str) -> None:
    assert surt_key(f"http://example.com/{url}~") == surt_key(f"http://example.com/{url}~#part")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("", "/"),
        ("/", "/"),
        ("/a/", "/a"),
        ("//a//B", "/a/b"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/..", "/"),
        ("/a/.", "/a"),
        ("/../a", "/a"),
        ("/%2e%2E/a%2Fb", "/a/b"),
        ("/.a/..b/c..", "/.a/..b/c.."),
        ("/%2541", "/a"),
        ("/a%25b", "/a%25b"),
        ("/\u0436", "/%d0%b6"),
        ("/(S(abcdefghijklmnopqrstuvwx))/a.aspx", "/a.aspx"),
        ("/(a)/b", "/(a)/b"),
    ],
)
def test_a_path_has_one_form(path: str, wanted: str) -> None:
    assert surt_key(f"http://a.example{path}") == f"example,a){wanted}"


@pytest.mark.parametrize(
    "session",
    [
        "jsessionid=" + "0A" * 16,
        "PHPSESSID=" + "0a" * 16,
        "sid=" + "0a" * 16,
        "ASPSESSIONIDABCDEFGH=" + "abcdef" * 4,
        "CFID=1234&CFTOKEN=5678",
    ],
)
def test_a_session_is_no_part_of_a_key(session: str) -> None:
    assert surt_key(f"http://a.example/?b=1&{session}") == "example,a)/?&b=1"
    assert surt_key(f"http://a.example/?{session}&b=1") == "example,a)/?b=1"
    assert (
        surt_key(f"http://a.example/?b=1&side=2&x{session[:9]}")
        == f"example,a)/?b=1&side=2&x{session[:9].lower()}"
    )


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
