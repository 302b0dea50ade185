"""Commands of custodians: who is a member of which case, `members add`, `members remove`, `members list`.

Whoever runs them has the database's account and sees every case; the pages show a case to its members alone.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from pipeline.commands.current_user import current_user
from pipeline.commands.search import archive_for_command, print_count
from pipeline.output import Exit, JsonOption, emit, fail

GROUP = typer.Typer(
    help="Say who is a member of a case, or to whom an access label is granted; without a command, list them."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user name, exactly as the person logs in.")]
CaseOption = Annotated[
    str | None, typer.Option("--case", metavar="REF", help="The case; one that does not exist yet is created.")
]
LabelOption = Annotated[
    str | None,
    typer.Option("--label", metavar="LABEL", help="Instead of a case: an access label of the watch-list."),
]


@GROUP.callback(invoke_without_command=True)
def listed(context: typer.Context, as_json: JsonOption = False) -> None:
    """Say who is a member of a case, or to whom an access label is granted; without a command, list them."""
    if context.invoked_subcommand is None:
        list_members(case=None, as_json=as_json)


@GROUP.command("add")
def add(name: Name, case: CaseOption = None, label: LabelOption = None, as_json: JsonOption = False) -> None:
    """Let a person find what belongs to a case; the change is recorded in custody."""
    _change(name, case, label, add=True, as_json=as_json)


@GROUP.command("remove")
def remove(name: Name, case: CaseOption = None, label: LabelOption = None, as_json: JsonOption = False) -> None:
    """Take that from a person again, from now on."""
    _change(name, case, label, add=False, as_json=as_json)


@GROUP.command("list")
def list_members(
    case: Annotated[
        str | None, typer.Option("--case", metavar="REF", help="List only the members of this case.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List who is a member of which case, and to whom other labels are granted."""
    from access.views.members import member_rows

    with archive_for_command() as archive:
        count = emit(member_rows(archive, case=case), as_json=as_json, human=describe_member)
    print_count(count, "membership")


def _change(name: str, case: str | None, label: str | None, *, add: bool, as_json: bool) -> None:
    from access.views.members import change_member
    from storage.access_labels import Role, Viewer

    if (case is None) == (label is None):
        raise fail("Expected --case REF or --label LABEL, and not both.", Exit.WRONG_USE)
    with archive_for_command() as archive:
        actor = Viewer(current_user(), Role.CUSTODIAN, every_label=True)
        done = change_member(archive, name, add=add, actor=actor, case=case, label=label)
    row = {
        "kind": "member_changed",
        "member": done.member,
        "case_reference": done.case_reference,
        "label": done.label,
        "event": done.event,
        "custody_seq": done.seq,
    }
    emit([row], as_json=as_json, human=describe_change)


def describe_member(row: Mapping[str, Any]) -> str:
    """One membership as a line."""
    return f"{row['member']}: {_of_what(row)}, since {row['since']}, added by {row['added_by']}"


def describe_change(row: Mapping[str, Any]) -> str:
    """What was done, as a line."""
    if row["custody_seq"] is None:
        state = "is a member already" if row["event"] == "member_added" else "is no member"
        return f"{row['member']} {state}: {_of_what(row)}. Nothing was changed."
    verb = "added to" if row["event"] == "member_added" else "removed from"
    return f"{row['member']} was {verb} {_of_what(row)} (custody entry {row['custody_seq']})."


def _of_what(row: Mapping[str, Any]) -> str:
    reference = row["case_reference"]
    return f"label {row['label']}" if reference is None else f"case {reference} (label {row['label']})"


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.add_typer(GROUP, name="members")
