"""Addresses are resolved as browsers resolve them, held against the cases of the web platform tests."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.urls import LONGEST_LINK, resolve, resolve_location

WHATWG = "urls/whatwg"


def cases(realdata: Path, name: str) -> list[dict[str, Any]]:
    """The cases of a file of the web platform tests, without the comments that stand between them."""
    found = json.loads((realdata / WHATWG / name).read_text("utf-8"))
    return [case for case in found if isinstance(case, dict)]


def wanted(case: dict[str, Any]) -> str | None:
    """What a crawler gets of a case: no fragment, and nothing but http and https."""
    address = str(case.get("href", "")).partition("#")[0]
    return address if address.startswith(("http://", "https://")) else None


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "count"), [("urltestdata.json", 381), ("ada_extra_urltestdata.json", 14)])
def test_every_case_of_url_parsing_resolves_as_in_browsers(realdata: Path, name: str, count: int) -> None:
    tried = cases(realdata, name)
    wrong = [
        (case, found)
        for case in tried
        if (found := resolve(case.get("base") or "about:blank", case["input"])) != wanted(case)
    ]

    assert len(tried) == count
    assert wrong == []


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "count"), [("toascii.json", 43), ("IdnaTestV2.json", 1046)])
def test_every_case_of_host_names_gives_the_host_that_browsers_ask(realdata: Path, name: str, count: int) -> None:
    tried = cases(realdata, name)
    wrong = [
        (case, found)
        for case in tried
        if (found := resolve("about:blank", f"https://{case['input']}/x"))
        != (f"https://{case['output']}/x" if case["output"] else None)
    ]

    assert len(tried) == count
    assert wrong == []


@pytest.mark.realdata
def test_a_query_is_written_in_the_encoding_of_its_page(realdata: Path) -> None:
    tried = [
        (case["input"], encoding, output)
        for case in cases(realdata, "percent-encoding.json")
        for encoding, output in case["output"].items()
    ]
    wrong = [
        (text, encoding, found)
        for text, encoding, output in tried
        if (found := resolve("http://a.example/", f"?{text}z", encoding)) != f"http://a.example/?{output}z"
    ]

    assert len(tried) == 7
    assert wrong == []


@pytest.mark.realdata
def test_addresses_of_real_articles_that_are_written_as_browsers_write_them_stay_as_they_are(
    realdata: Path,
) -> None:
    # some were copied with a blank or a fragment, and one names its host in letters that no request carries
    tried = [
        case["url"].strip().partition("#")[0]
        for case in json.loads((realdata / "urls/surt/real-urls.json").read_text("utf-8"))
    ]
    changed = {url: found for url in tried if (found := resolve(url, url)) != url}

    assert len(tried) > 400
    assert changed == {
        "https://seglerblog.stössenseer.de/haltet-unsere-gewaesser-sauber/": (
            "https://seglerblog.xn--stssenseer-fcb.de/haltet-unsere-gewaesser-sauber/"
        )
    }


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("/q?", "http://a.example/q?"),
        ("?", "http://a.example/x/y?"),
        ("#part", "http://a.example/x/y?b=1"),
        ("/q?#part", "http://a.example/q?"),
        ("../../../z/./", "http://a.example/z/"),
        ("%2e%2E/z", "http://a.example/z"),
        ("\\\\B.example\\c", "http://b.example/c"),
        (" \t/a\n b\r\t ", "http://a.example/a%20b"),
        ("//a.example:80/", "http://a.example/"),
        ("https://a.example:443", "https://a.example/"),
        ("https:z", "https://z/"),
        ("http:z", "http://a.example/x/z"),
        ("//Пример.example/путь?д", "http://xn--e1afmkfd.example/%D0%BF%D1%83%D1%82%D1%8C?%D0%B4"),
        ("/a|b^c`d{e}", "http://a.example/a|b%5Ec%60d%7Be%7D"),
        ("?a|b^c`d{e}'\"<>", "http://a.example/x/y?a|b^c`d{e}%27%22%3C%3E"),
        ("/%zz%4", "http://a.example/%zz%4"),
        ("//0x7f.1/", "http://127.0.0.1/"),
        ("//user:pass@a.example/", "http://user:pass@a.example/"),
        ("/\ud83d\ude00?\udc00", "http://a.example/%EF%BF%BD%EF%BF%BD?%EF%BF%BD"),
    ],
)
def test_a_link_leads_where_browsers_go(link: str, address: str) -> None:
    assert resolve("http://a.example/x/y?b=1", link) == address


@pytest.mark.parametrize(
    ("encoding", "query", "written"),
    [
        ("windows-1251", "ж\x98€†漢", "%E6%98%88%86%26%2328450%3B"),
        ("cp1251", "ж", "%E6"),
        ("KOI8-U", "ўЎ╝", "%AE%BE%26%239565%3B"),
        ("iso-8859-1", "€\x81ж", "%80%81%26%231078%3B"),
        ("windows-874", "ก\x81", "%A1%81"),
        ("x-mac-cyrillic", "ж", "%E6"),
        ("iso-8859-8-i", "א", "%E0"),
        ("gb2312", "漢€\u1e3f\U0001f600", "%9Dh%80%A8%BC%26%23128512%3B"),
        ("gb18030", "€\u9fb4\ue5e5\U0001f600", "%A2%E3%FEY%26%2358853%3B%949%FC6"),
        ("big5", "漢¢\u2400\u2550\u65e0", "%BA~%26%23162%3B%A3%C0%F9%F9%C6%D3"),
        ("euc-kr", "한갂", "%C7%D1%81A"),
        ("shift_jis", "漢①纊−¥‾ｱ", "%8A%BF%87@%FA\\%81|\\~%B1"),
        ("euc-jp", "漢①纊−¥‾ｱ", "%B4%C1%AD%A1%F9%A1%A1%DD\\~%8E%B1"),
        ("iso-2022-jp", "a漢¥\\ｶﾞж🙂", "a%1B$B4A%1B(J\\%1B(B\\%1B$B%+!+%27X%1B(B%26%23128578%3B"),
        ("utf-16le", "ж", "%D0%B6"),
        ("no such encoding", "ж", "%D0%B6"),
    ],
)
def test_a_query_is_written_as_chromium_writes_it(encoding: str, query: str, written: str) -> None:
    assert resolve("http://a.example/", f"?{query}", encoding) == f"http://a.example/?{written}"


def test_the_path_and_the_host_do_not_depend_on_the_encoding_of_the_page() -> None:
    link = "//пример.example/п?п#п"

    assert resolve("http://a.example/", link, "windows-1251") == "http://xn--e1afmkfd.example/%D0%BF?%EF"


@pytest.mark.parametrize(
    "link",
    ["javascript:void(0)", "mailto:a@a.example", "tg://resolve?domain=x", "http://", "http://a b/", "//a:99999/"],
)
def test_what_is_no_web_address_is_none(link: str) -> None:
    assert resolve("https://a.example/", link) is None


def test_an_address_longer_than_any_server_takes_is_none() -> None:
    assert (
        resolve("http://a.example/", "x" * (LONGEST_LINK - 17)) == f"http://a.example/{'x' * (LONGEST_LINK - 17)}"
    )
    assert resolve("http://a.example/", "x" * (LONGEST_LINK - 16)) is None
    assert resolve("http://a.example/", "ж" * (LONGEST_LINK // 3)) is None


@pytest.mark.parametrize(
    ("location", "address"),
    [
        (b"/q?", "http://a.example/q?"),
        (b" ../z#part ", "http://a.example/z"),
        ("/ж?ж".encode(), "http://a.example/%D0%B6?%D0%B6"),
        ("/ж?ж".encode("cp1251"), "http://a.example/%E6?%E6"),
        ("//пример.example/".encode(), "http://xn--e1afmkfd.example/"),
        ("//пример.example/".encode("cp1251"), None),
        (b"/\x00\x7f\xff", "http://a.example/%00%7F%FF"),
        (b"mailto:a@a.example", None),
    ],
)
def test_the_bytes_of_a_location_are_kept(location: bytes, address: str | None) -> None:
    assert resolve_location("http://a.example/x/y?b=1", location) == address


URLS = st.text(
    alphabet=st.sampled_from("http:/\\?#@[]%.-_ \t\n\x00\x7f\x85a1ß\u0436\u3042\ud800'\"<>^|`{}&;"), max_size=40
)
OF_PAGES = ["utf-8", "windows-1251", "koi8-u", "gb18030", "big5", "iso-2022-jp", "euc-jp", "shift_jis", "euc-kr"]
OF_NONE = ["utf-16-le", "iso2022_kr", "cp855", "idna", "base64", "no such encoding", "\0"]


@given(
    st.one_of(st.text(), URLS, URLS.map("http://a.example/".__add__)),
    st.one_of(st.text(), URLS),
    st.sampled_from(OF_PAGES + OF_NONE),
)
def test_no_text_raises_and_an_address_resolves_to_itself(base: str, link: str, encoding: str) -> None:
    for found in (resolve(base, link, encoding), resolve("https://a.example/b?c", link, encoding)):
        if found is not None:
            assert found.startswith(("http://", "https://"))
            assert found.isascii()
            assert not re.search(r"[\x00-\x20\x7f#]", found)
            assert resolve(found, found) == found
            assert resolve(found, found, encoding) == found
            assert resolve(base, found, encoding) in (found, None)


@given(st.one_of(st.binary(), URLS.map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_no_location_raises(location: bytes) -> None:
    found = resolve_location("http://a.example/", location)

    assert found is None or resolve(found, found) == found
