"""Each command is found in the group that the table names, and imports no other."""

import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from pipeline.cli import GROUPS


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_the_commands_that_the_table_names(group: str) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    import_module(f"pipeline.commands.{group}").register(app)
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    assert tuple(command.commands) == GROUPS[group]


def test_archive_imports_neither_readers_of_pages_nor_other_groups_before_it_takes_the_addresses() -> None:
    code = (
        "import sys; sys.argv = ['letapis', 'archive', 'no-address']\n"
        "from pipeline.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sorted(name for name in sys.modules if name.startswith(('processors.', 'pipeline.commands.'))))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = ran.stdout.splitlines()[-1].split()
    assert "processors.kinds" not in loaded
    assert [name for name in loaded if name.startswith("pipeline.commands.")] == [
        "pipeline.commands.archive",
        "pipeline.commands.current_user",
    ]
