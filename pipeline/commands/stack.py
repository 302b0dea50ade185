"""Commands of the running stack: `up`, `doctor`, `demo`."""

import typer


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
