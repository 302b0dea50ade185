import pytest

from processors.telegram.post_address import PostAddress, is_on_telegram, post_in

POST = PostAddress("pryklad_vestki", 91)


@pytest.mark.parametrize(
    "url",
    [
        "https://t.me/pryklad_vestki/91",
        "https://t.me/pryklad_vestki/91?single",
        "http://telegram.me/pryklad_vestki/91/?comment=7",
        "https://t.me/s/pryklad_vestki/91",
        "https://t.me/pryklad_vestki/91?embed=1&mode=tme",
        "https://www.telegram.dog/pryklad_vestki/91#x",
        "https://pryklad_vestki.t.me/91",
        "https://pryklad_vestki.t.me/s/91",
    ],
)
def test_an_address_of_a_post_names_its_channel_and_its_number(url: str) -> None:
    assert post_in(url) == POST
    assert is_on_telegram(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://t.me/pryklad_vestki",
        "https://t.me/s/pryklad_vestki?before=91",
        "https://t.me/c/1234567/91",
        "https://t.me/joinchat/AAAA",
        "tg://resolve?domain=pryklad_vestki&post=91",
        "https://t.me.example/pryklad_vestki/91",
        "https://example.org/t.me/pryklad_vestki/91",
    ],
)
def test_any_other_address_names_none(url: str) -> None:
    assert post_in(url) is None


def test_a_post_stands_in_its_frame_and_on_the_page_around_it() -> None:
    assert POST.frame_url == "https://t.me/pryklad_vestki/91?embed=1&mode=tme"
    assert POST.context_url == "https://t.me/s/pryklad_vestki/91"
