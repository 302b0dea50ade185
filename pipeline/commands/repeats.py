"""Commands about repeats: `repeats` lists what is archived again and again, `repeats stop` ends one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer

from pipeline.commands.current_user import current_user
from pipeline.commands.search import archive_for_command, print_count
from pipeline.output import Exit, JsonOption, emit, fail

GROUP = typer.Typer(help="List the pages that are archived again until a day; stop one. Without a command, list.")


@GROUP.callback(invoke_without_command=True)
def listed(context: typer.Context, as_json: JsonOption = False) -> None:
    """List the pages that are archived again and again until a day, those at work first.

    `letapis archive URL --every 1h --until 2026-12-05` begins one.
    """
    from access.views.repeats import repeat_rows

    if context.invoked_subcommand is not None:
        return
    with archive_for_command() as archive:
        count = emit(repeat_rows(archive, most=100_000), as_json=as_json, human=describe_repeat)
    print_count(count, "repeat")


@GROUP.command("stop")
def stop(
    repeat_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the repeat.")],
    as_json: JsonOption = False,
) -> None:
    """Stop a repeat: no turn is made from now on. The change is recorded in custody."""
    from access.views.repeats import stopped
    from storage.access_labels import Role, Viewer
    from storage.ledger.repeats import RepeatError

    with archive_for_command() as archive:
        viewer = Viewer(current_user(), Role.CUSTODIAN, every_label=True)
        try:
            row = stopped(archive, repeat_id, viewer=viewer)
        except RepeatError as problem:
            raise fail(str(problem), Exit.WRONG_USE) from problem
    emit([row], as_json=as_json, human=describe_repeat)


def describe_repeat(row: Mapping[str, Any]) -> str:
    """One repeat in a few lines."""
    from access.rendering.formatting import format_minute_utc
    from access.rendering.labels import until_word
    from storage.ledger.repeat_schedule import frequency

    every = f"{frequency(timedelta(seconds=row['every_s']))} {until_word(row['until_at'])}"
    if row["turns"] == 1:
        every = f"once, at {format_minute_utc(row['first_due_at'])}"
    lines = [
        f"{row['id']}: {row['state'].replace('_', ' ')}, {every}, by {row['actor']}",
        *(f"  {url}" for url in row["urls"]),
        f"  {row['made']} of {row['turns']} times, {row['missed']} missed"
        + (f", next at {format_minute_utc(row['next_due_at'])}" if row["next_due_at"] else ""),
    ]
    last = row["last_turn"]
    if last is not None:
        came = (
            last["problem"] or last["outcome"] or f"{last['captured']} captured, {last['waiting']} without result"
        )
        lines.append(f"  last: request {last['request_id']}, {came}")
    if row["stopped_at"]:
        lines.append(f"  stopped at {format_minute_utc(row['stopped_at'])} by {row['stopped_by']}")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.add_typer(GROUP, name="repeats")
