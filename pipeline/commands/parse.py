"""The command that reads a page file into records: `parse`."""

import typer


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
