import pytest

from processors.surt import surt_key
from processors.web_copy import WAYBACK_SURT, WebCopy, copy_in

PAGE = "https://vesnik.pryklad.example/a?b=1"


@pytest.mark.parametrize(
    ("url", "copy", "stated"),
    [
        (f"https://web.archive.org/web/20240102030405/{PAGE}", PAGE, "2024-01-02 03:04:05"),
        (f"http://web.archive.org/web/20240102030405id_/{PAGE}#top", PAGE, "2024-01-02 03:04:05"),
        ("https://web.archive.org/web/2024/vesnik.pryklad.example/", "http://vesnik.pryklad.example/", "2024"),
        (
            "https://web.archive.org/web/202401/http:/vesnik.pryklad.example/",
            "http://vesnik.pryklad.example/",
            "2024-01",
        ),
    ],
)
def test_the_address_of_a_copy_says_of_which_page_and_moment_it_is(url: str, copy: str, stated: str) -> None:
    found = copy_in(url)
    assert found is not None
    assert (found.archive, found.url, found.stated_at) == ("web.archive.org", copy, stated)
    assert surt_key(url).startswith(WAYBACK_SURT)


@pytest.mark.parametrize(
    "url",
    [
        PAGE,
        "https://web.archive.org/",
        f"https://web.archive.org/web/*/{PAGE}",
        f"https://web.archive.org/save/{PAGE}",
        f"https://web.archive.org.example/web/20240102030405/{PAGE}",
    ],
)
def test_any_other_address_is_no_copy(url: str) -> None:
    assert copy_in(url) is None


def test_a_copy_is_a_value() -> None:
    assert copy_in(f"https://web.archive.org/web/2024/{PAGE}") == WebCopy("web.archive.org", PAGE, "2024")
