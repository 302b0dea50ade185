"""What does not go with direct mode is refused, by the watch-list and where single pages are wanted."""

from pathlib import Path

import pytest

from crawlers.watchlist.engines import NO_LOGIN_IN_DIRECT_MODE, NO_VIDEO_IN_DIRECT_MODE, refusal_of_direct_mode
from crawlers.watchlist.loader import InvalidWatchlist, read_watchlist
from crawlers.watchlist.source import source_for_urls

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("engine", "video", "profile", "expected"),
    [
        ("direct", False, None, None),
        ("direct", False, "  ", None),
        ("direct", True, None, NO_VIDEO_IN_DIRECT_MODE),
        ("direct", False, "board", NO_LOGIN_IN_DIRECT_MODE),
        ("direct", True, "board", NO_LOGIN_IN_DIRECT_MODE),
        ("http", False, "board", None),
        ("browser", True, None, None),
    ],
)
def test_login_and_video_are_refused(engine: str, video: bool, profile: str | None, expected: str | None) -> None:
    assert refusal_of_direct_mode(engine, video=video, profile=profile) == expected


def test_linked_pages_go_with_it() -> None:
    source = source_for_urls(("https://pryklad.example/",), engine="direct", linked_pages=3)
    assert (source.engine, source.linked_pages) == ("direct", 3)


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("video: true", "video is fetched through the recorder"),
        ("allow_invalid_certificate: true", "in direct mode the browser verifies certificates"),
        ("profile: board", "a profile is used by the browser alone"),
    ],
)
def test_a_source_is_refused_with_what_direct_mode_goes_without(
    setting: str, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "watchlist.yaml"
    path.write_text(
        f"sources:\n  - {{id: a, kind: page, pages: [https://pryklad.example/], engine: direct, {setting}}}\n",
        "utf-8",
    )
    with pytest.raises(InvalidWatchlist, match=problem):
        read_watchlist(path)
