"""The generated pages name everything that there is, each with its meaning."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from crawlers.watchlist.schema import ArticleEntry, ExpectEntry, LayoutEntry, LimitsEntry, StepEntry, entry_models
from docs.generator.attribute_docs import attribute_docs
from docs.generator.commands_page import commands, commands_page
from docs.generator.dags_page import dag_files, dags_page
from docs.generator.markdown import cell, table
from docs.generator.records_page import RECORDS, kind_of, records_page
from docs.generator.settings_page import settings_page, variable_names
from docs.generator.watchlist_page import keys_of, watchlist_page
from pipeline.cli import app
from pipeline.config.parsing import READERS
from pipeline.config.settings import ROOT, SettingsError, load_settings, variable
from pipeline.output import Exit
from processors.kinds import record_kinds, source_kinds

ANY_TEXT = {
    f"LETAPIS_{name}"
    for name in (
        "DATA",
        "COLLECTOR",
        "REPLICA_REGION",
        "S3_REGION",
        "USER_AGENT",
        "WATCHLIST",
        "CONNECT_TO",
        "ALLOW_ADDRESSES",
        "UPSTREAM_CA",
        "CHROMIUM",
        "OUTLETS",
        "SEALING_KEYS",
        "LOG_KEY",
        "PACKAGE_KEY",
        "LOGIN_KEYS",
        "LOGIN_PROFILES",
        "PACKAGES",
        "VALIDATION_REPORT",
        "REPLAY_KEY",
        "SEARCH_INDEX",
    )
}
"""Settings with a reader that takes any text: paths and lists."""

VARIABLE = re.compile(r"\bLETAPIS_[A-Z0-9_]+\b")


@cache
def once(page: Callable[[], str]) -> str:
    """The page, made once for all tests."""
    return page()


def rows_of(page: str) -> list[list[str]]:
    """Every row of every table, without heads and rules."""
    lines = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in lines]


@dataclass(frozen=True)
class Documented:
    """A class as the pages are made from."""

    first: int
    """Has a text
    over two lines."""
    second: str = "text"
    """``code`` and `code`."""
    third: int = 0


def test_texts_below_fields_are_read_as_one_line_of_markdown() -> None:
    from docs.generator import attribute_docs as module

    assert module._own(Documented) == {"first": "Has a text over two lines.", "second": "`code` and `code`."}


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert cell("a | b\nc") == r"a \| b c"
    assert cell("a | `b | c`") == r"a \| `b | c`"
    assert table(("x",), [("a|b",)]) == "| x |\n| --- |\n| a\\|b |\n"


@pytest.mark.parametrize("name", variable_names())
def test_every_setting_is_in_the_reference_with_its_meaning(name: str) -> None:
    assert once(settings_page).count(f"\n### {name}\n") == 1
    section = once(settings_page).partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    found = re.match(r"\n(.+?)\n\n- Accepts: (.+)\n- Default: (.+)\n", section, re.DOTALL)

    assert found is not None, section
    assert found[1].endswith(".")


def test_a_variable_of_the_reference_is_read_by_the_settings(tmp_path: Path) -> None:
    """Given what no reader of theirs takes, each is refused by its name; those that take any text are not."""
    names = [name for name in variable_names() if not name.endswith("_NAME")]
    wrong = dict.fromkeys(names, "?")

    with pytest.raises(SettingsError) as refused:
        load_settings(wrong, dotenv=tmp_path / "none", running_stack=False)

    named = set(VARIABLE.findall(str(refused.value)))
    assert named == {variable(name) for name in READERS} - ANY_TEXT
    assert named <= set(names)


def test_every_variable_that_an_error_or_text_names_is_in_the_reference() -> None:
    """Only names of settings: the processes of a crawl hand each other variables of their own."""
    others = {"LETAPIS_ROOT", "LETAPIS_REALDATA", "LETAPIS_STRICT"}
    inner = re.compile(r"LETAPIS_(CRAWL|EGRESS)_|_$")
    texts = [
        ROOT / "README.md",
        ROOT / "ARCHITECTURE.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "dags").glob("*.py"),
    ]
    groups = {name.rpartition("_")[0] for name in variable_names()}

    found = {
        name for path in texts for name in VARIABLE.findall(path.read_text("utf-8")) if not inner.search(name)
    }

    assert found - {*variable_names(), *others, *groups} == set()


def options() -> list[tuple[str, str]]:
    return [
        (name, option)
        for name, command in commands()
        for param in command.params
        if param.param_type_name == "option"
        for option in param.opts
    ]


def section_of(name: str) -> str:
    return once(commands_page).partition(f"\n## letapis {name}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(("name", "option"), options())
def test_every_option_is_in_the_reference_with_its_meaning(name: str, option: str) -> None:
    rows = [row for row in rows_of(section_of(name)) if re.search(rf"(?<![\w-]){option}(?![\w-])", row[0])]

    assert len(rows) == 1, rows
    assert rows[0][1]


def test_the_reference_has_every_command_and_group_of_commands() -> None:
    root: Any = get_command(app)

    assert {name for name, _ in commands()} >= set(root.commands)
    assert [name for name, _ in commands() if not section_of(name)] == []


def test_every_exit_code_has_a_meaning() -> None:
    assert set(attribute_docs(Exit)) == {code.name for code in Exit}


def test_every_kind_of_record_is_in_the_reference_with_its_fields() -> None:
    page = records_page()

    assert [kind_of(record) for record in RECORDS] == list(record_kinds())
    for record in RECORDS:
        section = page.partition(f"\n## {kind_of(record)}\n")[2].partition("\n## ")[0]
        assert {row[0] for row in rows_of(section)} - {"Field"} == {
            f"`{each.name}`" for each in fields(record) if each.name != "kind"
        }


@pytest.mark.parametrize(
    "model", [*entry_models().values(), LimitsEntry, ExpectEntry, LayoutEntry, ArticleEntry, StepEntry]
)
def test_every_key_of_the_watch_list_is_in_the_reference_with_its_meaning(model: Any) -> None:
    meanings = {row[0]: row[1].partition("<br>")[0] for row in rows_of(once(watchlist_page))}

    assert [key for key in keys_of(model) if key != "kind" and not meanings.get(f"`{key}`")] == []


def test_every_kind_of_source_is_in_the_reference() -> None:
    page = watchlist_page()

    assert [kind for kind in source_kinds() if f"\n## Source of kind {kind}\n" not in page] == []


def test_every_dag_is_in_the_reference() -> None:
    assert [path.stem for path in dag_files() if f"\n## {path.stem}\n" not in once(dags_page)] == []
