import re

import pytest

from processors.defanged_links import unlinked

# what Airflow's own pages take for a link in a log (its UI, 3.3.2), and in a text of Markdown (GFM autolinks)
IN_LOGS = re.compile(r"https?://[\w.-]+")
IN_MARKDOWN = re.compile(r"(https?://|www(?=\.))([-.\w]+)", re.IGNORECASE)

OWN = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "text",
    [
        "https://vesnik.example/naviny/?q=1#x",
        "HTTPS://VESNIK.example/",
        "robots.txt of http://sud.example forbids it (http://sud.example/robots.txt)",
        "seenhttps://a.example, then\nhttps://b.example",
        "www.vesnik.example and (www.sud.example)",
        f"{OWN}.zlo.example/ {OWN}@zlo.example/ {OWN}80/",
        "https://няма.example/ https://https://a.example",
    ],
)
def test_no_viewer_makes_a_link_of_it(text: str) -> None:
    said = unlinked(text, own=OWN)
    assert not IN_LOGS.search(said)
    assert not IN_MARKDOWN.search(said)
    assert said.replace("hxxp", "http").replace("www[.]", "www.").lower() == text.lower()


@pytest.mark.parametrize(
    "text", [OWN, f"{OWN}/archive/captures?url=https%3A%2F%2Fa.example", f"see {OWN}/, please"]
)
def test_links_to_our_own_pages_stay(text: str) -> None:
    assert unlinked(text, own=OWN) == text
    assert "http://" not in unlinked(text)
