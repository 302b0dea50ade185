"""The command that says what changed at a source: `changes`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from pipeline.commands.ask import asked_archive, told
from pipeline.output import JsonOption, emit, fail

WORDS = {"missing": "vanished", "returned": "came back"}


def changes(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Id of a source.")],
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="This night and all after it.")
    ] = None,
    night: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="This night alone.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say night by night what was added, moved, edited, vanished, came back, with the captures that show it.

    A night is the UTC day on which it was noticed. Nothing is claimed of what no visit covered.
    """
    from access.changes import changes_of, sources_of

    first, last = (night or since), night
    with asked_archive() as archive:
        there = sources_of(archive)
        if source not in there:
            raise fail(f"The archive holds nothing of {source}. It has: {', '.join(there) or 'no source yet'}.")
        rows = changes_of(archive, source, first_night=first and first.date(), last_night=last and last.date())
        count = emit(rows, as_json=as_json, human=by_night())
    told(count, "change")


def by_night() -> Callable[[Mapping[str, Any]], str]:
    """Says each change in words, under a heading where a night begins."""
    said_of: str | None = None

    def in_words(row: Mapping[str, Any]) -> str:
        nonlocal said_of
        lines = [] if row["night"] == said_of else [f"Night of {row['night']}"]
        said_of = row["night"]
        return "\n".join((*lines, *change_lines(row)))

    return in_words


def change_lines(row: Mapping[str, Any]) -> list[str]:
    """One change: what and which, what differs, the captures before and after."""
    from access.wording import plain, shortened

    kind = WORDS.get(row["change"], row["change"])
    lines = [f"  {kind:<9} {row['record_kind'].replace('_', ' ')}: {row['heading']}"]
    for differing in row["differences"]:
        before, after = (shortened(" ".join(plain(differing[side]).split()), 60) for side in ("before", "after"))
        lines.append(f"            {differing['field'].replace('_', ' ')}: {before or '-'} → {after or '-'}")
    for capture in row["captures"]:
        at = datetime.fromisoformat(capture["captured_at"]).astimezone(UTC)
        lines.append(f"            {at:%Y-%m-%d %H:%M:%S}  {capture['id']}  {capture['url']}")
    return lines


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(changes)
