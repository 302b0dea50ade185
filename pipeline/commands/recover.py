"""The command `recover`: a backup put in place on a machine, and the catalogue brought back from the store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipeline.commands.backup import PassphraseFile, read_passphrase
from pipeline.output import Exit, JsonOption, emit, err, fail, warn

if TYPE_CHECKING:
    from pipeline.backup.contents import Contents
    from pipeline.backup.recovering import RecoveredArchive
    from pipeline.backup.recovery_plan import Placement, RecoveryPlan

BackupFile = Annotated[
    Path, typer.Option("--from", metavar="FILE", help="The file that `letapis backup` has made.")
]
Check = Annotated[bool, typer.Option("--check", help="Say what would be done, and change nothing.")]
Replace = Annotated[
    bool,
    typer.Option("--replace", help="Replace files that differ from the backup's, and keep them beside, renamed."),
]
Catalogue = Annotated[
    bool | None,
    typer.Option(
        "--catalogue/--no-catalogue",
        help="Derive the catalogue from the store even if there is one; or look at no store and no database. "
        "Without either it is derived if the database has none.",
    ),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings-to",
        metavar="FILE",
        help="The file that gets the settings which are not given here. Default: `.env` in the project's folder.",
    ),
]

ACTIONS: Final = {
    "placed": ("put in place", "would be put in place"),
    "completed": ("lines added", "lines would be added"),
    "same": ("is there already", "is there already"),
    "replaced": ("replaced", "would be replaced"),
    "newer": ("is newer here, and stays", "is newer here, and would stay"),
    "differs": ("differs", "DIFFERS, and would stop everything without --replace"),
}


def recover(
    file: BackupFile,
    passphrase_file: PassphraseFile = None,
    check: Check = False,
    replace: Replace = False,
    catalogue: Catalogue = None,
    settings_to: SettingsFile = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup's keys, settings, watch-list and Airflow's secrets in place, then restore the catalogue.

    The store must be that of the backup's archive. A file or setting that is here stays: if it differs, nothing is
    written, unless --replace is given; settings given here stay in any case, and are named. Run it again after an
    interruption: it goes on. Exit code 3 if something has to be brought or done by a person.
    """
    from pipeline.backup.making import read_backup
    from pipeline.backup.recovering import (
        note_where_it_came_from,
        place_all,
        recover_catalogue,
        store_is_that_of,
    )
    from pipeline.backup.recovery_plan import plan_recovery
    from pipeline.backup.variables import DOTENV, given_variables

    settings_file = (settings_to or DOTENV).resolve()
    if not file.is_file():
        raise fail(f"{file}: expected the file of a backup, found none. Nothing was changed.", Exit.WRONG_USE)
    passphrase = read_passphrase(passphrase_file, twice=False)
    try:
        contents = read_backup(file, passphrase)
    except OSError as problem:
        raise fail(f"{file}: {problem.strerror or problem}. Nothing was changed.", Exit.WRONG_USE) from problem
    plan = plan_recovery(contents, given_variables(dotenv=settings_file), settings_file, replace=replace)
    before = plan.settings(files_are_there=False)
    compared = None if catalogue is False else store_is_that_of(contents, before)

    def show(each: Placement, beside: Path | None) -> None:
        emit([_thing_row(each, beside)], as_json=as_json, human=lambda row: _describe_thing(row, check=check))

    if check:
        for each in plan.placements:
            show(each, None)
        row = _row(file, contents, plan, settings_file) | {"check": True, "store_compared": compared}
        emit([row], as_json=as_json, human=_describe)
        if plan.conflicts:
            raise typer.Exit(int(Exit.SOURCES_FAILED))
        return
    try:
        place_all(plan, before.data, show)
    except OSError as problem:
        reason = f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem)
        raise fail(f"{reason}. What is named above is in place; mend this, and run it again.") from problem
    settings = plan.settings(files_are_there=True)
    note_where_it_came_from(contents, file, settings)
    row = _row(file, contents, plan, settings_file) | {"check": False, "store_compared": compared}
    if catalogue is False:
        emit([row], as_json=as_json, human=_describe)
        return
    found = recover_catalogue(
        contents,
        settings,
        always=bool(catalogue),
        on_progress=lambda sentence: err.print(sentence, markup=False),
    )
    emit([row | _found(found)], as_json=as_json, human=_describe)
    for sentence in (*found.problems, *found.open_points):
        warn(sentence)
    if found.problems:
        raise typer.Exit(int(Exit.FAILED))
    if found.open_points or found.reason is not None:
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def _thing_row(each: Placement, beside: Path | None) -> dict[str, Any]:
    """The JSON keys of kind ``recovered_thing``."""
    return {
        "kind": "recovered_thing",
        "name": each.name,
        "what": each.what,
        "path": str(each.path),
        "action": each.action.value,
        "beside": None if beside is None else str(beside),
    }


def _row(file: Path, contents: Contents, plan: RecoveryPlan, settings_file: Path) -> dict[str, Any]:
    """The JSON keys of kind ``recovery``, without what the database has."""
    manifest = contents.manifest
    return {
        "kind": "recovery",
        "file": str(file),
        "id": manifest.id,
        "made_at": manifest.made_at,
        "settings_file": str(settings_file),
        "settings_added": list(plan.added),
        "settings_kept": list(plan.kept),
        "settings_left_out": list(plan.left_out),
        "catalogue": "not_looked_at",
        "reason": None,
        "custody_entries": None,
        "files": None,
        "captures": None,
        "checkpoint_size": None,
        "problems": [],
        "open_points": [],
    }


def _found(found: RecoveredArchive) -> dict[str, Any]:
    return {
        "catalogue": found.state.value,
        "reason": found.reason,
        "custody_entries": found.custody_entries,
        "files": found.files,
        "captures": found.captures,
        "checkpoint_size": found.checkpoint_size,
        "problems": list(found.problems),
        "open_points": list(found.open_points),
    }


def _describe_thing(row: Mapping[str, Any], *, check: bool) -> str:
    beside = f"; what stood there is {row['beside']} now" if row["beside"] else ""
    return f"{row['path']}: {row['what']}: {ACTIONS[row['action']][check]}{beside}"


def _describe(row: Mapping[str, Any]) -> str:
    """The row as lines for a person."""
    lines = []
    if row["settings_kept"]:
        names = ", ".join(row["settings_kept"])
        lines.append(f"Settings that have another value here than in the backup, and stay: {names}")
    if row["settings_left_out"]:
        names = ", ".join(row["settings_left_out"])
        lines.append(f"Settings left out, since a store or database is named here that is not theirs: {names}")
    if row["store_compared"]:
        lines.append("The store is that of the backup's archive.")
    elif row["store_compared"] is False:
        lines.append("Whether the store is the backup's is not known: the database was away when it was made.")
    if row["check"]:
        lines.append("Nothing was changed.")
    elif row["reason"]:
        lines.append(f"The catalogue was not looked at: {row['reason']}.")
    elif row["catalogue"] == "not_looked_at":
        lines.append("The catalogue was not looked at; `letapis rebuild` derives it from the store.")
    else:
        how = "was derived from the store" if row["catalogue"] == "derived" else "is there already"
        lines.append(
            f"The catalogue {how}: {row['custody_entries']} custody entries, {row['files']} files, "
            f"{row['captures']} captures."
        )
        if row["checkpoint_size"] is not None and not row["problems"]:
            lines.append(f"The backup's last checkpoint, over {row['checkpoint_size']} entries, agrees with them.")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(recover)
