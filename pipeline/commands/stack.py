"""Commands about the stack, the embedded one or another: `up`, `prepare`, `doctor`, `demo`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.output import Exit, JsonOption, emit, fail, out, print_progress, warn

if TYPE_CHECKING:
    from pipeline.config.settings import Settings


def up(as_json: JsonOption = False) -> None:
    """Start object store, database and Airflow, and stay; Ctrl-C stops everything.

    If the watch-list has mistakes, nothing is started, and every mistake is listed (exit code 2).
    """
    from crawlers.watchlist.loader import InvalidWatchlist, read_watchlist
    from pipeline.config.demo_location import is_demo_folder
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.devstack.data_folder import access_json, access_lines
    from pipeline.devstack.stack import Stack
    from pipeline.devstack.up import bring_up, until_stopped
    from pipeline.supervise.processes import ServiceError

    try:
        settings = load_settings(running_stack=False)
        if is_demo_folder(settings.data):
            how = "`make demo` starts its stack. For another stack, unset LETAPIS_DATA or name another folder"
            raise fail(
                f"{settings.data} is the data folder of the demo. Nothing was started. {how}.", Exit.WRONG_USE
            )
        read_watchlist(settings.watchlist, egress=settings.egress_names, extensions=settings.extension_folder)
        stack = Stack(settings, on_progress=print_progress)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except InvalidWatchlist as errors:
        count = len(errors.mistakes)
        head = "The watch-list has a mistake" if count == 1 else f"The watch-list has {count} mistakes"
        raise fail(f"{head}. Nothing was started.\n{errors}", Exit.WRONG_USE) from errors
    try:
        with until_stopped():
            bring_up(stack, print_progress)
            if as_json:
                emit([access_json(stack.settings, stack.passwords)], as_json=True, human=str)
            else:
                for line in access_lines(stack.settings, stack.passwords):
                    out.print(line, markup=False)
                print_progress("Ctrl-C stops everything.")
            for warning in stack.warnings:
                warn(warning)
            stack.watch()
        print_progress("Stopping ...")
    except ServiceError as problem:
        raise fail(str(problem)) from problem
    finally:
        stack.stop()


def prepare(
    as_json: JsonOption = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only list the migrations of the database that are due; change nothing."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Run those migrations and take them back: does the data allow them, and how long do they take? "
            "The tables are locked meanwhile.",
        ),
    ] = False,
) -> None:
    """Create tables, buckets and pools in the database, store and Airflow that the settings name; start nothing.

    What exists stays as it is. Run it as the owner of the database (LETAPIS_DATABASE_URL), at first and after each
    upgrade; workers need only the addresses of the writer and the reader.
    """
    from dataclasses import asdict

    from sqlalchemy.exc import OperationalError, SQLAlchemyError

    from pipeline.airflow_api import AirflowApi, AirflowRefused, AirflowUnreachable
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.prepare import Prepared, prepare_archive, prepare_pools, prepare_roles, remove_old_words
    from storage.errors import StorageError

    def print_prepared(thing: Prepared) -> None:
        emit([{"kind": "prepared", **asdict(thing)}], as_json=as_json, human=describe_prepared)

    try:
        settings = load_settings()
        if check or dry_run:
            _migrations(settings, rehearsed=dry_run, as_json=as_json)
            return
        for thing in prepare_archive(settings):
            print_prepared(thing)
        if settings.airflow_url is None:
            print_progress(
                "The pools of Airflow were not checked, since LETAPIS_AIRFLOW_URL is not set (docs/production.md)."
            )
            return
        with AirflowApi(settings.airflow(), patience_s=0) as api:
            for thing in (*prepare_pools(api), *prepare_roles(api), *remove_old_words(api)):
                print_prepared(thing)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except OperationalError as problem:
        raise fail(f"The database does not answer: {str(problem.orig).strip()}") from problem
    except SQLAlchemyError as problem:
        raise fail(f"The database refused a migration, and it is as it was before. {problem}") from problem
    except (StorageError, AirflowRefused, AirflowUnreachable) as problem:
        raise fail(str(problem)) from problem


def _migrations(settings: "Settings", *, rehearsed: bool, as_json: bool) -> None:
    """Print the migrations that are due; with ``rehearsed`` after they were run and taken back."""
    from storage.migrations import newest_schema, pending_migrations, rehearse

    owner_url = settings.database_owner()
    steps = rehearse(owner_url) if rehearsed else pending_migrations(owner_url)
    rows = [
        {"kind": "migration", "schema": step.schema, "title": step.title, "duration_s": step.duration_s}
        for step in steps
    ]
    emit(rows, as_json=as_json, human=describe_migration)
    if not rows:
        print_progress(f"No migration is due: the database has schema {newest_schema()}. Nothing was changed.")
    elif rehearsed:
        print_progress("Every migration came through and was taken back. The database is as it was before.")
    else:
        print_progress("Nothing was changed. `letapis prepare` runs them; make a backup of the database before.")


def describe_migration(row: Mapping[str, Any]) -> str:
    """One migration as a line."""
    took = "" if row["duration_s"] is None else f" ({row['duration_s']:.1f} s)"
    return f"{row['schema']}  {row['title']}{took}"


def describe_prepared(row: Mapping[str, Any]) -> str:
    """One thing as a line."""
    return f"{row['name']:<17} {row['problem'] or row['found']}"


def doctor(
    as_json: JsonOption = False,
    egress: Annotated[
        bool, typer.Option("--egress", help="Show what a target sees through each egress profile, instead.")
    ] = False,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="With --egress: a page to fetch, if possible one that shows the visitor's IP address.",
        ),
    ] = None,
) -> None:
    """Check this machine: list what is missing and how to get it; exit code 1 if anything is."""
    from dataclasses import asdict

    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.setup.doctor import OWNER_UNWATCHED, examine

    if target is not None and not (egress and target.startswith(("http://", "https://"))):
        raise fail("--target: expected a URL with http:// or https://, and --egress.", Exit.WRONG_USE)
    try:
        settings = load_settings()
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    if egress:
        _egress(settings, target, as_json=as_json)
        return
    states = set()
    for check in examine(settings):
        states.add(check.state)
        how = None if check.state == "ok" else check.how
        red = "bold red" if check.state == "missing" or check.found == OWNER_UNWATCHED else None
        emit([{"kind": "check", **asdict(check), "how": how}], as_json=as_json, human=describe_check, style=red)
    if "missing" in states:
        raise typer.Exit(int(Exit.FAILED))


def _egress(settings: "Settings", target: str | None, *, as_json: bool) -> None:
    """Check every profile, one after the other; exit code 1 if one of them does not work."""
    from pipeline.crawl.egress_check import describe_probe, probe

    rows = []
    for profile in settings.egress_names:
        rows.append(probe(settings, profile, target))
        emit([rows[-1].as_json()], as_json=as_json, human=describe_probe)
    if any(row.problem for row in rows):
        raise typer.Exit(int(Exit.FAILED))


def describe_check(check: Mapping[str, Any]) -> str:
    """One check of the doctor as a line, with the advice below it."""
    from pipeline.setup.doctor import label_of

    line = f"{check['state']:<8}{label_of(check['name']):<18}{check['found']}"
    return f"{line}\n{'':<26}{check['how']}" if check["how"] else line


def demo(
    as_json: JsonOption = False,
    once: Annotated[
        bool, typer.Option("--once", help="Stop after the table. Exit code 0 only if every source was collected.")
    ] = False,
    day: Annotated[
        int, typer.Option(min=1, max=2, help="The day of the sample sites; on day 2 they have changed.")
    ] = 1,
) -> None:
    """Harvest the sample sites through a stack of their own, show the results, and stay until Ctrl-C."""
    from sqlalchemy.exc import OperationalError

    from pipeline.airflow_api import AirflowRefused, AirflowUnreachable
    from pipeline.commands.demo import run_demo
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.supervise.processes import ServiceError

    try:
        code = run_demo(load_settings(running_stack=False), day=day, stay=not once, as_json=as_json)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except (ServiceError, AirflowRefused, AirflowUnreachable) as problem:
        raise fail(str(problem)) from problem
    except OperationalError as problem:
        raise fail(f"The database does not answer: {str(problem.orig).strip()}") from problem
    raise typer.Exit(int(code))


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    for command in (up, prepare, doctor, demo):
        app.command()(command)
