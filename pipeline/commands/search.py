"""Commands of analysts: `search`, `captures`, `show`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipeline.commands.arguments import archived_name, days_in_order, web_address
from pipeline.commands.kinds import VERIFICATION_STATUSES, one_of
from pipeline.output import Exit, JsonOption, counted, emit, err, fail, out
from processors.kinds import record_kinds

if TYPE_CHECKING:
    from storage.archive import Archive

DAY: Final = "%Y-%m-%d"


def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]...",
            help='Words, "phrases", =exact, begin*, -word to exclude, or. Without text: all that match options.',
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="|".join((*record_kinds(), "EXTENSION.KIND")),
            parser=one_of(record_kinds, or_own=True),
            help="Find only records of this kind.",
        ),
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="ID", help="Find only records of this source.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=[DAY], metavar="DATE", help="Find records dated this day or later.")
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=[DAY], metavar="DATE", help="Find records dated this day or earlier."),
    ] = None,
    verification: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(VERIFICATION_STATUSES).replace("_", "-"),
            parser=one_of(lambda: VERIFICATION_STATUSES),
            help="Find only records with this verification status, by what analysts found out.",
        ),
    ] = None,
    newest: Annotated[
        bool, typer.Option("--newest", help="List the newest first, by the date that the source gives.")
    ] = False,
    typos: Annotated[
        bool, typer.Option("--typos", help="Find words that differ by one letter, too; needs the search index.")
    ] = False,
    names: Annotated[
        bool, typer.Option("--names", help="Find a person by name, in other spellings and scripts, too.")
    ] = False,
    as_written: Annotated[
        bool, typer.Option("--as-written", help="With --names: only names in this very spelling.")
    ] = False,
    most: Annotated[int, typer.Option(min=1, max=1000, help="The largest number of records to list.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Search records of every kind; the best matches come first."""
    from access.views.search import found
    from storage.search_index.question import SearchQuery

    query = SearchQuery(
        text=" ".join(words or ()).strip(),
        kind=() if kind is None else (kind,),
        source=() if source is None else (source,),
        since=since and since.date(),
        until=until and until.date(),
        verification=() if verification is None else (verification,),
        order="newest" if newest else "best",
        typing_errors=typos,
        names=names,
        fold_names=not as_written,
    )
    if not query.text and not query.narrows:
        raise fail(
            "Expected words to search for, or at least one of --kind, --source, --since, --until and "
            "--verification.",
            Exit.WRONG_USE,
        )
    days_in_order(since, until)
    with archive_for_command() as archive:
        if source is not None:
            known_source(archive, source)
        answer = found(archive, query, most=most)
    emit(answer.rows, as_json=as_json, human=describe_found)
    print_count(answer.total, "record", shown=len(answer.rows))
    if answer.because is not None and (typos or names):
        err.print(f"The database answered by itself: {answer.because}.", markup=False)
    if not answer.complete:
        err.print(
            "More records match, but only the newest are listed. Use the options to see the others.", markup=False
        )


def captures(url: Annotated[str, typer.Argument(metavar="URL")], as_json: JsonOption = False) -> None:
    """List every capture of a URL, oldest first."""
    from access.views.captures import captures_of_page

    web_address(url)
    with archive_for_command() as archive:
        count = emit(captures_of_page(archive, url), as_json=as_json, human=describe_capture)
    print_count(count, "capture")


def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The id of a capture or a record, or the digest of a medium (sha256:...)."
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Show everything known of one capture, record or medium."""
    from access.rendering.hidden_places import place_sentence
    from access.views.captures import one_capture
    from access.views.hidden import place_of
    from access.views.media import one_medium
    from access.views.search import one_record

    archived_name(name)
    with archive_for_command() as archive:
        found = one_capture(archive, name) or one_record(archive, name) or one_medium(archive, name)
        if found is None:
            place = place_of(archive, [name])
            if place is not None:
                raise fail(place_sentence(place))
            raise fail(f"The archive has nothing with the id {name}. It may not be processed yet.")
    if as_json:
        emit([found], as_json=True, human=str)
    else:
        out.print("\n".join(lines(found)), markup=False)


@contextmanager
def archive_for_command() -> "Iterator[Archive]":
    """The archive for one command; its errors are printed as sentences."""
    from sqlalchemy.exc import OperationalError

    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError, load_settings
    from storage.errors import StorageError

    try:
        with opened_archive(load_settings()) as archive:
            yield archive
    except OperationalError as problem:
        raise fail(
            f"The database does not answer: {str(problem.orig).strip()}\nCheck that the stack is running."
        ) from problem
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem
    except UnicodeEncodeError as problem:
        raise fail("An argument is not text in UTF-8. Nothing was searched.", Exit.WRONG_USE) from problem


def known_source(archive: "Archive", source: str) -> None:
    """Refuse the id of a source of which the archive has nothing: a typing error is not an empty result."""
    from access.views.changes import sources_of

    there = sources_of(archive)
    if source not in there:
        has = ", ".join(there) or "no source yet"
        raise fail(f"The archive has no files of a source {source!r}. It has: {has}.", Exit.WRONG_USE)


def print_count(count: int, one: str, many: str | None = None, *, shown: int | None = None) -> None:
    """Print how many rows there were; that nothing was found is a result, not a failure."""
    cut = f"; the first {shown} are listed (--most lists more)" if shown is not None and shown < count else ""
    err.print(f"{counted(count, one, many)}{cut}", markup=False)


def describe_found(row: Mapping[str, Any]) -> str:
    """A record as three lines."""
    from access.rendering.formatting import format_time_utc

    dated = f", dated {format_time_utc(row['dated_at'])}" if row["dated_at"] else ""
    return (
        f"{row['heading']}\n  {row['kind'].replace('_', ' ')} of {row['source']}{dated}, captured "
        f"{format_time_utc(row['captured_at'])}\n  {row['url']}\n"
        f"  letapis show {row['record_id'] or row['capture_id']}"
    )


def describe_capture(row: Mapping[str, Any]) -> str:
    """A capture as one line."""
    outcome = row["outcome"] or "not classified"
    return f"{row['captured_at']}  {row['status'] or '---'}  {outcome:<12}  {row['id']}  {row['warc_key']}"


def lines(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """A JSON value as indented lines; empty values are left out."""
    from pipeline.output import plain

    indent = "  " * depth
    label = f"{indent}{name.replace('_', ' ')}: " if name else indent
    if value is None or value in ("", [], {}):
        return
    match value:
        case Mapping():
            if name:
                yield f"{indent}{name.replace('_', ' ')}:"
            for key, item in value.items():
                yield from lines(item, key, depth + bool(name))
        case list() | tuple():
            yield f"{indent}{name.replace('_', ' ')}:"
            for item in value:
                rows = list(lines(item, "", depth + 1))
                yield from ([f"{indent}- {rows[0].strip()}", *rows[1:]] if rows else [])
        case str() | int() | float():
            yield f"{label}{value}"
        case _:
            yield f"{label}{plain(value)}"


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    for command in (search, captures, show):
        app.command()(command)
