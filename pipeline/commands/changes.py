"""The command that lists what changed at a source: `changes`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from pipeline.commands.search import archive_for_command, known_source, print_count
from pipeline.output import Exit, JsonOption, emit, fail


def changes(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The id of a source.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="List this night and all after it."),
    ] = None,
    night: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="List this night alone.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List night by night what was added, moved or edited, vanished or came back, with the captures that show it.

    A night is the UTC day on which the change was noticed. Only content that two captures both cover is compared.
    """
    from access.views.changes import changes_of

    if since is not None and night is not None:
        raise fail(
            "--night and --since cannot be used together: --night lists one night, --since all from one on.",
            Exit.WRONG_USE,
        )
    first, last = (night or since), night
    with archive_for_command() as archive:
        known_source(archive, source)
        rows = changes_of(archive, source, first_night=first and first.date(), last_night=last and last.date())
        count = emit(rows, as_json=as_json, human=by_night())
    print_count(count, "change")


def by_night() -> Callable[[Mapping[str, Any]], str]:
    """A function that describes each change, under a heading where a night begins."""
    night: str | None = None

    def describe_change(row: Mapping[str, Any]) -> str:
        nonlocal night
        lines = [] if row["night"] == night else [f"Night of {row['night']}"]
        night = row["night"]
        return "\n".join((*lines, *change_lines(row)))

    return describe_change


def change_lines(row: Mapping[str, Any]) -> list[str]:
    """One change: what and which, what differs, the captures before and after."""
    from access.rendering.labels import change_label, field_label

    kind = change_label(row["change"])
    lines = [f"  {kind:<9} {row['record_kind'].replace('_', ' ')}: {row['heading']}"]
    for differing in row["differences"]:
        lines.append(f"            {field_label(differing['field'])}: {inline_diff(differing['pieces'])}")
    for capture in row["captures"]:
        at = datetime.fromisoformat(capture["captured_at"]).astimezone(UTC)
        lines.append(f"            {at:%Y-%m-%d %H:%M:%S} UTC  {capture['id']}  {capture['url']}")
    return lines


def inline_diff(pieces: Sequence[Mapping[str, str]]) -> str:
    """What went as ``[-went-]``, what came as ``{+came+}``, in one line: the signs of ``wdiff``.

    What was replaced as a whole: ``before → after``.
    """
    if [each["change"] for each in pieces] == ["gone", "new"]:
        return " → ".join(" ".join(each["text"].split()) for each in pieces)
    signs = {"gone": "[-{}-]", "new": "{{+{}+}}", "same": "{}"}
    return " ".join("".join(signs[each["change"]].format(each["text"].rstrip("\n")) for each in pieces).split())


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(changes)
