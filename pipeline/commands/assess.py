"""Commands of analysts who find out whether content shows what it claims: `assess`, `assessments`."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipeline.commands.arguments import archived_name
from pipeline.commands.current_user import current_user
from pipeline.commands.kinds import VERIFICATION_STATUSES, one_of
from pipeline.commands.search import archive_for_command, print_count
from pipeline.output import Exit, JsonOption, emit, fail

if TYPE_CHECKING:
    from storage.access_labels import Viewer


STATUS_METAVAR: Final = "|".join(each.replace("_", "-") for each in VERIFICATION_STATUSES)

ACTIONS: Final[Mapping[str, str]] = {
    "in_work": "begin",
    "verified": "verified",
    "refuted": "refuted",
    "disputed": "dispute",
    "unverified": "drop",
}
"""By the verification status that somebody wants, what they do by themselves."""


def assess(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="The id of a record, or the digest of a medium (sha256:...)."),
    ] = None,
    wanted: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar=STATUS_METAVAR,
            parser=one_of(lambda: VERIFICATION_STATUSES),
            help="verified and refuted are proposed, and another person confirms; disputed: you disagree; "
            "unverified: you take back your proposal, or give it up.",
        ),
    ] = None,
    confirm: Annotated[
        int | None,
        typer.Option("--confirm", min=1, metavar="NUMBER", help="Confirm this proposal of somebody else."),
    ] = None,
    place: Annotated[str | None, typer.Option("--place", metavar="TEXT", help="Where it happened.")] = None,
    happened: Annotated[str | None, typer.Option("--time", metavar="TEXT", help="When it happened.")] = None,
    method: Annotated[
        str | None, typer.Option("--method", metavar="TEXT", help="How it was found out; needed for a proposal.")
    ] = None,
    note: Annotated[
        str | None,
        typer.Option(
            "--note", metavar="TEXT", help="For colleagues; needed to disagree. It is never handed over."
        ),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(
            "--version", min=1, metavar="N", help="The version of a record it is about; else the newest."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether a record or medium shows what it claims to show; without an option, how it stands.

    It is about content. Whether bytes are those that were deposited is checked by `letapis verify`.
    """
    from access.views import assessments
    from storage.integrity.assessment import AssessmentError

    if (name is None) == (confirm is None) or (wanted is not None and confirm is not None):
        raise fail("Expected an ID, or --confirm with the number of a proposal, and not both.", Exit.WRONG_USE)
    if name is not None:
        archived_name(name)
    with archive_for_command() as archive:
        if confirm is None and wanted is None:
            found = assessments.verification_of(archive, name or "")
            row = {"kind": "verification", "subject_id": name, **found}
            emit([row], as_json=as_json, human=describe_verification)
            return
        version_id = None
        if version is not None and name is not None:
            version_id = assessments.version_numbered(archive, name, version)
            if version_id is None:
                raise AssessmentError(f"{name}: it has no version {version}.")
        fields = {
            "action": "confirm" if wanted is None else ACTIONS[wanted],
            "name": name,
            "proposal": confirm,
            "version_id": version_id,
            "place": place,
            "happened": happened,
            "method": method,
            "note": note,
        }
        row = assessments.assess(archive, fields, actor=_actor())
    emit([row], as_json=as_json, human=describe_assessment)


def list_assessments(
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar=STATUS_METAVAR,
            parser=one_of(lambda: VERIFICATION_STATUSES),
            help="List only what stands so now; may be repeated.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List what was assessed, with its verification status, the newest first."""
    from access.views import assessments

    with archive_for_command() as archive:
        rows = assessments.assessed(archive, status or ())
    print_count(emit(rows, as_json=as_json, human=describe_verification), "record or medium", "records and media")


def describe_assessment(row: Mapping[str, Any]) -> str:
    """An act as a line or two."""
    number = row["custody_seq"]
    about = f"{row['subject_kind']} {row['subject_id']}"
    if row["version"]:
        about += f", version {row['version']}"
    said = {
        "assessment_begun": f"{about}: {row['actor']} is looking into it.",
        "assessment_proposed": f"Proposal {number}: {about} is {row['finding']}. By {row['actor']}. "
        f"{row['method']}\n  Somebody else is to confirm it: `letapis assess --confirm {number}`, or its page.",
        "assessment_confirmed": f"{about}: {row['finding']}, confirmed by {row['actor']}.",
        "assessment_disputed": f"{about}: disputed by {row['actor']}: {row['note']}",
        "assessment_dropped": f"{about}: taken back by {row['actor']}.",
    }[row["event"]]
    return f"{said}\n  Custody entry {number}; it is {row['status'].replace('_', ' ')} now."


def describe_verification(row: Mapping[str, Any]) -> str:
    """How one record or medium stands."""
    parts = [f"{row['subject_id']}: {row['status'].replace('_', ' ')}"]
    if row["version"]:
        parts.append(f" on version {row['version']}" + ("; edited since" if row["edited_since"] else ""))
    if row["by"]:
        parts.append(f", by {row['by'][0]}, confirmed by {row['by'][1]}, {row['since']}")
    lines = ["".join(parts)]
    if row.get("heading"):
        lines.append(f"  {row['heading']}")
    lines += [f"  {label}: {row[key]}" for label, key in FOUND_OUT if row[key]]
    if row["waiting"] is not None:
        waiting = row["waiting"]
        lines.append(
            f"  Proposal {waiting['custody_seq']} of {waiting['actor']} ({waiting['finding']}) waits for a second "
            "person."
        )
    lines += [
        f"  {each['at']} {each['actor']}: {each['event'].removeprefix('assessment_')}" for each in row["history"]
    ]
    return "\n".join(lines)


FOUND_OUT: Final = (("Place", "place"), ("Time", "happened"), ("Method", "method"))


def _actor() -> "Viewer":
    from storage.access_labels import Role, Viewer

    return Viewer(current_user(), Role.COLLECTOR, every_label=True)


COMMANDS: Final[Mapping[str, Callable[..., None]]] = {"assess": assess, "assessments": list_assessments}


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    for name, command in COMMANDS.items():
        app.command(name)(command)
