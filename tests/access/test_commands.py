"""The analysts' questions as commands: the same answers as the pages, for people and for programs."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.commands.search import lines
from pipeline.config.settings import Settings, variable
from tests.access.conftest import ARTICLE, Filled, picture
from tests.typed_commands import typed

TOLD = (
    "s3_endpoint",
    "s3_bucket",
    "s3_access_key",
    "s3_secret_key",
    "lock_mode",
    "lock_days",
    "database_url",
    "database_writer_url",
    "database_reader_url",
)


@pytest.fixture
def ask(filled: Filled, own_settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Ask":
    monkeypatch.setenv("LETAPIS_DATA", str(tmp_path))
    monkeypatch.setenv("LETAPIS_SEALING_KEYS", str(own_settings.sealing_keys_file))
    for name in TOLD:
        monkeypatch.setenv(variable(name), str(getattr(own_settings, name)))
    return Ask()


class Ask:
    """Types a command; gives what it prints."""

    def __call__(self, *words: str) -> str:
        ran = typed(*words)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def rows(self, *words: str) -> list[dict[str, Any]]:
        result = CliRunner().invoke(app, [*words, "--json"])
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]


def test_search_gives_records_with_their_own_keys(ask: Ask) -> None:
    (row,) = ask.rows("search", "затрыманні", "плошчы")
    assert (row["kind"], row["url"], row["published_at"]) == ("article", ARTICLE, "2026-11-20T18:00:00Z")
    assert "letapis show " + row["record_id"] in ask("search", "затрыманні")


def test_captures_are_listed_oldest_first(ask: Ask, filled: Filled) -> None:
    (row,) = ask.rows("captures", ARTICLE)
    assert row["id"] == filled.one(ARTICLE).id
    assert row["id"] in ask("captures", ARTICLE)


def test_show_knows_captures_records_and_media_by_their_id(ask: Ask, filled: Filled) -> None:
    (capture,) = ask.rows("show", filled.one("https://vesnik.example/a.png").id)
    (record,) = ask.rows("show", ask.rows("search", "затрыманні")[0]["record_id"])
    (medium,) = ask.rows("show", capture["medium"])
    assert [capture["kind"], record["kind"], medium["kind"]] == ["capture_facts", "article", "medium"]
    assert "  block digest: sha256:" in ask("show", filled.one(ARTICLE).id)


def test_show_says_when_nothing_has_that_name(ask: Ask) -> None:
    result = CliRunner().invoke(app, ["show", "urn:uuid:00000000-0000-4000-8000-000000000000"])
    assert result.exit_code == 1


def test_similar_finds_the_same_file_and_what_looks_like_it(ask: Ask, filled: Filled, tmp_path: Path) -> None:
    file = tmp_path / "in-hand.png"
    file.write_bytes(picture("PNG"))
    rows = ask.rows("similar", str(file))
    assert (rows[0]["algorithm"], rows[0]["distance"], rows[0]["file"]) == ("sha256", 0, str(file))
    assert rows[0]["capture_ids"] == [filled.one("https://vesnik.example/a.png").id]
    assert filled.one("https://vesnik.example/b.jpg").id in rows[1]["capture_ids"]


def test_nothing_found_is_an_answer(ask: Ask) -> None:
    assert ask.rows("search", "гіпапатам") == []
    assert ask.rows("captures", "https://never.example/") == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": 1, "b": None, "c": [], "d": ""}, ["a: 1"]),
        ({"a_b": {"c": "x"}}, ["a b:", "  c: x"]),
        ({"a": [{"b": 1, "c": 2}, "d"]}, ["a:", "- b: 1", "  c: 2", "- d"]),
        ({"a": 0, "b": False}, ["a: 0", "b: False"]),
    ],
)
def test_a_value_is_said_line_by_line(value: dict[str, Any], said: list[str]) -> None:
    assert list(lines(value)) == said
