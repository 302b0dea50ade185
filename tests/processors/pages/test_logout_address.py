"""Which addresses evidently end a session."""

import pytest

from processors.pages.logout_address import is_logout_address


@pytest.mark.parametrize(
    ("url", "ends"),
    [
        ("https://x.example/logout", True),
        ("https://x.example/user/sign-out?next=/", True),
        ("https://x.example/index.php?action=log_off&sid=1", True),
        ("https://x.example/LogOut.aspx", True),
        ("https://x.example/?do=log%20out", True),
        ("https://x.example/blog/outlook", False),
        ("https://x.example/catalogout", False),
        ("https://x.example/login", False),
        ("https://logout.example/news", False),
        ("https://[broken", False),
    ],
)
def test_the_usual_words_in_path_or_query_and_no_part_of_a_word(url: str, ends: bool) -> None:
    assert is_logout_address(url) is ends
