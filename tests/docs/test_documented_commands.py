"""Command lines in the texts: each names what exists, and what needs no stack is run as it stands there."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile, groupby
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from crawlers.watchlist.loader import read_watchlist
from docs.generator.commands_page import commands
from pipeline.cli import app
from pipeline.config.settings import ROOT
from pipeline.output import Exit

TEXTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "dags").glob("*.py")),
    ROOT / "watchlist.yaml",
]
FENCED = re.compile(r"^( *)```(?:sh|console)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4}(?:\S+=\S* )*((?:\.venv/bin/)?letapis .+|make .+)$", re.MULTILINE)
INLINE = re.compile(r"`((?:\.venv/bin/)?letapis [a-z][^`]*|make [a-z][^`]*)`")

COMMANDS: dict[str, Any] = dict(commands())


@dataclass(frozen=True)
class Line:
    """One command line: where it stands, its words after the program, and whether it can be typed as it is."""

    text: str
    program: str
    words: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return f"{self.text}: {self.program} {' '.join(self.words)}"


def lines_of(path: Path) -> Iterator[Line]:
    content = path.read_text("utf-8")
    name = path.relative_to(ROOT).as_posix()
    for _, block in FENCED.findall(content):
        for line in block.replace("\\\n", " ").splitlines():
            yield from _line(name, line, whole=True)
    for found in INDENTED.findall(content):
        yield from _line(name, found, whole=True)
    for found in INLINE.findall(" ".join(content.split())):
        yield from _line(name, found, whole=False)


def _line(name: str, line: str, *, whole: bool) -> Iterator[Line]:
    """Each command of the line that is ours, without the variables that are set before it."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        assert not whole, f"{name}: a shell cannot read {line!r}"
        words = line.split()
    for separates, group in groupby(words, key=lambda word: word in ("&&", "|", ";")):
        given = list(dropwhile(lambda word: re.fullmatch(r"[A-Z_]+=.*", word), group))
        if not separates and given and Path(given[0]).name in ("letapis", "make"):
            yield Line(name, Path(given[0]).name, tuple(given[1:]), whole)


LINES = [line for path in TEXTS for line in lines_of(path)]
OURS = [line for line in LINES if line.program == "letapis"]


def split_command(words: tuple[str, ...]) -> tuple[str, list[str]]:
    """The name of the command, with that of its sub-command, and the rest."""
    two = " ".join(words[:2])
    return (two, list(words[2:])) if two in COMMANDS else (words[0], list(words[1:]))


def test_the_texts_have_commands() -> None:
    assert len([line for line in OURS if line.whole]) > 20
    assert {line.words[0] for line in LINES if line.program == "make"} >= {"demo", "test", "up", "docs", "lint"}


@pytest.mark.parametrize("line", OURS, ids=str)
def test_the_command_and_its_options_exist(line: Line) -> None:
    name, rest = split_command(line.words)
    assert name in COMMANDS, f"no such command: {line}"
    params = COMMANDS[name].params
    known = {option for param in params for option in (*param.opts, *param.secondary_opts)} | {"--help"}
    named = {found for word in rest for found in re.findall(r"(?<![\w-])--[a-z][a-z-]*", word)}

    assert named - known == set()


@pytest.mark.parametrize("line", [line for line in OURS if line.whole and "[" not in str(line)], ids=str)
def test_the_command_line_is_complete(line: Line) -> None:
    """Parsed as when it is typed; that a file is not here is no matter."""
    name, rest = split_command(line.words)
    if "--help" in rest:
        return
    try:
        COMMANDS[name].make_context(name, rest)
    except Exception as problem:
        if type(problem).__name__ != "BadParameter":
            raise


def test_every_target_and_variable_of_make_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    words = [(str(line), word) for line in LINES if line.program == "make" for word in line.words[:2]]
    unknown = [line for line, word in words if re.fullmatch("[a-z]+", word) and word not in targets]
    unset = [
        line
        for line, word in words
        if "=" in word and not re.search(rf"\$\((?:if \$\()?{word.partition('=')[0]}\b", makefile)
    ]

    assert unknown + unset == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_answers_for_help(name: str) -> None:
    ran = CliRunner().invoke(app, [*name.split(), "--help"])

    assert ran.exit_code == Exit.DONE
    assert "--json" in ran.output


WITHOUT_A_STACK = ("parse", "sources", "sources import")
PAGES = {"court-list": "court-list-of-cards", "notice": "notice-board-of-summonses"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        line
        for line in OURS
        if line.whole and line.text.startswith("docs/") and split_command(line.words)[0] in WITHOUT_A_STACK
    ],
    ids=str,
)
def test_what_needs_no_stack_runs_as_it_is_written(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LETAPIS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("LETAPIS_WATCHLIST", str(shutil.copy(ROOT / "watchlist.yaml", tmp_path)))
    Path("sources.csv").write_text("channel\nhttps://t.me/a_channel\n", "utf-8")
    if line.words[0] == "parse":
        shutil.copy(ROOT / "tests/processors/pages/fixtures" / PAGES[line.words[1]] / "page.html", tmp_path)

    ran = CliRunner().invoke(app, list(line.words))

    assert ran.exit_code == Exit.DONE, ran.output
    assert ran.stdout


def test_the_sources_that_are_shown_are_a_valid_watch_list(tmp_path: Path) -> None:
    text = (ROOT / "docs/add-a-source.md").read_text("utf-8")
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    file = tmp_path / "watchlist.yaml"
    file.write_text(shown, "utf-8")

    known = {source.id for source in read_watchlist(file).sources}

    named = {
        word for line in lines_of(ROOT / "docs/add-a-source.md") for word in line.words if word.startswith("a-")
    }
    assert named
    assert named <= known


@pytest.mark.parametrize("text", [path for path in TEXTS if path.suffix == ".md"], ids=lambda path: path.name)
def test_blocks_of_yaml_and_shell_can_be_read(text: Path) -> None:
    content = text.read_text("utf-8")
    for block in re.findall(r"^```ya?ml\n(.*?)^```", content, flags=re.MULTILINE | re.DOTALL):
        yaml.safe_load(block)
    for _, block in FENCED.findall(content):
        ran = subprocess.run(
            ["bash", "-n"], input=block.replace("<", "").replace(">", ""), capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
