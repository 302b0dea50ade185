"""The operator's folder: read only where nobody else can have changed it, and only what stands in it."""

import os
import sys
from pathlib import Path

import pytest

from crawlers.extensions.folder import ExtensionFolder
from processors.extension.code import ExtensionFault
from tests.processors.extension.extensions import FILES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the extension ``detained``, closed to others."""
    top = tmp_path / "extensions"
    (top / "detained").mkdir(parents=True)
    for name, content in FILES.items():
        (top / "detained" / name).write_bytes(content)
    for each in (top, *top.rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o644)
    return top


def fault(folder: Path | None, name: str = "detained") -> str:
    with pytest.raises(ExtensionFault) as found:
        ExtensionFolder(folder).code(name)
    return str(found.value)


def test_an_extension_is_read_whole(folder: Path) -> None:
    assert ExtensionFolder(folder).code("detained").files == FILES
    assert ExtensionFolder(folder).names() == ("detained",)


def test_stored_pages_tests_and_what_python_makes_are_no_part_of_it(folder: Path) -> None:
    before = ExtensionFolder(folder).code("detained").digest
    for path in (
        "pages/a.html",
        "expected/a.json",
        "__pycache__/parser.pyc",
        ".git/config",
        "sub/__pycache__/x.pyc",
    ):
        (folder / "detained" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "detained" / path).write_text("x")
    (folder / "detained" / "test_parser.py").write_text("assert False")
    assert ExtensionFolder(folder).code("detained").digest == before
    (folder / "detained" / "sub" / "more.py").write_text("x = 1")
    assert ExtensionFolder(folder).code("detained").digest != before


@pytest.mark.parametrize(
    "place", ["", "detained", "detained/parser.py", "detained/data/towns.json", "detained/data"]
)
@pytest.mark.parametrize("bit", [0o020, 0o002])
def test_it_is_refused_where_others_may_write(folder: Path, place: str, bit: int) -> None:
    (folder / "detained" / "data").mkdir()
    (folder / "detained" / "data" / "towns.json").write_text("{}")
    path = folder / place
    path.chmod(path.stat().st_mode | bit)
    said = fault(folder)
    assert said.startswith(f"{path}: expected that only its owner can write there, found mode 0")
    assert f"chmod go-w {path}" in said


def test_it_is_refused_where_others_may_write_above_it(folder: Path) -> None:
    folder.parent.chmod(0o777)
    assert fault(folder).startswith(
        f"{folder.parent}: expected that only its owner can write there, found mode 0777"
    )
    folder.parent.chmod(0o1777)  # as /tmp: nobody can replace what another has made there
    assert ExtensionFolder(folder).code("detained").files == FILES


@pytest.mark.parametrize("place", ["", "detained", "detained/parser.py"])
def test_it_is_refused_where_somebody_else_owns_it(folder: Path, place: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(folder / place, 4711, -1)
    assert f"{folder / place}: expected it to belong to root" in fault(folder).replace("//", "/")
    assert "found user 4711" in fault(folder)


@pytest.mark.parametrize("place", ["detained/parser.py", "detained/more"])
def test_links_are_refused_wherever_they_lead(folder: Path, place: str) -> None:
    (folder / place).unlink(missing_ok=True)
    (folder / place).symlink_to(folder.parent if place.endswith("more") else "/etc/passwd")
    assert fault(folder) == f"{folder / place}: expected a file, found a symbolic link; nothing of it was read"


def test_an_extension_that_is_a_link_is_refused(folder: Path) -> None:
    (folder / "other").symlink_to(folder / "detained")
    assert "expected a folder, found a symbolic link" in fault(folder, "other")
    (folder.parent / "linked").symlink_to(folder)
    assert "expected a folder, found a symbolic link" in fault(folder.parent / "linked")


def test_a_pipe_is_no_file(folder: Path) -> None:
    os.mkfifo(folder / "detained" / "towns.json", 0o600)
    assert fault(folder) == f"{folder / 'detained' / 'towns.json'}: expected a file, found something else"


@pytest.mark.parametrize("name", ["os", "json", "processors", "requests", "scrapy", "builtins", "letapis"])
def test_a_name_that_means_something_else_is_refused(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    (folder / name / "parser.py").write_text("class P: pass")
    assert "is the name of a module of Letapis, of Python or of an installed library" in fault(folder, name)


@pytest.mark.parametrize("name", ["..", ".", "detained/..", "/etc", "", "Detained"])
def test_a_name_that_leads_out_is_refused(folder: Path, name: str) -> None:
    assert "expected a name of a-z" in fault(folder, name)


def test_what_is_missing_is_said_with_what_there_is(folder: Path) -> None:
    assert (
        fault(folder, "wanted") == f"extension wanted: there is no folder {folder / 'wanted'}; there are: detained"
    )
    assert "LETAPIS_EXTENSIONS" in fault(None)
    assert "expected an absolute path" in fault(Path("extensions"))


def test_reading_leaves_no_trace_in_the_modules_of_this_process(folder: Path) -> None:
    before = list(sys.path), set(sys.modules)
    ExtensionFolder(folder).code("detained")
    assert list(sys.path) == before[0]
    assert not any("detained" in name for name in set(sys.modules) - before[1])
