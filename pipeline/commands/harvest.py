"""Commands that collect on the running stack: `harvest`, `archive`."""

import typer


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
