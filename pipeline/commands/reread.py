"""Commands about what an upgrade reads again: `reread` with `plan`, `work` and `changes`."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.search import archive_for_command
from pipeline.output import Exit, JsonOption, counted, emit, fail, print_progress

if TYPE_CHECKING:
    from storage.archive import Archive

GROUP = typer.Typer(help="Read again what earlier parsers have read; without a command, show the plan.")


@GROUP.callback(invoke_without_command=True)
def shown(context: typer.Context, as_json: JsonOption = False) -> None:
    """Read again what earlier parsers have read; without a command, show the plan."""
    if context.invoked_subcommand is None:
        plan(as_json=as_json)


@GROUP.command("plan")
def plan(as_json: JsonOption = False) -> None:
    """Say how many files are read again, how many are left, when that ends, and what it changed by parser."""
    with archive_for_command() as archive:
        emit(_plan(archive), as_json=as_json, human=describe)


@GROUP.command("work")
def work(as_json: JsonOption = False) -> None:
    """Read again now, until a night comes or nothing is left. The DAG `reread` does this by itself.

    Exit code 3 if files could not be read; all others have been.
    """
    from pipeline.config.settings import load_settings
    from pipeline.operations.rereading import LOWEST_PRIORITY, run_rereading
    from pipeline.process.run import ProcessError

    os.nice(LOWEST_PRIORITY)
    with archive_for_command() as archive:
        try:
            print_progress(run_rereading(load_settings(), on_progress=print_progress))
        except ProcessError as problem:
            raise fail(str(problem), Exit.SOURCES_FAILED) from problem
        emit(_plan(archive), as_json=as_json, human=describe)


@GROUP.command("changes")
def changes(
    parser: Annotated[
        str | None, typer.Option("--parser", metavar="NAME", help="Of this parser alone, as the plan names it.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Captures at most.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show captures that are read otherwise now, the newest first, with what was read of them before."""
    from storage.catalogue.earlier_readings import earlier_readings_of

    with archive_for_command() as archive, archive.reader.connect() as connection:
        found = earlier_readings_of(connection, parser=parser, limit=limit)
        emit(({"kind": "earlier_reading", **asdict(each)} for each in found), as_json=as_json, human=describe)


def _plan(archive: "Archive") -> Iterator[dict[str, Any]]:
    """The whole, then each pair of parsers, also those whose captures are all left."""
    from pipeline.operations.rereading import reread_plan
    from pipeline.process.run import VERSIONS
    from storage.catalogue.earlier_readings import parser_changes
    from storage.catalogue.unread import captures_left

    yield {"kind": "reread_plan", **asdict(reread_plan(archive))}
    with archive.reader.connect() as connection:
        left = dict(captures_left(connection, VERSIONS))
        rows = [asdict(each) for each in parser_changes(connection)]
    present = [row for row in rows if row["later"] in VERSIONS]
    for row in rows:
        captures = left.pop(row["earlier"], 0) if row in present else 0
        yield {"kind": "reread_parser", **row, "left": captures}
    nothing = {"captures": 0, "otherwise": 0, "changed": 0, "gone": 0, "added": 0}
    for earlier, captures in left.items():
        yield {"kind": "reread_parser", "earlier": earlier, "later": None, **nothing, "left": captures}


def describe(row: Mapping[str, Any]) -> str:
    """A row for a terminal."""
    if row["kind"] == "reread_plan":
        return _described_plan(row)
    if row["kind"] == "reread_parser":
        return _described_parser(row)
    lines = [
        f"{row['captured_at']:%Y-%m-%d %H:%M} {row['url']} ({row['capture_id']}): "
        f"by {row['earlier']} {row['outcome']} with {counted(row['records'], 'record')}, now by {row['later']}"
    ]
    for each in row["differences"]:
        fields = f" ({', '.join(each['fields'])})" if each["fields"] else ""
        lines.append(f"  {each['how']}: {each['kind']} {each['natural_key']}{fields}")
    return "\n".join(lines)


def _described_plan(row: Mapping[str, Any]) -> str:
    if not row["files_left"]:
        done = f" {counted(row['files_done'], 'file')} read again." if row["files_done"] else ""
        return f"Every file is read by the parsers of this version.{done}"
    whole = row["files_done"] + row["files_left"]
    lines = [f"{row['files_done']:,} of {whole:,} files read again; {row['files_left']:,} left"]
    if row["hours_left"] is not None:
        lines.append(f"{row['hours_left']:,.1f} hours of work, {row['hours_a_day']:g} hours a day")
    if row["ends_at"] is not None:
        lines.append(f"Ends on {row['ends_at']:%Y-%m-%d}")
    return "\n".join(lines)


def _described_parser(row: Mapping[str, Any]) -> str:
    left = f"; {counted(row['left'], 'capture')} left" if row["left"] else ""
    if row["later"] is None:
        return f"  {row['earlier']}{left}"
    return (
        f"  {row['earlier']} -> {row['later']}: {counted(row['captures'], 'capture')} read again, "
        f"{row['otherwise']:,} otherwise: {counted(row['changed'], 'record')} changed, {row['gone']:,} gone, "
        f"{row['added']:,} new{left}"
    )


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.add_typer(GROUP, name="reread")
