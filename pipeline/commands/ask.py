"""The analysts' questions: `search`, `captures`, `show`, `similar`."""

import typer


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
