"""What robots.txt decides."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest

from crawlers.engine.robots import HostRules, read_rules, rules_of
from crawlers.http_client import FetchedResponse, FetchFailed

pytestmark = pytest.mark.slow

ROBOTS = "https://news.example/robots.txt"
TEXT = b"User-agent: *\nDisallow: /private/\n"


def answer(status: int, body: bytes = b"", *headers: tuple[str, str]) -> FetchedResponse:
    return FetchedResponse(status, "", headers, body, len(body))


def refusal(rules: HostRules, path: str, *, named: bool = False) -> str | None:
    return rules.refusal(f"https://news.example{path}", "Mozilla/5.0", named=named)


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


@pytest.mark.parametrize("status", [500, 502, 503, 599])
def test_a_failing_server_allows_only_what_the_operator_named(status: int) -> None:
    rules = rules_of(ROBOTS, answer(status, TEXT))
    assert refusal(rules, "/", named=True) is None
    assert f"answered {status}, so only pages named in the watch-list" in (refusal(rules, "/a") or "")


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


def test_a_host_that_cannot_be_reached_decides_nothing() -> None:
    async def silent(url: str) -> FetchedResponse:
        raise FetchFailed("no byte for 90 s")

    rules = asyncio.run(read_rules(ROBOTS, silent))
    assert refusal(rules, "/private/a") is None
    assert rules.why == "robots.txt could not be had: no byte for 90 s"
