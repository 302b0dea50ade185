"""The rules of the house that a machine can check: what is imported, named, locked, documented and run in CI."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest
from typer.main import get_group

from docs.generator.commands_page import commands_page
from pipeline.cli import app
from pipeline.config.settings import ROOT

PACKAGES = ("access", "crawlers", "dags", "pipeline", "plugins", "processors", "samples", "storage")

MACHINE_PATH = re.compile(r"(?<![\w.~:/-])/(?:work|farm|root|home)/")
"""Folders of one machine or one person at the beginning of a path, not inside an address or a longer path."""

EXCEPTION_WITHOUT_REASON = re.compile(r"#\s*(?:noqa(?::[ A-Z0-9,]+)?|type:\s*ignore(?:\[[\w, -]+\])?)\s*$")

DOCUMENTED = re.compile(r"(?:\.venv/bin/)?\bletapis ([a-z][a-z-]*)")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def lines_matching(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    found = []
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), start=1)
            if pattern.search(line)
        ]
    return found


def python_files() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_of_ours_is_this_trees_and_no_others_of_the_same_name(package: str) -> None:
    spec = importlib.util.find_spec(package)

    assert spec is not None
    assert spec.origin == str(ROOT / package / "__init__.py")


def test_the_lock_names_no_address_and_a_digest_for_every_package() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    requirements = re.split(r"\n(?=\S)", lock.strip())

    assert "://" not in lock
    assert [one.splitlines()[0] for one in requirements if "--hash=sha256:" not in one] == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    captured = ("tests/data/", "samples/")  # pages quote what sites said

    own = [path for path in tracked() if not path.relative_to(ROOT).as_posix().startswith(captured)]

    assert lines_matching(MACHINE_PATH, own) == []


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "tools"}

    assert [path.relative_to(ROOT).as_posix() for path in python_files() if path.stem in drawers] == []


def test_a_rule_turned_off_has_its_reason_beside_it() -> None:
    assert lines_matching(EXCEPTION_WITHOUT_REASON, python_files()) == []


def documents() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), ROOT / "Makefile", *sorted((ROOT / "docs").rglob("*.md")), *dag_files()]


def dag_files() -> list[Path]:
    return sorted((ROOT / "dags").glob("*.py"))


def test_every_documented_command_exists() -> None:
    commands = set(get_group(app).commands)
    documented = {
        (path.relative_to(ROOT).as_posix(), word)
        for path in documents()
        for line in path.read_text("utf-8").splitlines()
        # in code only: backticks, a shell line, a recipe
        for code in (re.findall(r"`([^`]+)`", line) or ([line] if line.startswith(("    ", "\t", "$ ")) else []))
        for word in DOCUMENTED.findall(code)
    }

    assert {(where, word) for where, word in documented if word not in commands} == set()


def test_every_command_is_in_the_reference() -> None:
    commands = set(get_group(app).commands)
    words = set(DOCUMENTED.findall(commands_page()))

    assert commands - words == set()


def test_every_documented_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    text = "\n".join(path.read_text("utf-8") for path in documents())

    assert set(re.findall(r"`make ([a-z]+)", text)) - targets == set()


def test_ci_runs_every_check() -> None:
    recipe = subprocess.run(
        ["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")
    for check in ("ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"):
        assert check in recipe
