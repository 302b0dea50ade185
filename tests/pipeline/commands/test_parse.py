"""The command `parse`: a page file in, JSON lines out."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from tests.processors.documents import packed_documents as making_packed
from tests.typed_commands import typed

FIXTURES = Path(__file__).parents[2] / "processors/pages/fixtures"
PAGE_KEYS = {"kind", "url", "outcome", "outcome_reason", "layout", "parser_version", "remarks"}
HEARING_KEYS = """
    kind url court room judge panel prosecutor_raw clerk_raw instance_raw case_number parties_raw charges_raw
    article_codes hearing_kind starts_at starts_raw status_raw verdict_raw sentence_raw documents extra officials
    struck remarks names
"""
POST_KEYS = """
    kind url channel channel_id post_id published_at edited signature text views views_raw links buttons media
    forwarded_from reply_to poll reactions link_preview service officials struck remarks names
"""
ARTICLE_KEYS = """
    kind url canonical_url title text authors published_at published_raw modified_at modified_raw language section
    tags images officials struck remarks names
"""
ENTRY_KEYS = """
    kind url register number_raw name_raw born_raw act_raw decided_by_raw decided_at_raw in_force_raw extra
    officials struck remarks names
"""
NOTICE_KEYS = """
    kind url issuer_raw title text persons_raw article_codes published_at published_raw officials struck
    remarks names
"""


def run(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    result = CliRunner().invoke(app, ["parse", *arguments, "--json"])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr


@pytest.mark.parametrize(
    ("kind", "case", "keys"),
    [
        ("telegram", "telegram-channel-2026-all-forms", POST_KEYS),
        ("news", "news-article", ARTICLE_KEYS),
        ("court-list", "court-list-wokanda", HEARING_KEYS),
        ("register", "register-of-materials", ENTRY_KEYS),
        ("notice", "notice-board-of-summonses", NOTICE_KEYS),
    ],
)
def test_the_page_comes_first_and_every_record_has_the_promised_keys(kind: str, case: str, keys: str) -> None:
    file = FIXTURES / case / "page.html"
    code, rows, _ = run(kind, str(file), "--url", "https://x.example/1", "--at", "2026-03-02T00:00:00Z")
    assert code == 0
    assert rows[0].keys() == PAGE_KEYS
    assert rows[0]["kind"] == "page"
    assert len(rows) > 1
    assert all(row.keys() == set(keys.split()) for row in rows[1:])


def test_a_captcha_page_has_an_outcome_and_no_records() -> None:
    file = FIXTURES / "refused-captcha-russian/page.html"
    code, rows, _ = run("news", str(file), "--url", "https://x.example/1")
    assert code == 0
    assert [row["kind"] for row in rows] == ["page"]
    assert rows[0]["outcome"] == "challenge"


def test_a_gzip_file_of_a_page_is_read_as_the_page(tmp_path: Path) -> None:
    packed = tmp_path / "page.html.gz"
    packed.write_bytes(gzip.compress((FIXTURES / "news-article/page.html").read_bytes()))
    _, rows, _ = run("news", str(packed), "--url", "https://rechka.by/n/1")
    assert rows[1]["title"] == "Суд перанёс разгляд справы"


def test_a_layout_is_taken_from_the_watch_list(tmp_path: Path) -> None:
    watchlist = tmp_path / "watchlist.yaml"
    watchlist.write_text(
        "layouts:\n  grafik:\n    timezone: Europe/Minsk\n    columns:\n      case_number: [Индекс]\n"
        "      starts: [Когда]\n      judge: [Кто решает]\n      parties: [О ком]\n"
        "sources:\n  - id: t\n    kind: telegram\n    channel: rechka_news\n",
        encoding="utf-8",
    )
    file = FIXTURES / "court-list-with-declared-layout/page.html"
    more = ("--layout", "grafik", "--watchlist", str(watchlist))
    code, rows, stderr = run("court-list", str(file), "--url", "https://lists.example/grafik", *more)
    assert code == 0, stderr
    assert rows[0]["layout"] == "grafik"
    assert rows[1]["starts_at"] == "2026-03-06T12:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("news", "missing.html", "--url", "https://x.example/"), "missing.html: the file does not exist"),
        (
            ("news", str(FIXTURES / "news-article/page.html"), "--url", "https://x.example/", "--at", "yesterday"),
            "--at",
        ),
    ],
)
def test_wrong_use_is_said_in_words_on_stderr(arguments: tuple[str, ...], words: str) -> None:
    result = typed("parse", *arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert words in result.stderr


def test_a_document_of_a_list_is_opened_and_read(tmp_path: Path) -> None:
    rows = [["Дата і час", "Нумар справы", "Суддзя"], ["01.12.2026 10:00", "1-77/2026", "Узорны П. Р."]]
    file = tmp_path / "named-wrongly.html"
    file.write_bytes(making_packed.docx(making_packed.docx_table(rows)))
    code, (page, row), _ = run("court-list", str(file), "--url", "https://sud.pryklad.by/1")
    assert (code, page["outcome"]) == (0, "content")
    assert (row["case_number"], row["starts_at"]) == ("1-77/2026", "2026-12-01T07:00:00Z")


@pytest.mark.parametrize("spelling", ["court-list", "court_list"])
def test_a_kind_is_known_by_either_spelling(spelling: str, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<html><body><p>nothing</p></body></html>")
    code, (page, *_), _ = run(spelling, str(file), "--url", "https://court.example/")
    assert (code, page["kind"]) == (0, "page")
