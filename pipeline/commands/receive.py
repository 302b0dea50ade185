"""Commands about files that people bring: `receive`, `received`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.current_user import current_user
from pipeline.commands.search import archive_for_command, print_count
from pipeline.output import Exit, JsonOption, emit, err, fail

if TYPE_CHECKING:
    from pipeline.collect.received_statement import OriginStatement
    from pipeline.config.settings import Settings
    from storage.archive import Archive

ANNOUNCED_FROM_BYTES = 50 * 10**6
"""A file of this length takes a second or more, so it is announced."""


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(receive)
    app.command()(received)


def receive(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files as they were brought, of any type.")
    ],
    origin: Annotated[
        str, typer.Option("--origin", metavar="TEXT", help="Where the files come from, in words of your own.")
    ],
    received_at: Annotated[
        str,
        typer.Option(
            "--received-at", metavar="DATE", help="When you got them: 2026-11-23, or 2026-11-23T18:00+03:00."
        ),
    ],
    from_whom: Annotated[str, typer.Option("--from", metavar="NAME", help="The person who gave them to you.")],
    note: Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Anything else to be kept.")] = None,
    case: Annotated[
        str | None, typer.Option("--case", metavar="REF", help="Only members of this case see the files.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Take files that a person brought into the archive, byte for byte: received, never observed.

    Custody seals who brought a file, from whom, and its name; none of that stands in the archived file. WARC and
    WACZ files are stored as they are and opened, any other file is kept whole, and media are fingerprinted. The
    same file again is not stored twice, and gets one more dated entry. The files themselves stay where they are.
    """
    from pipeline.collect.received_statement import OriginStatement
    from pipeline.config.settings import load_settings
    from pipeline.process.run import ProcessError, process_files

    if missing := [f"{path}: expected a file, found none." for path in files if not path.is_file()]:
        raise fail("\n".join([*missing, "Nothing was received."]), Exit.WRONG_USE)
    stated = OriginStatement(received_at, from_whom, origin, note, case)
    _require_statement(stated)
    keys: list[str] = []
    failed = 0
    with archive_for_command() as archive:
        settings = load_settings()
        for path in files:
            row = _receive(archive, settings, path, stated)
            if row is None:
                failed += 1
                continue
            if not row["already"]:
                keys.append(row["warc_key"])
            emit([row], as_json=as_json, human=describe_received)
        try:
            process_files(archive, keys)
        except ProcessError as unread:
            raise fail(
                f"{unread}\nThe files are deposited. Run `letapis rebuild` once that is repaired."
            ) from unread
    if failed:
        raise typer.Exit(int(Exit.FAILED if failed == len(files) else Exit.SOURCES_FAILED))


def received(as_json: JsonOption = False) -> None:
    """List the files that people brought: from whom, when, with which digest; the newest first."""
    from access.views.received import received_rows

    with archive_for_command() as archive:
        count = emit(received_rows(archive), as_json=as_json, human=describe_received)
    print_count(count, "received file")


def _require_statement(stated: OriginStatement) -> None:
    """Refuse a statement that no file could have, before any is read."""
    from pipeline.collect.received_statement import FileNotReceivedError, check_origin_statement

    try:
        check_origin_statement("The statement", stated)
    except FileNotReceivedError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem


def _receive(archive: Archive, settings: Settings, path: Path, stated: OriginStatement) -> dict[str, Any] | None:
    """The row of the receipt; None, and a sentence on stderr, where the file was not taken."""
    from access.views.received import received_row
    from pipeline.collect.received_statement import BroughtFile
    from pipeline.collect.receiving import receive_file
    from storage.access_labels import Role, Viewer
    from storage.errors import StorageError

    person = Viewer(current_user(), Role.CUSTODIAN, every_label=True)
    try:
        with path.open("rb") as file:
            found = path.stat()
            if found.st_size > ANNOUNCED_FROM_BYTES:
                err.print(
                    f"{path}: storing {found.st_size / 10**6:.0f} MB and reading them back ...", markup=False
                )
            brought = BroughtFile(file, path.name, modified_at=datetime.fromtimestamp(found.st_mtime, UTC))
            receipt = receive_file(archive, settings, brought, stated, person=person)
    except StorageError as problem:
        err.print(str(problem), markup=False)
        return None
    except OSError as problem:
        err.print(f"{path}: {problem.strerror}. Nothing of it was kept.", markup=False)
        return None
    row = received_row(receipt.received, person, shown_as=receipt.received.capture_id)
    return {**row, "file": str(path), "captures": receipt.captures, "already": receipt.already}


def describe_received(row: Mapping[str, Any]) -> str:
    """A receipt, for a terminal."""
    name = row.get("file") or row["file_name"] or "a file whose name is sealed"
    person, origin = row["from_raw"] or "somebody (sealed)", row["origin_raw"] or "sealed"
    actor, day = row["actor"] or "somebody (sealed)", row["received_raw"] or "a day that is sealed"
    again = "" if row["first_seq"] is None else f"; the same bytes as entry {row['first_seq']}, not stored twice"
    remark = "" if row["remark"] is None else f"\n  {row['remark']}"
    return (
        f"{name}: received from {person} on {day}, brought by {actor}, {row['at']}, custody entry "
        f"{row['custody_seq']}{again}\n  origin: {origin}\n  {row['sha256']}, {row['length_bytes']:,} bytes, "
        f"{row['media_type'] or 'of no known type'}\n  {row['capture_id'] or row['warc_key']}{remark}"
    )
