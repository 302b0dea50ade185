"""Commands about sources: `sources` lists them; `import`, `try`, `add`, `end`; `new` and `test` for an operator's
own parsers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands import added_sources
from pipeline.commands.arguments import web_address
from pipeline.output import Exit, JsonOption, emit, err, fail, print_progress

if TYPE_CHECKING:
    from crawlers.watchlist.loader import Watchlist
    from pipeline.config.settings import Settings
    from pipeline.sources.line_parser import Line
    from storage.ledger.added_sources import AddedSource

sources = typer.Typer(help="List the sources that are collected; add and end sources; import a list; try them.")

WatchlistFile = Annotated[
    Path | None,
    typer.Option("--watchlist", metavar="FILE", help="A watch-list, instead of the one in the settings."),
]


@sources.callback(invoke_without_command=True)
def listed(context: typer.Context, watchlist: WatchlistFile = None, as_json: JsonOption = False) -> None:
    """List the sources of the watch-list with the result of their last crawl, as far as it is known."""
    if context.invoked_subcommand is None:
        list_sources(watchlist=watchlist, as_json=as_json)


@sources.command("list")
def list_sources(watchlist: WatchlistFile = None, as_json: JsonOption = False) -> None:
    """List the sources of the watch-list's file and those that people added, with the result of their last crawl.

    With --watchlist, only those of that file. Sources that were ended are not listed.
    """
    settings = _settings()
    added = () if watchlist is not None else _added(settings)
    rows = list(_rows(settings, _watchlist(settings, watchlist, added), added))
    emit(rows, as_json=as_json, human=describe_source)
    err.print(f"{len(rows)} sources", markup=False)


@sources.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False)],
    watchlist: WatchlistFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done, and change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Append the sources of a CSV file to the watch-list: one channel or URL per line, in any column.

    The kind of a source follows from its URL; columns `kind` and `id` override it. Existing entries are not
    changed. Exit code 3 if a line could not be understood; all others are added.
    """
    from pipeline.sources.importer import ImportRefused, import_sources
    from pipeline.sources.line_parser import NewSource, Unclear

    target = watchlist or _settings().watchlist
    try:
        lines = import_sources(file, target, write=not dry_run)
    except ImportRefused as refused:
        raise fail(str(refused)) from refused
    emit(map(line_row, lines), as_json=as_json, human=describe_line)
    new, unclear = (sum(isinstance(line, kind) for line in lines) for kind in (NewSource, Unclear))
    where = "would be added" if dry_run else f"added to {target}"
    err.print(f"{new} of {len(lines)} lines {where}. Try them with `letapis sources try`.", markup=False)
    if unclear:
        raise fail(
            f"{unclear} lines were not understood. Correct them and import the file again.", Exit.SOURCES_FAILED
        )


@sources.command("try")
def try_(
    source: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="The sources to try. Default: all.")
    ] = None,
    watchlist: WatchlistFile = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch one page of each source, print its outcome, and suggest an expected yield. Nothing is stored.

    Pages are fetched through the recorder, with the rate limits of the sources. Exit code 3 if a page had no
    content.
    """
    from pipeline.collect.harvest import UnknownSourceError
    from pipeline.config.settings import SettingsError
    from pipeline.sources.trial import try_sources

    settings = _settings()
    chosen = _watchlist(settings, watchlist, () if watchlist is not None else _added(settings)).sources
    unknown = [each for each in source or () if each not in {known.id for known in chosen}]
    if unknown:
        raise fail(str(UnknownSourceError(unknown, [known.id for known in chosen])), Exit.WRONG_USE)
    wanted = [each for each in chosen if not source or each.id in source]
    try:
        trials = try_sources(
            settings, wanted, on_trial=lambda trial: print_progress(f"{trial.source_id}: {trial.outcome}")
        )
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    emit((trial.as_json() for trial in trials), as_json=as_json, human=describe_trial)
    bad = [trial.source_id for trial in trials if trial.outcome != "content"]
    if bad:
        raise fail(f"{len(bad)} of {len(trials)} sources gave no content: {', '.join(bad)}.", Exit.SOURCES_FAILED)


@sources.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the extension: a-z, 0-9 and _.")],
    url: Annotated[str, typer.Option("--url", metavar="URL", help="A page of the source.")],
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="Of its records: hearing, notice, register_entry, article, or a name of your own."
        ),
    ] = "entry",
    force: Annotated[
        bool,
        typer.Option("--force", help="Write over files that are there, and also for a page that is no content."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Begin a parser of your own: fetch one page, and write an extension around it that runs at once.

    It stands in the folder of LETAPIS_EXTENSIONS: the parser, the page, what the parser makes of it (for a person
    to read and correct), and a test. Change the parser until `letapis sources test NAME` says that all is as
    expected. Exit code 3 if no page came, or one that is no content: then nothing is written.
    """
    from pipeline.sources.fetched_page import PageNotFetched, fetch_page, refuse_no_content
    from pipeline.sources.new_extension import may_be_new, write_extension
    from processors.extension.code import ExtensionFault

    web_address(url, what="--url")
    if not url.lower().startswith(("http://", "https://")):
        raise fail(f"--url: begin it with http:// or https://, found {url!r}.", Exit.WRONG_USE)
    settings = _settings()
    try:
        may_be_new(settings.extension_folder, name, kind)
        print_progress(f"{url}: is fetched ...")
        page = fetch_page(settings, url)
        if not force:
            refuse_no_content(page)
        made = write_extension(settings.extension_folder, name, page, kind=kind, overwrite=force)
    except ExtensionFault as fault:
        raise fail(str(fault), Exit.WRONG_USE) from fault
    except PageNotFetched as problem:
        raise fail(f"{problem}. Nothing was written.", Exit.SOURCES_FAILED) from problem
    emit([made.as_json()], as_json=as_json, human=new_in_words)


@sources.command("test")
def test(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these extensions.")] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write what was found as what is expected, for a person to read.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read the stored pages of extensions by their parsers, as the product does, and compare with what is
    expected.

    Exit code 1 if a page is read otherwise than expected, or if no person has read what is expected of it. With
    --accept, exit code 1 only if a page could not be read.
    """
    from pipeline.sources.extension_pages import TrialResult, try_pages
    from pipeline.sources.extension_pages import accept as write_expectation
    from processors.extension.code import ExtensionFault

    folder = _settings().extension_folder
    if folder.path is None:
        raise fail("No folder of extensions is set: name one in LETAPIS_EXTENSIONS.", Exit.WRONG_USE)
    wrong = unread = looked_at = 0
    for name in names or folder.names():
        try:
            for trial in try_pages(folder, name):
                looked_at += 1
                wrong += trial.result is not TrialResult.AS_EXPECTED
                unread += trial.result is not TrialResult.AS_EXPECTED and trial.found is not None
                emit([trial.as_json()], as_json=as_json, human=page_in_words)
                if (
                    accept
                    and trial.found is not None
                    and trial.result
                    in (
                        TrialResult.DIFFERENT,
                        TrialResult.WITHOUT_EXPECTATION,
                    )
                ):
                    print_progress(
                        f"  written to {write_expectation(folder, trial)}, for a person to read beside the page"
                    )
        except ExtensionFault as fault:
            raise fail(str(fault), Exit.WRONG_USE) from fault
    print_progress(f"{looked_at} pages read, {wrong} not as a person expects")
    if accept and unread:
        print_progress(
            f"A person must still read {unread} expectations beside their pages, and set `read_by_a_person` "
            "to true."
        )
    if wrong > (unread if accept else 0):
        raise typer.Exit(int(Exit.FAILED))


def page_in_words(row: Mapping[str, Any]) -> str:
    """One stored page, and what is wrong with it."""
    records = "" if row["records"] is None else f", {row['records']} records"
    lines = [f"{row['extension']}/{row['page']}: {row['result'].replace('_', ' ')}{records}, by {row['parser']}"]
    return "\n".join((*lines, *(f"  {problem}" for problem in row["problems"])))


def new_in_words(row: Mapping[str, Any]) -> str:
    """What was written, what to do next, and the entry for the watch-list."""
    lines = [f"{row['folder']}: written: {', '.join(row['files'])}"]
    if row["problems"]:
        lines += [f"  not yet read: {problem}" for problem in row["problems"]]
    else:
        lines.append(f"  {row['parser']} reads {row['records']} records from the page ({row['outcome']}).")
    entry = row["entry"]
    lines += [
        f"Read {row['folder']}/expected/first.json beside the page, mend {row['folder']}/parser.py, and run",
        f"  letapis sources test {row['name']}",
        "Then add the source to the watch-list:",
        f"  - id: {entry['id']}",
        f"    kind: {entry['kind']}",
        f"    pages: [{', '.join(entry['pages'])}]",
        f"    parser: {entry['parser']}",
    ]
    return "\n".join(lines)


def line_row(line: Line) -> dict[str, Any]:
    """The row of kind ``source_line``."""
    from pipeline.sources.line_parser import LeftOut, NewSource, Repeated

    row: dict[str, Any] = {"kind": "source_line", "line": line.line}
    match line:
        case NewSource():
            return row | {"result": "added", "entry": dict(line.entry), "because": line.because}
        case Repeated():
            return row | {"result": "repeated", "text": line.text, "source_id": line.source_id}
        case LeftOut():
            return row | {"result": "left_out", "text": line.text, "problem": line.reason}
    return row | {"result": "unclear", "text": line.text, "problem": line.problem}


def describe_line(row: Mapping[str, Any]) -> str:
    """One line of the list as one line."""
    match row["result"]:
        case "added":
            return f"line {row['line']}: {row['entry']['id']} ({row['entry']['kind']}): {row['because']}"
        case "repeated":
            return f"line {row['line']}: the watch-list has it as {row['source_id']}: {row['text']}"
        case "left_out":
            return f"line {row['line']}: left out: {row['problem']}: {row['text']}"
    return f"line {row['line']}: not understood: {row['problem']}: {row['text']}"


def describe_trial(row: Mapping[str, Any]) -> str:
    """One trial in a few lines."""
    reason = f" ({row['reason']})" if row["reason"] else ""
    lines = [f"{row['source_id']}: {row['outcome']}{reason}; {row['records']} records, leads to {row['leads_to']}"]
    lines += [f"  {row['url']}"] if row["url"] else []
    if row["filled"]:
        lines.append("  filled: " + ", ".join(f"{name} {count}" for name, count in row["filled"].items()))
    lines += [f"  note: {remark}" for remark in row["remarks"]]
    if row["expect"]:
        lines.append(f"  expect: {{{', '.join(f'{name}: {value}' for name, value in row['expect'].items())}}}")
    return "\n".join(lines)


def describe_source(row: Mapping[str, Any]) -> str:
    """One source as one line, and a line for each problem."""
    last = row["last_crawl"]
    by = "" if row["added_by"] is None else f", added by {row['added_by']}"
    named = f"{row['id']} ({row['source_kind']}{by})"
    if row["set_aside"] is not None:
        return f"{named}: not collected: {row['set_aside']}"
    if last is None:
        return f"{named}: never crawled, as far as is known"
    lines = [f"{named}: {last['state']}, {last['began_at'][:16].replace('T', ' ')}"]
    return "\n".join((*lines, *(f"  {sentence}" for sentence in last["failures"])))


def _rows(settings: Settings, watchlist: Watchlist, added: Sequence[AddedSource]) -> Iterator[dict[str, Any]]:
    crawls = last_crawls_of(settings)
    counting = {each.id: each for each in added if each.is_collected and each.id not in watchlist.set_aside}
    for source in watchlist.sources:
        yield {
            "kind": "source",
            "id": source.id,
            "source_kind": source.kind,
            "seeds": list(source.seeds),
            "last_crawl": crawls.get(source.id),
            "origin": "added" if source.id in counting else "file",
            "added_by": counting[source.id].added_by if source.id in counting else None,
            "set_aside": None,
        }
    for each in added:
        if each.is_collected and each.id in watchlist.set_aside:
            yield {
                "kind": "source",
                "id": each.id,
                "source_kind": each.entry.get("kind"),
                "seeds": [],
                "last_crawl": None,
                "origin": "added",
                "added_by": each.added_by,
                "set_aside": watchlist.set_aside[each.id],
            }


def last_crawls_of(settings: Settings) -> dict[str, dict[str, Any]]:
    """How the last crawls ended, by source; empty where no archive is known or answers."""
    from sqlalchemy.exc import OperationalError

    from access.views.overview import last_crawl_row
    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError
    from storage.ledger.last_crawls import last_crawls

    try:
        with opened_archive(settings) as archive, archive.reader.connect() as connection:
            found = last_crawls(connection)
    except (SettingsError, OperationalError) as problem:
        print_progress(f"The results of the last crawls are not known: {str(problem).splitlines()[0]}")
        return {}
    return {source_id: last_crawl_row(last) for source_id, last in found.items()}


def _settings() -> Settings:
    from pipeline.config.settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem


def _added(settings: Settings) -> tuple[AddedSource, ...]:
    """The sources that people added; none, with a word, where the database does not answer."""
    from pipeline.config.listed_sources import added_as_known

    added, why_unknown = added_as_known(settings)
    if why_unknown is not None:
        print_progress(f"Which sources people added is not known: {why_unknown}")
    return added


def _watchlist(settings: Settings, file: Path | None, added: Sequence[AddedSource]) -> Watchlist:
    from crawlers.watchlist.loader import InvalidWatchlist, read_watchlist
    from pipeline.config.listed_sources import entries_of

    try:
        return read_watchlist(
            file or settings.watchlist,
            egress=settings.egress_names,
            extensions=settings.extension_folder,
            added=entries_of(added),
        )
    except InvalidWatchlist as errors:
        raise fail(str(errors), Exit.WRONG_USE) from errors


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    sources.command("add")(added_sources.add)
    sources.command("end")(added_sources.end)
    app.add_typer(sources, name="sources")
