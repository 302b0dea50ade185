"""The commands `tokens`, `tokens make` and `tokens revoke`: tokens by which programs ask in a person's name."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from pipeline.commands.current_user import current_user
from pipeline.commands.search import archive_for_command, print_count
from pipeline.output import Exit, JsonOption, emit, fail

GROUP: Final = typer.Typer(no_args_is_help=False)


@GROUP.callback(invoke_without_command=True)
def listed(context: typer.Context, as_json: JsonOption = False) -> None:
    """Say which tokens there are; programs ask the API by them, in a person's name."""
    if context.invoked_subcommand is None:
        list_tokens(as_json=as_json)


@GROUP.command("list")
def list_tokens(as_json: JsonOption = False) -> None:
    """List every token that was made, the newest first; never a token itself."""
    from access.views.tokens import token_rows
    from storage.access_labels import EVERYONE

    with archive_for_command() as archive:
        count = emit(token_rows(archive, viewer=EVERYONE), as_json=as_json, human=describe_token)
    print_count(count, "token")


@GROUP.command("make")
def make(
    member: Annotated[str, typer.Argument(metavar="NAME", help="In whose name it asks: as the person logs in.")],
    name: Annotated[str, typer.Option("--for", metavar="TEXT", help="What it is for, such as a program's name.")],
    scope: Annotated[
        list[str] | None, typer.Option(metavar="read|collect|custody", help="What it may do. Default: read.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="For how many days it is valid.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Make a token and print it, this once; custody records who made it, and for whom."""
    from access.views.tokens import SCOPES, token_row
    from storage.ledger.tokens import make_token

    scopes = scope or ["read"]
    for each in scopes:
        if each not in SCOPES:
            raise fail(f"--scope: expected {', '.join(SCOPES)}, found {each!r}.", Exit.WRONG_USE)
    role = max(SCOPES[each] for each in scopes)
    with archive_for_command() as archive:
        token, secret = make_token(
            archive, member, actor=current_user(), role=role, scopes=scopes, name=name, days=days
        )
    row = token_row(token) | {"token": secret}
    emit([row], as_json=as_json, human=lambda row: f"{row['token']}\n{describe_token(row)}")


@GROUP.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the token, as `tokens` lists it.")],
    as_json: JsonOption = False,
) -> None:
    """Revoke a token: from now on it opens nothing."""
    from access.views.tokens import token_row
    from storage.ledger.tokens import revoke_token

    with archive_for_command() as archive:
        token = revoke_token(archive, token_id, actor=current_user(), of=None)
    emit([token_row(token)], as_json=as_json, human=describe_token)


def describe_token(row: Mapping[str, Any]) -> str:
    """A token as a line."""
    if row["valid"]:
        state = f"valid until {row['expires_at']}"
    else:
        state = f"revoked at {row['revoked_at']}" if row["revoked_at"] else f"over since {row['expires_at']}"
    used = f"last used {row['last_used_at']}" if row["last_used_at"] else "never used"
    return f"{row['id']}  {row['member']}  {', '.join(row['scopes'])}  {state}, {used}: {row['name']}"


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.add_typer(GROUP, name="tokens")
