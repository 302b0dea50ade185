"""The command that lists who may what: `people`."""

from collections.abc import Mapping
from typing import Any

import typer

from pipeline.commands.search import archive_for_command, print_count
from pipeline.output import JsonOption, emit, warn

NO_ACCOUNTS = (
    "The auth manager of this Airflow lists no accounts, so roles and logins are not known here: those of the "
    "simple one stand in airflow.cfg. What follows are memberships and tokens."
)


def people(as_json: JsonOption = False) -> None:
    """List who may what: accounts with their role, cases, tokens and logins."""
    from pipeline.config.settings import load_settings
    from pipeline.setup.people import people_of

    with archive_for_command() as archive:
        found, listed = people_of(load_settings(), archive)
    if not listed:
        warn(NO_ACCOUNTS)
    count = emit((each.as_json() for each in found), as_json=as_json, human=describe_person)
    print_count(count, "person", "people")


def describe_person(row: Mapping[str, Any]) -> str:
    """One person in a line, what needs somebody first."""
    parts = []
    if row["account"] is False:
        parts.append("no account of this name")
    if row["active"] is False:
        parts.append("disabled")
    if row["account"]:
        roles = ", ".join(row["airflow_roles"]) or "no role"
        parts.append(f"{row['role'] or 'sees nothing'} ({roles})")
    if row["memberships"]:
        parts.append("member of " + ", ".join(row["memberships"]))
    if row["tokens"]:
        parts.append(f"{row['tokens']} valid tokens" if row["tokens"] > 1 else "1 valid token")
    if row["account"]:
        last = row["last_login"]
        parts.append("never logged in" if last is None else f"last login {last:%Y-%m-%d %H:%M} UTC")
    if row["failed_logins"]:
        parts.append(f"{row['failed_logins']} failed logins since")
    return f"{row['name']}: {'; '.join(parts)}"


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(people)
