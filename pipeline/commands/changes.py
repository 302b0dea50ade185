"""The command that lists what changed at a source or at all of them: `changes`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.search import archive_for_command, known_source, print_count
from pipeline.output import Exit, JsonOption, emit, err, fail

if TYPE_CHECKING:
    from storage.archive import Archive


def changes(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[SOURCE]", help="The id of a source. Without it: all sources, the newest first."),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="List this night and all after it."),
    ] = None,
    night: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="List this night alone.")
    ] = None,
    most: Annotated[
        int, typer.Option(min=1, max=10_000, help="Without SOURCE: the largest number of changes to list.")
    ] = 200,
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
        rows: Iterable[Mapping[str, Any]]
        if source is None:
            rows = changes_of_all(archive, first, last, most)
        else:
            known_source(archive, source)
            rows = changes_of(archive, source, first_night=first and first.date(), last_night=last and last.date())
        count = emit(rows, as_json=as_json, human=by_night(name_sources=source is None))
    print_count(count, "change")


def changes_of_all(
    archive: "Archive", first: datetime | None, last: datetime | None, most: int
) -> Sequence[Mapping[str, Any]]:
    """The newest changes over all sources, from one night to another; says on stderr what is missing in them."""
    from access.views.changes import all_changes
    from storage.queries.stored_changes import ChangeQuestion

    question = ChangeQuestion(
        since=first and first.replace(tzinfo=UTC), until=last and last.replace(tzinfo=UTC) + timedelta(days=1)
    )
    found = all_changes(archive, question, most=most)
    if found.not_compared:
        err.print(
            f"Not compared yet, so that their newest changes are missing: {', '.join(found.not_compared)}. "
            "The next run of the DAG `process` compares them."
        )
    if found.total > len(found.rows):
        err.print(f"Only the newest {len(found.rows)} changes are listed. More: --most, --since or --night.")
    return found.rows


def by_night(*, name_sources: bool = False) -> Callable[[Mapping[str, Any]], str]:
    """A function that describes each change, under a heading where a night begins."""
    night: str | None = None

    def describe_change(row: Mapping[str, Any]) -> str:
        nonlocal night
        lines = [] if row["night"] == night else [f"Night of {row['night']}"]
        night = row["night"]
        return "\n".join((*lines, *change_lines(row, name_source=name_sources)))

    return describe_change


def change_lines(row: Mapping[str, Any], *, name_source: bool = False) -> list[str]:
    """One change: what and which, what differs, the captures before and after."""
    from access.rendering.labels import change_label, field_label

    kind = change_label(row["change"])
    where = f"{row['source']}, " if name_source else ""
    lines = [f"  {kind:<9} {where}{row['record_kind'].replace('_', ' ')}: {row['heading']}"]
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
