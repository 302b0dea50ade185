"""The analysts' questions: `search`, `captures`, `show`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pipeline.commands.arguments import archived_name, days_in_order, web_address
from pipeline.commands.kinds import one_of
from pipeline.output import Exit, JsonOption, emit, err, fail, out
from processors.kinds import record_kinds

if TYPE_CHECKING:
    from storage.archive import Archive

DAY: Final = "%Y-%m-%d"


def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]...", help='Words, "phrases", -without, or. None: all that the options let through.'
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="|".join((*record_kinds(), "EXTENSION.KIND")),
            parser=one_of(record_kinds, or_own=True),
            help="Only records of this kind.",
        ),
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="ID", help="Only what this source showed.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=[DAY], metavar="DATE", help="Dated this day or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=[DAY], metavar="DATE", help="Dated this day or earlier.")
    ] = None,
    newest: Annotated[
        bool, typer.Option("--newest", help="The newest first, by the date that the source gives.")
    ] = False,
    most: Annotated[int, typer.Option(min=1, max=1000, help="At most so many records.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Find records of every kind by their words; the best matches first."""
    from access.views.search import found
    from storage.queries.search import Question

    question = Question(
        text=" ".join(words or ()).strip(),
        kind=kind,
        source_id=source,
        since=since and since.date(),
        until=until and until.date(),
        order="newest" if newest else "best",
    )
    if question == Question(order=question.order):
        raise fail(
            "What is to be found? Name words, or narrow by --kind, --source, --since, --until.", Exit.WRONG_USE
        )
    days_in_order(since, until)
    with asked_archive() as archive:
        if source is not None:
            known_source(archive, source)
        answer = found(archive, question, most=most)
    emit(answer.rows, as_json=as_json, human=found_in_words)
    told(answer.total, "record", shown=len(answer.rows))
    if not answer.complete:
        err.print("More match than are looked at: these are the newest. Narrow the question.", markup=False)


def captures(url: Annotated[str, typer.Argument(metavar="URL")], as_json: JsonOption = False) -> None:
    """List every capture of an address, oldest first."""
    from access.views.captures import captures_of_page

    web_address(url)
    with asked_archive() as archive:
        count = emit(captures_of_page(archive, url), as_json=as_json, human=capture_in_words)
    told(count, "capture")


def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="Of a capture, a record, or a medium (sha256:...).")],
    as_json: JsonOption = False,
) -> None:
    """Show everything known of one capture, record or medium."""
    from access.views.captures import one_capture
    from access.views.media import one_medium
    from access.views.search import one_record

    archived_name(name)
    with asked_archive() as archive:
        found = one_capture(archive, name) or one_record(archive, name) or one_medium(archive, name)
        if found is None:
            raise fail(f"Nothing in the archive is called {name}. It may not have been read yet.")
    if as_json:
        emit([found], as_json=True, human=str)
    else:
        out.print("\n".join(lines(found)), markup=False)


@contextmanager
def asked_archive() -> "Iterator[Archive]":
    """The archive for one question; errors in words."""
    from sqlalchemy.exc import OperationalError

    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError, load_settings
    from storage.errors import StorageError

    try:
        with opened_archive(load_settings()) as archive:
            yield archive
    except OperationalError as problem:
        raise fail(f"The database does not answer: {str(problem.orig).strip()}\nIs the stack up?") from problem
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem
    except UnicodeEncodeError as problem:
        raise fail(
            "An argument holds bytes that are no text in UTF-8; nothing was looked for.", Exit.WRONG_USE
        ) from problem


def known_source(archive: "Archive", source: str) -> None:
    """Refuse the id of a source of which the archive holds nothing; a slip of the pen is no empty answer."""
    from access.views.changes import sources_of

    there = sources_of(archive)
    if source not in there:
        has = ", ".join(there) or "no source yet"
        raise fail(f"The archive holds nothing of {source!r}. It has: {has}.", Exit.WRONG_USE)


def told(count: int, one: str, many: str | None = None, *, shown: int | None = None) -> None:
    """How many there were, for people; nothing found is an answer, not a failure."""
    cut = f", the first {shown} shown (--most shows more)" if shown is not None and shown < count else ""
    err.print(f"{count} {one if count == 1 else many or one + 's'}{cut}", markup=False)


def found_in_words(row: Mapping[str, Any]) -> str:
    """A record as three lines."""
    from access.rendering.formatting import format_time_utc

    said = f", dated {format_time_utc(row['dated_at'])}" if row["dated_at"] else ""
    return (
        f"{row['heading']}\n  {row['kind'].replace('_', ' ')} of {row['source']}{said}, seen "
        f"{format_time_utc(row['captured_at'])}\n  {row['url']}\n  letapis show {row['record_id']}"
    )


def capture_in_words(row: Mapping[str, Any]) -> str:
    """A capture as one line."""
    said = row["outcome"] or "not classified"
    return f"{row['captured_at']}  {row['status'] or '---'}  {said:<12}  {row['id']}  {row['warc_key']}"


def lines(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """A JSON value as indented lines; what says nothing is left out."""
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
