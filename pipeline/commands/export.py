"""Commands that hand evidence over: `export`, `disclosures`.

Whoever runs them has the database's account and sees every case; the page Hand over shows a case to its members
alone.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.arguments import days_in_order
from pipeline.commands.current_user import current_user
from pipeline.commands.search import DAY, archive_for_command, print_count
from pipeline.output import Exit, JsonOption, emit, fail, out

if TYPE_CHECKING:
    from pipeline.handover.selection import FrozenSelection
    from storage.archive import Archive

LEVELS = "court|prosecutor|partner|public"


def export(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]...", help="Words of a search, as for letapis search: what it finds is chosen."
        ),
    ] = None,
    ids: Annotated[
        list[str] | None,
        typer.Option(
            "--id",
            metavar="ID",
            help="A capture, a record, a medium (sha256:...) or an exhibit number; repeatable.",
        ),
    ] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="Choose only records of this kind.")] = None,
    source: Annotated[str | None, typer.Option(metavar="ID", help="Choose only records of this source.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=[DAY], metavar="DATE", help="Choose records dated this day or later."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=[DAY], metavar="DATE", help="Choose records dated this day or earlier."),
    ] = None,
    case: Annotated[
        str | None,
        typer.Option(
            metavar="REF", help="The case that is handed over; without other choices, what its requests captured."
        ),
    ] = None,
    no_context: Annotated[
        bool,
        typer.Option(
            "--no-context", help="Leave out posts before and after, versions, lists and failed captures."
        ),
    ] = False,
    supplement_of: Annotated[
        str | None,
        typer.Option(
            metavar="PACKAGE", help="Choose the exhibits of this package to which something has come since."
        ),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only say what would go, what stays out and why; also without --to.")
    ] = False,
    recipient: Annotated[str | None, typer.Option(metavar="NAME", help="Who receives the package.")] = None,
    level: Annotated[str | None, typer.Option(metavar=LEVELS, help="How much the recipient is shown.")] = None,
    request: Annotated[
        str | None, typer.Option(metavar="REF", help="The request of the recipient that this answers.")
    ] = None,
    language: Annotated[str, typer.Option(metavar="XX", help="The language of the recipient.")] = "en",
    opened: Annotated[
        list[str] | None,
        typer.Option("--open", metavar="NAME", help="Open this committed value of custody to them; repeatable."),
    ] = None,
    freeze: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the frozen selection to this file, and build nothing yet."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a package for a recipient would hold, and freeze the choice so that it can be built."""
    from pipeline.handover.choosing import Choice

    days_in_order(since, until)
    choice = Choice(
        text=" ".join(words or ()).strip(),
        kind=kind,
        source=source,
        since=since and since.date(),
        until=until and until.date(),
        case=case,
        ids=tuple(ids or ()),
        context=not no_context,
    )
    with archive_for_command() as archive:
        if supplement_of is not None:
            choice = _supplement(archive, choice, supplement_of)
        if preview or freeze is None:
            _preview(archive, choice, level, as_json=as_json)
            return
        if freeze.exists():
            raise fail(
                f"{freeze}: there is such a file already; name another. Nothing was frozen.", Exit.WRONG_USE
            )
        selection = _freeze(archive, choice, recipient, level, request, language, opened, supplement_of)
        _write_whole(freeze, selection.to_json())
    row = {
        "kind": "frozen_selection",
        "package_id": selection.package_id,
        "file": str(freeze),
        "exhibits": [each.number for each in selection.exhibits],
        "left_out": len(selection.left_out),
    }
    emit([row], as_json=as_json, human=describe_frozen)


def disclosures(
    recipient: Annotated[
        str | None, typer.Argument(metavar="[RECIPIENT]", help="Only what this recipient has received.")
    ] = None,
    changes: Annotated[
        bool, typer.Option("--changes", help="Say of each exhibit that they have what has changed since.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List what was handed over to whom, the newest first; or what of it has changed since."""
    from pipeline.handover.register import changed_row, changes_since, disclosure_row
    from storage.access_labels import EVERYONE
    from storage.ledger.disclosures import disclosures_to

    if changes and recipient is None:
        raise fail("--changes: expected the name of a recipient beside it, found none.", Exit.WRONG_USE)
    with archive_for_command() as archive:
        if changes and recipient is not None:
            found = changes_since(archive, recipient, viewer=EVERYONE)
            count = emit(map(changed_row, found), as_json=as_json, human=describe_changed)
            print_count(count, "exhibit")
            return
        with archive.reader.connect() as connection:
            listed = disclosures_to(connection, recipient)
        count = emit(map(disclosure_row, listed), as_json=as_json, human=describe_disclosure)
    print_count(count, "disclosure")


def _supplement(archive: "Archive", choice: Any, package_id: str) -> Any:
    from pipeline.handover.register import choice_of_supplement
    from storage.access_labels import EVERYONE

    if choice.searches or choice.ids or choice.case:
        raise fail(
            "--supplement-of: expected no other choice beside it; the package says what is looked at again.",
            Exit.WRONG_USE,
        )
    return choice_of_supplement(archive, package_id, viewer=EVERYONE)[0]


def _preview(archive: "Archive", choice: Any, level: str | None, *, as_json: bool) -> None:
    from pipeline.handover.choosing import preview
    from pipeline.handover.preview_rows import preview_rows
    from pipeline.handover.selection import DisclosureLevel
    from storage.access_labels import EVERYONE

    if level is not None and level not in set(DisclosureLevel):
        raise fail(f"--level: expected one of {LEVELS}, found {level!r}.", Exit.WRONG_USE)
    if level is None and not as_json:
        out.print("No --level is named, so this is what the public would receive.", markup=False)
    seen = preview(archive, choice, DisclosureLevel(level or "public"), viewer=EVERYONE)
    emit(preview_rows(seen), as_json=as_json, human=describe_previewed)


def _freeze(
    archive: "Archive",
    choice: Any,
    recipient: str | None,
    level: str | None,
    request: str | None,
    language: str,
    opened: list[str] | None,
    supplement_of: str | None,
) -> "FrozenSelection":
    from pipeline.handover.freezing import freeze, recipient_of
    from storage.access_labels import Role, Viewer

    return freeze(
        archive,
        choice,
        recipient_of(recipient or "", level, request, language),
        viewer=Viewer(current_user(), Role.CUSTODIAN, every_label=True),
        opened=tuple(opened or ()),
        supplement_of=supplement_of,
    )


def _write_whole(path: Path, content: bytes) -> None:
    """Write the file under another name first, so that none is there that is not whole."""
    begun = path.with_name(f".{path.name}.begun")
    try:
        begun.write_bytes(content)
        begun.rename(path)
    except OSError:
        begun.unlink(missing_ok=True)
        raise


def describe_previewed(row: Mapping[str, Any]) -> str:
    """One row of a preview for a terminal."""
    match row["kind"]:
        case "export_exhibit":
            number = row["number"] or "(new number)"
            others = len(row["captures"]) - 1
            return (
                f"{number}  {row['exhibit_kind']} {row['subject_id']}\n  {row['title']}\n"
                f"  {others} captures beside it, {len(row['media'])} media, {row['length_bytes']:,} bytes"
            )
        case "left_out":
            return f"Stays out: {row['exhibit_kind']} {row['subject_id'] or '(not named)'}. {row['words']}"
    refused = "".join(f"\nCannot be handed over: {each}" for each in row["refused"])
    return (
        f"{row['exhibits']} exhibits of {row['captures']} captures, {row['length_bytes']:,} bytes; "
        f"{row['left_out']} stay out. Level {row['level']}: {row['seen_by']}{refused}"
    )


def describe_frozen(row: Mapping[str, Any]) -> str:
    """What was frozen, for a terminal."""
    return (
        f"Package {row['package_id']}: {len(row['exhibits'])} exhibits, {row['exhibits'][0]} to "
        f"{row['exhibits'][-1]}, are frozen in {row['file']}. Nothing was disclosed yet."
    )


def describe_disclosure(row: Mapping[str, Any]) -> str:
    """One line of the register for a terminal."""
    request = f" on request {row['request']}" if row["request"] else ""
    supplement = f", a supplement of {row['supplement_of']}" if row["supplement_of"] else ""
    return (
        f"{row['at']:%Y-%m-%d %H:%M} UTC  {row['recipient']} ({row['level']}){request}: package "
        f"{row['package_id']}{supplement}, {len(row['exhibits'])} exhibits, by {row['actor']}\n"
        f"  {row['package_digest']}"
    )


def describe_changed(row: Mapping[str, Any]) -> str:
    """What has changed of one exhibit, for a terminal."""
    changes = f"{len(row['added'])} captures have come, {len(row['gone'])} would not go any more"
    state = row["gone_because"] or (changes if row["added"] or row["gone"] else "unchanged")
    received = f"received {row['received_at']:%Y-%m-%d} in {row['package_id']}"
    return f"{row['number']}  {row['title']}\n  {received}: {state}"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export")(export)
    app.command("disclosures")(disclosures)
