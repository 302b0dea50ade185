"""Commands about Telegram channels: `coverage`, `withheld`, `import-telegram`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.commands.search import archive_for_command, known_source, print_count
from pipeline.output import Exit, JsonOption, emit, fail

BAR_WIDTH = 60

OneSource = Annotated[str, typer.Argument(metavar="SOURCE", help="A Telegram source of the watch-list.")]
AnySource = Annotated[
    str | None, typer.Argument(metavar="[SOURCE]", help="One source; without it, all of the archive.")
]


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(coverage)
    app.command()(withheld)
    app.command()(import_telegram)


def coverage(source: OneSource, as_json: JsonOption = False) -> None:
    """Show which posts of a channel were captured when, and which ids are gaps or were never requested."""
    from storage.queries.channel_coverage import coverage_json, coverage_of_source

    with archive_for_command() as archive, archive.reader.connect() as connection:
        known_source(archive, source)
        found = coverage_of_source(connection, source)
        rows = (coverage_json(source, each) for each in found)
        count = emit(rows, as_json=as_json, human=describe_coverage)
    print_count(count, "channel")


def withheld(source: AnySource = None, as_json: JsonOption = False) -> None:
    """List what previews name but do not show: files too large, posts and channels shown only in Telegram."""
    from storage.queries.unavailable_posts import withheld_json
    from storage.queries.unavailable_posts import withheld_posts as open_list

    with archive_for_command() as archive, archive.reader.connect() as connection:
        if source is not None:
            known_source(archive, source)
        rows = (withheld_json(each) for each in open_list(connection, source))
        count = emit(rows, as_json=as_json, human=describe_withheld)
    print_count(count, "thing", "things")


def import_telegram(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The folder of an export by Telegram Desktop, with result.json in it."
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--source", metavar="ID", help="The source to which the export belongs. Default: one of its own."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Import an export of Telegram Desktop: every file byte for byte; then extract its posts.

    Posts have the same keys as those of the preview and are marked as exported. Importing the same export again
    changes nothing. The folder itself stays as it is.
    """
    from pipeline.clock_offset import measured_clock
    from pipeline.collect.telegram_import import import_export, imported_json
    from pipeline.config.settings import load_settings
    from pipeline.process.run import ProcessError, process_files
    from storage.objects.keys import is_part

    if not folder.is_dir():
        raise fail(f"{folder}: the folder does not exist. Nothing was imported.", Exit.WRONG_USE)
    if source is not None and not is_part(source):
        expected = "letters, digits, '.', '_' and '-'"
        raise fail(f"--source: expected {expected}, found {source!r}. Nothing was imported.", Exit.WRONG_USE)
    settings = load_settings()
    with archive_for_command() as archive:
        imported = import_export(
            archive,
            folder,
            settings.spool_dir,
            source_id=source,
            actor=settings.collector,
            clock=measured_clock(settings.time_servers),
        )
        try:
            read = process_files(archive, [each.key for each in imported.deposited])
        except ProcessError as unread:
            raise fail(
                f"{unread}\nThe export is deposited. Run `letapis rebuild` once the cause is repaired."
            ) from unread
    row = imported_json(imported) | {"records": read.records}
    emit([row], as_json=as_json, human=describe_import)


def describe_import(row: Mapping[str, Any]) -> str:
    """What was imported, as one line or two."""
    if not row["warc_keys"]:
        return f"{row['source']}: all {row['files']} files were in the archive before. Nothing was changed."
    new = row["files"] - row["known_before"]
    return (
        f"{row['source']}: {new} of {row['files']} files deposited as {', '.join(row['warc_keys'])}; "
        f"{row['records']} posts extracted"
    )


def describe_coverage(row: Mapping[str, Any]) -> str:
    """A channel as a bar of its ids, then its ranges and gaps."""
    from access.rendering.formatting import format_time_utc

    lines = [f"channel {row['channel']}: {row['posts']} posts captured, newest {row['newest_id']}"]
    for each in row["handles"]:
        first, last = format_time_utc(each["first_seen_at"]), format_time_utc(each["last_seen_at"])
        lines.append(f"  @{each['name']}: from {first} to {last}")
    lines.append(bar(row))
    for each in row["ranges"]:
        period = f"{format_time_utc(each['first_seen_at'])} to {format_time_utc(each['last_seen_at'])}"
        pages = "1 page" if each["pages"] == 1 else f"{each['pages']} pages"
        lines.append(f"  {each['first']}-{each['last']}: captured {period}, {pages}")
    for gap in row["gaps"]:
        state = "visited, no post was shown" if gap["visited"] else "never requested"
        ids = str(gap["first"]) if gap["first"] == gap["last"] else f"{gap['first']}-{gap['last']}"
        lines.append(f"  {ids}: {state}")
    return "\n".join(lines)


def bar(row: Mapping[str, Any]) -> str:
    """The ids from 1 to the newest as one line: ``#`` all covered, ``+`` partly, ``.`` never requested."""
    newest = row["newest_id"]
    width = min(BAR_WIDTH, newest)
    edges = [1 + newest * step // width for step in range(width + 1)]
    signs = []
    for first, after in pairwise(edges):
        covered = sum(
            max(0, min(after - 1, each["last"]) - max(first, each["first"]) + 1) for each in row["ranges"]
        )
        signs.append("#" if covered >= after - first else "+" if covered else ".")
    return f"  1 [{''.join(signs)}] {newest}"


def describe_withheld(row: Mapping[str, Any]) -> str:
    """One thing that the preview withheld, as one line."""
    from access.rendering.formatting import format_time_utc

    return f"{row['source']}  {row['url']}  {row['reason']}  (since {format_time_utc(row['first_at'])})"
