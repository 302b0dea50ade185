"""What robots.txt decides."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest

from crawlers.engine.robots import HostRules, Refusal, read_rules, rules_of
from crawlers.http_client import AddressNotAllowed, FetchedResponse, FetchFailed
from processors.pages.outcome import Outcome

pytestmark = pytest.mark.slow

ROBOTS = "https://news.example/robots.txt"
TEXT = b"User-agent: *\nDisallow: /private/\n"


def answer(status: int, body: bytes = b"", *headers: tuple[str, str]) -> FetchedResponse:
    return FetchedResponse(status, "", headers, body, len(body))


def refusal(rules: HostRules, path: str, *, named: bool = False) -> str | None:
    found = rules.refusal(f"https://news.example{path}", "Mozilla/5.0", named=named)
    return None if found is None else found.reason


@pytest.mark.realdata
def test_real_files_are_read_as_two_other_parsers_read_them(realdata: Path) -> None:
    folder = realdata / "robots"
    wrong = []
    for name, gold in json.loads((folder / "verdicts.json").read_text("utf-8")).items():
        if not (folder / name).exists():
            continue
        rules = rules_of(ROBOTS, answer(200, (folder / name).read_bytes()))
        for verdict in gold["verdicts"]:
            allowed = rules.refusal(verdict["url"], verdict["agent"], named=False) is None
            if allowed is not verdict["allowed"]:
                wrong.append((name, verdict))
    assert wrong == []


def test_what_is_disallowed_is_refused_with_the_file_that_says_so() -> None:
    rules = rules_of(ROBOTS, answer(200, TEXT))
    assert refusal(rules, "/private/a") == f"{ROBOTS} disallows it"
    assert refusal(rules, "/private/a", named=True) == f"{ROBOTS} disallows it"
    assert refusal(rules, "/public") is None


def test_a_compressed_file_is_read() -> None:
    rules = rules_of(ROBOTS, answer(200, gzip.compress(TEXT), ("Content-Encoding", "gzip")))
    assert refusal(rules, "/private/a") is not None


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_no_file_allows_everything(status: int) -> None:
    assert refusal(rules_of(ROBOTS, answer(status, TEXT)), "/private/a") is None


@pytest.mark.parametrize("status", [429, 500, 502, 503, 599])
def test_a_host_that_does_not_answer_is_out_of_reach_but_for_what_the_operator_named(status: int) -> None:
    rules = rules_of(ROBOTS, answer(status, TEXT))
    assert refusal(rules, "/", named=True) is None
    why = f"{ROBOTS} answered {status}, so only pages named in the watch-list are asked for"
    assert rules.refusal("https://news.example/a", "any", named=False) == Refusal(why, Outcome.UNREACHABLE)


def test_redirects_are_followed_and_not_for_ever() -> None:
    asked: list[str] = []

    async def moved(url: str) -> FetchedResponse:
        asked.append(url)
        return answer(301, b"", ("Location", "/elsewhere")) if len(asked) == 1 else answer(200, TEXT)

    rules = asyncio.run(read_rules(ROBOTS, moved))
    assert asked == [ROBOTS, "https://news.example/elsewhere"]
    assert refusal(rules, "/private/a") is not None

    async def circling(url: str) -> FetchedResponse:
        return answer(302, b"", ("Location", "/robots.txt"))

    assert refusal(asyncio.run(read_rules(ROBOTS, circling)), "/private/a") is None


@pytest.mark.parametrize("kind", [FetchFailed, AddressNotAllowed])
def test_a_question_that_came_to_nothing_leaves_the_pages_that_the_operator_named(kind: type[FetchFailed]) -> None:
    async def silent(url: str) -> FetchedResponse:
        raise kind("no byte for 90 s")

    rules = asyncio.run(read_rules(ROBOTS, silent))
    why = f"{ROBOTS} could not be had (no byte for 90 s), so only pages named in the watch-list are asked for"
    assert rules.why == why
    assert rules.refusal("https://news.example/a", "any", named=True) is None
    assert rules.refusal("https://news.example/a", "any", named=False) == Refusal(why, kind.outcome)


@pytest.mark.parametrize("location", ["mailto:a@news.example", "http://[", "javascript:void(0)"])
def test_a_redirect_that_leads_nowhere_counts_as_none(location: str) -> None:
    async def moved(url: str) -> FetchedResponse:
        return answer(302, b"", ("Location", location))

    assert refusal(asyncio.run(read_rules(ROBOTS, moved)), "/private/a") is None


def test_a_redirect_is_resolved_as_browsers_do() -> None:
    asked: list[str] = []

    async def moved(url: str) -> FetchedResponse:
        asked.append(url)
        raw = "\\\\cdn.example\\прававы.txt".encode().decode("latin-1")
        return answer(301, b"", ("Location", raw)) if len(asked) == 1 else answer(200, TEXT)

    asyncio.run(read_rules(ROBOTS, moved))
    assert asked[1] == "https://cdn.example/%D0%BF%D1%80%D0%B0%D0%B2%D0%B0%D0%B2%D1%8B.txt"
