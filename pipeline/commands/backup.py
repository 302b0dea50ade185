"""The command `backup`: everything besides the store in one sealed file, and what is in such a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.output import Exit, JsonOption, emit, fail, warn

if TYPE_CHECKING:
    from pipeline.backup.contents import Contents
    from pipeline.backup.last_backup import Difference

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="The file whose first line is the passphrase, its owner's alone. Without it, it is read from stdin.",
    ),
]


def backup(
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the backup to this new file, which nobody but you reads."),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Open a backup: what is in it, and what has changed here since."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonOption = False,
) -> None:
    """Write keys, settings, watch-list and Airflow's secrets to one file that a passphrase opens; or check one.

    It holds what is neither in the object store nor made anew. The archive itself comes back from the store; this
    opens it and goes on with it. Exit code 3 if the backup lacks a key, or if something has changed since.
    """
    from pipeline.backup.making import check_backup, make_backup
    from pipeline.backup.variables import given_variables
    from pipeline.config.settings import load_settings

    if (to is None) == (check is None):
        raise fail("Name either a file to write (--to FILE) or one to check (--check FILE).", Exit.WRONG_USE)
    if to is not None and to.exists():
        raise fail(f"{to} exists and was not changed. Name another file.", Exit.WRONG_USE)
    settings, given = load_settings(), given_variables()
    passphrase = read_passphrase(passphrase_file, twice=to is not None)
    if to is not None:
        try:
            made = make_backup(settings, given, passphrase, to)
        except FileExistsError:
            raise fail(f"{to} exists and was not changed. Name another file.", Exit.WRONG_USE) from None
        except OSError as problem:
            reason = problem.strerror or problem
            raise fail(f"{to} could not be written: {reason}. Nothing is there under this name.") from problem
        rows = [backup_row(made.file, made.contents), *thing_rows(made.contents, ())]
        emit(rows, as_json=as_json, human=describe_backup)
        _warn_of_lost(made.contents)
        return
    assert check is not None
    try:
        checked = check_backup(settings, given, passphrase, check)
    except OSError as problem:
        raise fail(f"{check}: {problem.strerror or problem}", Exit.WRONG_USE) from problem
    row = backup_row(check, checked.contents) | {"entries_since": checked.entries_since}
    emit([row, *thing_rows(checked.contents, checked.differences)], as_json=as_json, human=describe_backup)
    if checked.differences:
        names = ", ".join(f"{each.what} ({each.change})" for each in checked.differences)
        warn(f"Not as in the backup: {names}. Make a new one with `letapis backup --to FILE`.")
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def read_passphrase(file: Path | None, *, twice: bool) -> str:
    """The passphrase, of a file, a terminal or stdin; raises ``typer.Exit`` with a sentence."""
    from storage.private_file import NotPrivateError, read_private_file

    if file is not None:
        try:
            content = read_private_file(file, 4096)
        except NotPrivateError as problem:
            sentence = f"Passphrase {file}: expected {problem.expected}, found {problem.found}. Nothing was done."
            raise fail(sentence, Exit.WRONG_USE) from problem
    elif sys.stdin.isatty():
        return str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=twice, err=True))
    else:
        content = sys.stdin.buffer.readline(4096)
    try:
        passphrase = content.decode().splitlines()[0] if content.strip() else ""
    except UnicodeDecodeError as problem:
        raise fail("The passphrase is not text in UTF-8. Nothing was done.", Exit.WRONG_USE) from problem
    if not passphrase:
        how = "write it to the first line of a file (--passphrase-file FILE), or give it on stdin"
        raise fail(f"Expected a passphrase, found none: {how}. Nothing was done.", Exit.WRONG_USE)
    return passphrase


def _warn_of_lost(contents: Contents) -> None:
    if lost := [each for each in contents.manifest.absent if each.lost]:
        for each in lost:
            warn(f"Not in the backup: {each.reason}.")
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def backup_row(file: Path, contents: Contents) -> dict[str, Any]:
    """The JSON keys of kind ``backup``."""
    manifest = contents.manifest
    archive = manifest.archive
    return {
        "kind": "backup",
        "file": str(file),
        "id": manifest.id,
        "made_at": manifest.made_at,
        "software": manifest.software,
        "schema": manifest.schema,
        "store": archive.store,
        "second_store": archive.second_store,
        "custody_entries": archive.custody_entries,
        "verifier_key": archive.verifier_key,
        "problem": archive.problem,
        "entries_since": None,
        "absent": [{"name": each.name, "reason": each.reason, "lost": each.lost} for each in manifest.absent],
    }


def thing_rows(contents: Contents, changed: tuple[Difference, ...]) -> Iterator[dict[str, Any]]:
    """The JSON keys of kind ``backup_thing``: what is in the backup, then what is only here."""
    by_name = {each.name: each for each in changed}
    for each in contents.manifest.things:
        difference = by_name.pop(each.name, None)
        yield {
            "kind": "backup_thing",
            "name": each.name,
            "what": each.what,
            "path": each.path,
            "sha256": each.sha256,
            "length_bytes": each.length_bytes,
            "change": None if difference is None else difference.change.value,
        }
    for left in by_name.values():
        yield {
            "kind": "backup_thing",
            "name": left.name,
            "what": left.what,
            "path": None,
            "sha256": None,
            "length_bytes": None,
            "change": left.change.value,
        }


def describe_backup(row: Mapping[str, Any]) -> str:
    """One row as lines for a person."""
    if row["kind"] == "backup_thing":
        length = "" if row["length_bytes"] is None else f", {row['length_bytes']} bytes"
        change = f"  [{row['change']}]" if row["change"] else ""
        return f"  {row['name']:<24}{row['what']}{length}{change}"
    entries = row["problem"] or f"{row['custody_entries']} custody entries"
    lines = [
        f"{row['file']}: a backup of {row['made_at']}, by Letapis {row['software']}",
        f"  {'belongs to':<24}{row['store'] or 'no store that is known'}; {entries}",
    ]
    if row["second_store"]:
        lines.append(f"  {'second store':<24}{row['second_store']}")
    if row["verifier_key"]:
        lines.append(f"  {'key of the log':<24}{row['verifier_key']}")
    if row["entries_since"]:
        lines.append(f"  {'since then':<24}{row['entries_since']} more custody entries, which the store has")
    lines += [f"  {'not in it':<24}{each['reason']}" for each in row["absent"]]
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(backup)
