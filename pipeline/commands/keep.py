"""Commands of the archive's keeping: `deposit`, `verify`, `rebuild`."""

import typer


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
