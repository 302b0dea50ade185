"""Commands that the law may ask for: to take out of sight and give back, to purge, to hold and to release."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.arguments import archived_name
from pipeline.commands.current_user import current_user
from pipeline.commands.search import archive_for_command, print_count
from pipeline.output import Exit, JsonOption, counted, emit, err, fail

if TYPE_CHECKING:
    from storage.access_labels import Viewer

Name = Annotated[
    str,
    typer.Argument(metavar="ID", help="The id of a capture or a record, or the digest of a medium (sha256:...)."),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the two people alone are shown it.")]
Second = Annotated[
    str, typer.Option("--second", metavar="NAME", help="Who is to confirm it, with a login of their own.")
]


def quarantine(name: Name, reason: Reason, as_json: JsonOption = False) -> None:
    """Hide a capture, record or medium at once, until two people withdraw it or give it back."""
    from access.views import hidden

    archived_name(name)
    with archive_for_command() as archive:
        row = hidden.quarantine(archive, name, actor=_actor(), reason=reason)
    emit([row], as_json=as_json, human=describe_act)


def withdraw(
    name: Name,
    reason: Reason,
    basis: Annotated[
        str,
        typer.Option(
            "--basis", metavar="TEXT", help="The legal basis; it stands in the place of what is withdrawn."
        ),
    ],
    second: Second,
    as_json: JsonOption = False,
) -> None:
    """Propose to withdraw a capture, record or medium; it is hidden once the second person has confirmed."""
    from access.views import hidden

    archived_name(name)
    with archive_for_command() as archive:
        row = hidden.propose_withdrawal(archive, name, actor=_actor(), reason=reason, basis=basis, second=second)
    emit([row], as_json=as_json, human=describe_act)


def restore(name: Name, reason: Reason, second: Second, as_json: JsonOption = False) -> None:
    """Propose to give back what was withdrawn or quarantined by mistake; the second person confirms."""
    from access.views import hidden

    archived_name(name)
    with archive_for_command() as archive:
        row = hidden.propose_restoration(archive, name, actor=_actor(), reason=reason, second=second)
    emit([row], as_json=as_json, human=describe_act)


def purge(
    name: Name,
    reason: Reason,
    basis: Annotated[
        str,
        typer.Option("--basis", metavar="TEXT", help="The legal basis; it stands in the place of each record."),
    ],
    second: Second,
    as_json: JsonOption = False,
) -> None:
    """Propose to delete the bytes of what is withdrawn, in every store; the second person confirms."""
    from access.views.hidden import act_row
    from access.views.purges import propose_purge

    archived_name(name)
    with archive_for_command() as archive:
        act, scope = propose_purge(archive, name, actor=_actor(), reason=reason, basis=basis, second=second)
    emit([act_row(act)], as_json=as_json, human=describe_act)
    err.print(
        f"It takes {counted(scope.captures, 'capture')} out of {counted(len(scope.files), 'file')}, to be written "
        f"anew. Revisits that refer to what goes: {len(scope.dependents)}; they stay hidden. Nothing brings back "
        "what is purged.",
        markup=False,
    )


def purges(
    run: Annotated[
        bool,
        typer.Option("--run", help="Do what can be done now, as the DAG `copies` does every ten minutes."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List every purge that was ordered: what is gone, what is due and why; exit code 3 if one is overdue."""
    from access.views.purges import purge_rows, purges_of
    from pipeline.config.settings import load_settings
    from pipeline.handover.ordered_build import remove_what_may_not_go
    from pipeline.operations.purge_run import run_purges

    with archive_for_command() as archive:
        if run:
            settings = load_settings()
            done = run_purges(
                settings,
                archive,
                actor=current_user(),
                on_progress=lambda sentence: err.print(sentence, markup=False),
            )
            rows = purge_rows(archive, done)
            for package_id in remove_what_may_not_go(settings, archive):
                err.print(
                    f"The files of package {package_id} were removed: they held what may not go.", markup=False
                )
        else:
            rows = purges_of(archive)
    print_count(emit(rows, as_json=as_json, human=describe_purge), "purge")
    if any(row["state"] == "overdue" for row in rows):
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def withdrawals(
    confirm: Annotated[
        int | None,
        typer.Option("--confirm", metavar="NUMBER", help="Confirm this proposal, as its second person."),
    ] = None,
    decline: Annotated[
        int | None, typer.Option("--decline", metavar="NUMBER", help="Let this proposal fall, as one of the two.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List what is hidden and what is proposed; confirm or decline a proposal."""
    from access.views import hidden

    if confirm is not None and decline is not None:
        raise fail("Expected --confirm or --decline, and not both.", Exit.WRONG_USE)
    number = decline if confirm is None else confirm
    with archive_for_command() as archive:
        if number is not None:
            row = hidden.decide(archive, number, confirm=confirm is not None, actor=_actor())
            emit([row], as_json=as_json, human=describe_act)
            return
        rows = [*hidden.proposals_of(archive), *hidden.hidden_now(archive)]
    print_count(emit(rows, as_json=as_json, human=describe_act), "withdrawal")


def hold(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A capture, a record, a medium (sha256:...), or the key of a WARC file."
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    basis: Annotated[str, typer.Option("--basis", metavar="TEXT", help="The legal basis, such as an order.")],
    as_json: JsonOption = False,
) -> None:
    """Put a legal hold on the WARC files behind what is named, in every store, until it is released."""
    from access.views.legal_holds import hold_row
    from storage.integrity import legal_hold

    with archive_for_command() as archive:
        row = hold_row(legal_hold.hold(archive, name, actor=current_user(), reason=reason, basis=basis))
    emit([row], as_json=as_json, human=describe_hold)


def release(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The number of the hold: its custody entry.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it ends.")],
    as_json: JsonOption = False,
) -> None:
    """End a legal hold; objects on which another hold is stay held."""
    from access.views.legal_holds import hold_row
    from storage.integrity import legal_hold

    with archive_for_command() as archive:
        row = hold_row(legal_hold.release(archive, number, actor=current_user(), reason=reason))
    emit([row], as_json=as_json, human=describe_hold)


def holds(as_json: JsonOption = False) -> None:
    """List every legal hold there was."""
    from access.views.legal_holds import hold_row
    from storage.integrity.legal_hold import legal_holds

    with archive_for_command() as archive:
        rows = [hold_row(each) for each in legal_holds(archive)]
    print_count(emit(rows, as_json=as_json, human=describe_hold), "hold")


def describe_hold(row: Mapping[str, Any]) -> str:
    """A hold in two lines."""
    files = len({each["key"] for each in row["objects"]})
    state = f"released {row['released_at']}" if row["released_at"] else "on"
    return (
        f"Hold {row['custody_seq']}, {state}: {row['subject_id']}, {files} file(s) in "
        f"{len({each['store'] for each in row['objects']})} store(s), by {row['actor']}, {row['at']}\n"
        f"  {row['reason'] or '-'}. Legal basis: {row['basis'] or '-'}"
    )


def describe_purge(row: Mapping[str, Any]) -> str:
    """A purge with everything that is still to be done."""
    subject = f"{row['subject_kind']} {row['subject_id']}"
    gone = f"{counted(len(row['captures']), 'capture')} gone from {counted(len(row['files']), 'file')}"
    lines = [f"Purge {row['custody_seq']} of {subject}, {row['at']}: {row['state']}; {gone}."]
    lines += [f"  {key}: to be written anew" for key in row["waiting"]]
    for old in row["old_versions"]:
        what = f"the version before it in the {old['store']} store"
        if old["removed_at"] is not None:
            lines.append(f"  {old['key']}: {what} was removed, {old['removed_at']}")
        else:
            lines.append(f"  {old['key']}: {what} is to go: {old['why'] or 'the next run removes it'}")
    lines += [f"  {problem}" for problem in row["problems"]]
    lines += [f"  Package {each['package_id']} holds it; {each['recipient']} has it." for each in row["packages"]]
    if row["dependents"]:
        lines.append(f"  Revisits that refer to what is gone, and stay hidden: {', '.join(row['dependents'])}")
    return "\n".join(lines)


def describe_act(row: Mapping[str, Any]) -> str:
    """An act as a line or two."""
    subject = f"{row['subject_kind']} {row['subject_id']}"
    number, actor = row["custody_seq"], row["actor"] or "somebody whose name no key here opens"
    reason, basis = row["reason"] or "-", row["basis"] or "-"
    how = f"`letapis withdrawals --confirm {number}`, or on the page Withdrawals"
    basis_line = f"\n  Legal basis: {basis}"
    sentences = {
        "quarantined": f"{subject}: quarantined by {actor}, {row['at']} (custody entry {number}): {reason}",
        "withdrawal_proposed": f"Proposal {number}: withdraw {subject}. By {actor}, {row['at']}: {reason}\n"
        f"  Legal basis: {basis}. {row['second']} is to confirm it: {how}.",
        "withdrawn": f"{subject}: withdrawn, {row['at']}, confirmed by {actor} (custody entry {number}): {reason}"
        + basis_line,
        "restoration_proposed": f"Proposal {number}: give back {subject}. By {actor}, {row['at']}: {reason}\n"
        f"  {row['second']} is to confirm it: {how}.",
        "restored": f"{subject}: given back, {row['at']}, confirmed by {actor} (custody entry {number}): {reason}",
        "purge_proposed": f"Proposal {number}: purge {subject}. By {actor}, {row['at']}: {reason}\n"
        f"  Legal basis: {basis}. {row['second']} is to confirm it: {how}.",
        "purge_ordered": f"{subject}: its purge is ordered, {row['at']}, confirmed by {actor} "
        f"(custody entry {number}): {reason}{basis_line}\n"
        "  `letapis purges --run` carries it out, or the DAG `copies` within ten minutes.",
        "proposal_declined": f"Proposal {row['proposal']} about {subject} was declined by {actor}, {row['at']}.",
    }
    return sentences[row["event"]]


def _actor() -> "Viewer":
    from storage.access_labels import Role, Viewer

    return Viewer(current_user(), Role.CUSTODIAN, every_label=True)


COMMANDS: tuple[Callable[..., None], ...] = (
    quarantine,
    withdraw,
    restore,
    purge,
    withdrawals,
    purges,
    hold,
    release,
    holds,
)


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    for each in COMMANDS:
        app.command()(each)
