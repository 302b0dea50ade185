"""Every parameter of every route, asked as no form of ours would ask: answered in words, never with a 5xx."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi.dependencies.utils import get_flat_dependant
from fastapi.testclient import TestClient

from access.app import create_app
from tests.access.conftest import Filled, user_of_header
from tests.access.test_app import routes_of

TEXTS = (
    "%00",
    "%2500",
    "%ED%A0%80",  # half of a surrogate pair, as bytes that are no UTF-8
    "%FF",
    "%E2%80%AE%F0%9F%98%80",
    "'%22;--",
    "%25%5C_*",
    "%28%26%7C%21:*%29",
    "..%2F..%2Fetc%2Fpasswd",
    "a" * 20_000,
)
ADDRESSES = (
    "http://[",
    "http://%5B::1%5D:99999999/",
    "https://%D0%BD%D1%8F%D0%BC%D0%B0.example/%ED%A0%80",
    "https://" + "a" * 300 + ".example/",
    "https://vesnik.example/%25" + "25" * 2000,
    "urn:%2500",
    "*",
)
NAMES = (
    "urn:uuid:",
    "%3Curn:uuid:none%3E",
    "sha256:" + "0" * 64,
    "sha256:" + "%D9%A3" * 64,
    "sha512:" + "0" * 128,
)
NUMBERS = (
    "",
    "-1",
    "0",
    "1.5",
    "nan",
    "1e400",
    "2147483648",
    "9223372036854775808",
    "1" * 5000,
    "%D9%A3",  # a digit that is not of ASCII
    "%F0%9D%9F%97",
    "[]",
)
DAYS = (
    "9999-12-31",
    "0001-01-01",
    "10000-01-01",
    "-0001-01-01",
    "2026-02-30",
    "2026-11-23T00:00:00",
    "253402300800",
    "1e18",
)
ODD_OF = {
    "a": TEXTS[:4] + NAMES[:2],
    "b": (*TEXTS[:4], *NAMES[:2], "newest"),
    "url": TEXTS + ADDRESSES,
    "beginning": TEXTS + ADDRESSES,
    "q": (*TEXTS, "%22", "-", "or%20%22-%20or"),
    "source": TEXTS,
    "subject": TEXTS + ADDRESSES,
    "actor": TEXTS,
    "since": NUMBERS + DAYS + TEXTS[:4],
    "until": NUMBERS + DAYS + TEXTS[:4],
    "kind": (*TEXTS[:4], "1"),
    "order": (*TEXTS[:4], "1"),
    "page": NUMBERS + TEXTS[:4],
    "most": NUMBERS + TEXTS[:4],
    "offset": NUMBERS + TEXTS[:4],
    "markup": NUMBERS + TEXTS[:4],
    "at_ms": NUMBERS + TEXTS[:4],
    "window": (*TEXTS[:4], "1"),
    "id": TEXTS + NAMES + NUMBERS[:3],
}
"""What a parameter is asked as."""

OTHERS = (*TEXTS[:4], *NUMBERS[:7])
"""What a parameter is asked as that has no values of its own above."""

RIGHT = {"url": "https://vesnik.example/", "beginning": "https://", "source": "kanal", "a": "none", "b": "none"}


def questions(filled: Filled) -> Iterator[str]:
    """Each route that is asked by GET, with each of its parameters odd in turn and the others right."""
    there = quote(next(iter(filled.captures.values())).id)
    for route in routes_of(create_app(lambda: filled.archive, user_of_header)):
        if "GET" not in (route.methods or ()):
            continue
        in_path = [parameter.name for parameter in route.dependant.path_params]
        for name in in_path:
            yield from (route.path.replace("{" + name + "}", odd) for odd in TEXTS + NAMES)
        path = re.sub(r"{\w+}", there, route.path)
        in_query = [parameter.alias for parameter in get_flat_dependant(route.dependant).query_params]
        for name in in_query:
            others = "".join(f"&{each}={RIGHT[each]}" for each in in_query if each in RIGHT and each != name)
            yield from (f"{path}?{name}={odd}{others}" for odd in ODD_OF.get(name, OTHERS))


@pytest.fixture
def answering(anonymous: TestClient) -> TestClient:
    """The door as a server keeps it: an error is a 500, not an exception."""
    anonymous.headers["X-User"] = "analyst"
    with TestClient(anonymous.app, headers=anonymous.headers, raise_server_exceptions=False) as client:
        return client


def test_no_odd_parameter_of_any_route_is_an_error_of_the_server(answering: TestClient, filled: Filled) -> None:
    asked = list(questions(filled))
    assert len(asked) > 500
    failed = {}
    for question in asked:
        answer = answering.get(question)
        if answer.status_code >= 500:
            failed[question[:120]] = answer.status_code
        elif answer.status_code >= 400 and question.startswith("/api/"):
            assert json.loads(answer.text)["detail"], question
    assert failed == {}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("/?until=9999-12-31", "The last day must be at most 2999-12-31."),
        ("/?since=0001-01-01", "The first day must be at least 1000-01-01."),
        ("/?until=tomorrow", "The last day is not a valid date. Write a date like this: 2026-11-23."),
        ("/changes?source=kanal&since=9999-12-31", "The first day must be at most 2999-12-31."),
        ("/?page=0", "The page number must be at least 1."),
        ("/captures?url=a%00b", "The request contains the character U+0000, which is not allowed in text."),
    ],
)
def test_what_is_wrong_is_said_in_words(answering: TestClient, question: str, words: str) -> None:
    answer = answering.get(question)
    assert 400 <= answer.status_code < 500
    assert words in answer.text


@pytest.mark.parametrize("question", ["/api/search?q=%00", "/api/record/%00", "/api/%00", "/api/captures?url=%00"])
def test_an_address_with_a_nul_is_refused_as_json_below_the_api(answering: TestClient, question: str) -> None:
    answer = answering.get(question)
    assert answer.status_code == 400
    assert answer.json() == {"detail": "The request contains the character U+0000, which is not allowed in text."}
