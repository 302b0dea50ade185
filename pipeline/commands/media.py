"""Commands over media files: `fingerprint`, `group`."""

import typer


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
