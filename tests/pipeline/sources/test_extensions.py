"""`letapis sources new` and `letapis sources test`: from a page of the sample sites to a parser that a person
trusts.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from pipeline.config.settings import ROOT
from samples.sites import SampleSites
from tests.typed_commands import typed

pytestmark = pytest.mark.slow

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "extensions"
    top.mkdir()
    top.chmod(0o755)
    return top


@pytest.fixture
def letapis(folder: Path, tmp_path: Path, sample_sites: SampleSites) -> Iterator[Run]:
    told = {
        "LETAPIS_DATA": str(tmp_path / "data"),
        "LETAPIS_EXTENSIONS": str(folder),
        "LETAPIS_CONNECT_TO": sample_sites.connect_to,
        "LETAPIS_ALLOW_ADDRESSES": "127.0.0.0/8",
        "LETAPIS_UPSTREAM_CA": str(sample_sites.authority),
    }

    def run(*arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return typed(
            *("sources", *arguments),
            env={**os.environ, **told, **more},
            umask=0o002,  # as many systems set it: files open to their group
        )

    yield run


def rows(run: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture
def page_url() -> str:
    from crawlers.watchlist.loader import read_watchlist

    sources = read_watchlist(ROOT / "samples" / "watchlist.yaml").sources
    return next(source.pages[0] for source in sources if source.kind == "court_list")


def confirm(folder: Path) -> None:
    """As a person does who has read the records beside the page."""
    file = folder / "zavadski" / "expected" / "first.json"
    file.write_text(
        file.read_text("utf-8").replace('"read_by_a_person": false', '"read_by_a_person": true'), "utf-8"
    )


@pytest.mark.parametrize(("kind", "record"), [("case", "zavadski.case"), ("hearing", "hearing")])
def test_a_new_extension_runs_at_once_and_counts_once_a_person_has_read_it(
    letapis: Run, folder: Path, page_url: str, kind: str, record: str
) -> None:
    made = letapis("new", "zavadski", "--url", page_url, "--kind", kind, "--json")
    assert made.returncode == 0, made.stderr
    (row,) = rows(made)
    assert (row["outcome"], row["problems"]) == ("content", [])
    assert row["records"] > 1
    assert row["entry"] == {
        "id": "zavadski",
        "kind": "court_list" if kind == "hearing" else "register",
        "pages": [page_url],
        "parser": "zavadski.parser:Parser",
    }
    assert all((folder / "zavadski" / name).is_file() for name in row["files"])
    expected = json.loads((folder / "zavadski" / "expected" / "first.json").read_text("utf-8"))
    assert {each["kind"] for each in expected["records"]} == {record}

    unread = letapis("test", "zavadski", "--json")
    assert unread.returncode == 1
    (tried,) = rows(unread)
    assert (tried["result"], tried["records"]) == ("not_read_by_a_person", row["records"])

    confirm(folder)
    assert rows(letapis("test", "--json"))[0]["result"] == "as_expected"
    test = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "zavadski")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert test.returncode == 0, test.stdout


def test_what_is_read_otherwise_is_said_in_words_and_accepted_only_when_asked(
    letapis: Run, folder: Path, page_url: str
) -> None:
    assert letapis("new", "zavadski", "--url", page_url).returncode == 0
    confirm(folder)
    file = folder / "zavadski" / "expected" / "first.json"
    expected = json.loads(file.read_text("utf-8"))
    first = expected["records"][0]["title"]
    expected["records"][0]["title"] = "somebody else"
    expected["records"].append({"kind": "zavadski.entry", "title": "one more"})
    file.write_text(json.dumps(expected), "utf-8")

    told = letapis("test", "zavadski")
    assert told.returncode == 1
    assert f'record 1, title: expected "somebody else", found "{first}"' in told.stdout
    assert "was expected and not found" in told.stdout
    assert json.loads(file.read_text("utf-8")) == expected

    taken = letapis("test", "zavadski", "--accept")
    assert taken.returncode == 0
    assert "A person must still read 1 expectations beside their pages" in taken.stderr
    assert "somebody else" in taken.stdout
    assert "for a person to read" in taken.stderr
    written = json.loads(file.read_text("utf-8"))
    assert (written["read_by_a_person"], written["records"][0]["title"]) == (False, first)
    unread = letapis("test", "zavadski")
    assert (unread.returncode, "not read by a person" in unread.stdout) == (1, True)


def test_what_was_not_expected_is_shown_without_its_empty_fields(
    letapis: Run, folder: Path, page_url: str
) -> None:
    assert letapis("new", "zavadski", "--url", page_url, "--kind", "hearing").returncode == 0
    file = folder / "zavadski" / "expected" / "first.json"
    expected = json.loads(file.read_text("utf-8"))
    expected["records"].pop()
    file.write_text(json.dumps(expected), "utf-8")
    (row,) = rows(letapis("test", "zavadski", "--json"))
    (problem,) = row["problems"]
    assert "was found and not expected: {" in problem
    assert "null" not in problem
    assert "[]" not in problem


def test_nothing_is_written_over_unless_asked(letapis: Run, folder: Path, page_url: str) -> None:
    assert letapis("new", "zavadski", "--url", page_url).returncode == 0
    parser = folder / "zavadski" / "parser.py"
    parser.write_text("# mine\n")
    again = letapis("new", "zavadski", "--url", page_url)
    assert again.returncode == 2
    assert "there are __init__.py, parser.py" in again.stderr
    assert parser.read_text() == "# mine\n"
    assert letapis("new", "zavadski", "--url", page_url, "--force").returncode == 0
    assert parser.read_text() != "# mine\n"


@pytest.mark.parametrize(
    ("name", "more", "code", "said"),
    [
        ("json", {}, 2, "is the name of a module of Letapis, of Python"),
        ("../out", {}, 2, "expected a name of a-z"),
        ("zavadski", {"LETAPIS_EXTENSIONS": ""}, 2, "No folder of extensions is set"),
        ("zavadski", {"LETAPIS_EXTENSIONS": "/nowhere/at/all"}, 2, "there is no such folder"),
        ("zavadski", {"LETAPIS_ALLOW_ADDRESSES": ""}, 3, "Nothing was written"),
        (
            "zavadski",
            {"LETAPIS_ALLOW_ADDRESSES": ""},
            3,
            "LETAPIS_ALLOW_ADDRESSES names the networks that are open",
        ),
    ],
)
def test_what_cannot_be_begun_is_said_and_leaves_nothing(
    letapis: Run, folder: Path, page_url: str, name: str, more: dict[str, str], code: int, said: str
) -> None:
    run = letapis("new", name, "--url", page_url, **more)
    assert (run.returncode, run.stdout) == (code, ""), run.stderr
    assert said in run.stderr
    assert run.stderr.count(f"{page_url}: refused") <= 1
    assert f"{page_url}: {page_url}" not in run.stderr
    assert list(folder.iterdir()) == []


def test_an_address_without_its_scheme_is_wrong_use_before_anything_is_fetched(letapis: Run, folder: Path) -> None:
    run = letapis("new", "zavadski", "--url", "court.example/list")
    assert run.returncode == 2
    assert "begin it with http:// or https://" in run.stderr
    assert "is fetched" not in run.stderr
    assert list(folder.iterdir()) == []


def test_a_page_that_is_no_content_is_named_and_taken_only_when_forced(
    letapis: Run, folder: Path, page_url: str
) -> None:
    gone = urljoin(page_url, "/there-is-no-such-page")
    run = letapis("new", "zavadski", "--url", gone)
    assert (run.returncode, run.stdout) == (3, ""), run.stderr
    assert "soft_404: " in run.stderr
    assert "Nothing was written" in run.stderr
    assert list(folder.iterdir()) == []
    assert letapis("new", "zavadski", "--url", gone, "--force").returncode == 0
    assert (folder / "zavadski" / "parser.py").is_file()


def test_a_parser_that_raises_is_named_with_its_page(letapis: Run, folder: Path, page_url: str) -> None:
    assert letapis("new", "zavadski", "--url", page_url).returncode == 0
    parser = folder / "zavadski" / "parser.py"
    parser.write_text(parser.read_text().replace("rows = [[", "raise RuntimeError('no')\n        rows = [[", 1))
    (row,) = rows(letapis("test", "--json"))
    assert row["result"] == "unreadable"
    line = parser.read_text().partition("raise RuntimeError")[0].count("\n") + 1
    assert row["problems"] == [f"zavadski.parser:Parser: RuntimeError: no (parser.py, line {line})"]
    assert letapis("test", "--accept").returncode == 1, "nothing was read that could be accepted"
    parser.chmod(0o666)
    refused = letapis("test")
    assert refused.returncode == 2
    assert "only its owner can write there" in refused.stderr
