"""Which links belong to a source."""

import pytest

from crawlers.watchlist.source import Source, in_scope, scope_of


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://example.org/a", True),
        ("https://www.example.org/a", True),
        ("https://EXAMPLE.org./a", True),
        ("https://notexample.org/a", False),
        ("https://example.org.evil.example/a", False),
        ("https://other.example/news/1", True),
        ("https://other.example/newsletter", False),
        ("https://other.example/", False),
        ("mailto:someone@example.org", False),
        ("http://[broken", False),
    ],
)
def test_a_scope_is_made_of_hosts_and_beginnings_of_paths(url: str, inside: bool) -> None:
    assert in_scope(url, ("example.org", "other.example/news/")) is inside


def test_without_a_scope_the_hosts_of_the_seeds_and_mirrors_are_it() -> None:
    source = Source(id="n", kind="news", feeds=("https://www.news.example/rss",), mirrors=("mirror.example",))
    assert scope_of(source) == ("news.example", "mirror.example")


def test_mirrors_are_limited_to_the_same_paths() -> None:
    source = Source(id="n", kind="news", scope=("news.example/a/",), mirrors=("mirror.example",))
    assert scope_of(source) == ("news.example/a/", "mirror.example/a/")
