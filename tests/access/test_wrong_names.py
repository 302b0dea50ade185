"""What nothing in an archive could be called is wrong use, never "none found"."""

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from pipeline.cli import app
from processors.urls import is_address
from tests.access.conftest import ARTICLE, Filled
from tests.access.test_commands import Ask, ask

__all__ = ["ask"]
NO_ID = "urn:uuid:00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "words",
    [
        ["captures", "not a url"],
        ["captures", "nonsense"],
        ["captures", ""],
        ["captures", "https://"],
        ["captures", "https://[::1"],
        ["captures", "https://vesnik.example/\udcff"],
        ["search", "слова\udcff"],
        ["search", "--source", "kanaal"],
        ["search", "--source", "\udcff"],
        ["search", "--since", "2026-12-01", "--until", "2026-11-01"],
        ["search", "--since", "2026-02-30"],
        ["show", "nonsense"],
        ["show", "urn:uuid:none"],
        ["show", "sha256:12"],
        ["custody", "nonsense"],
        ["custody", "https://"],
        ["changes", "kanaal"],
        ["changes", "kanal", "--night", "2026-11-20", "--since", "2026-11-20"],
        ["coverage", "kanaal"],
        ["withheld", "kanaal"],
        ["verify", "nonsense"],
        ["judge", "nonsense", "sha256:" + "0" * 64, "same", "--reason", "seen"],
        ["parse", "news", __file__, "--url", "not a url"],
        ["import-telegram", ".", "--source", "../up"],
        ["deposit", __file__, "--source", "../up"],
    ],
    ids=lambda words: ascii(" ".join(words))[:60],
)
def test_a_slip_of_the_pen_is_no_empty_answer(ask: Ask, words: list[str]) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["captures", "https://never.example/"], 0),
        (["captures", "never.example"], 0),
        (["captures", "urn:fullPage:https://never.example/"], 0),
        (["show", NO_ID], 1),
        (["show", f"<{NO_ID}>"], 1),
        (["show", "sha256:" + "0" * 64], 1),
        (["custody", NO_ID], 1),
        (["custody", "warc/2026/11/20/kanal/none-00000.warc.gz"], 1),
        (["search", "гіпапатам", "--since", "2026-11-20", "--until", "2026-11-20"], 0),
        (["search", "--until", "9999-12-31"], 0),
    ],
)
def test_what_could_be_there_and_is_not_is_an_answer(ask: Ask, words: list[str], code: int) -> None:
    assert CliRunner().invoke(app, words).exit_code == code


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/captures?url=not%20a%20url", 422),
        ("/captures.csv?url=not%20a%20url", 422),
        ("/api/captures?url=not%20a%20url", 422),
        ("/api/captures?url=https://never.example/", 200),
        ("/captures?url=https://never.example/", 200),
        ("/captures?url=*", 200),
        ("/?since=2026-12-01&until=2026-11-01", 422),
        ("/api/search?since=2026-12-01&until=2026-11-01", 422),
        ("/api/changes?source=kanaal", 404),
    ],
)
def test_the_pages_and_the_api_say_the_same(analyst: TestClient, path: str, status: int) -> None:
    assert analyst.get(path).status_code == status


def test_every_address_of_the_archive_may_be_asked_for(filled: Filled) -> None:
    others = ("vesnik.example", "HTTP://a.example:8080/x?y=1#z", "http://[2001:db8::1]/", "dns:a.example", ARTICLE)
    assert [url for url in (*filled.captures, *others) if not is_address(url)] == []
