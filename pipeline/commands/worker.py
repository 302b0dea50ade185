"""The command that works on requests of people: `worker`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.output import Exit, JsonOption, emit, fail, print_progress

if TYPE_CHECKING:
    from pipeline.collect.worker import Worked


def worker(
    once: Annotated[
        bool, typer.Option("--once", help="Work on what waits now, and end. Exit code 3 if a page failed.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Archive the pages that people request, at once, until a signal ends it.

    `letapis up` starts as many as LETAPIS_WORKERS says, two by default.

    Each address is claimed for 15 seconds, and renewed while the work lasts. If a worker is killed, another one
    goes on. Start as many on as many machines as you like.
    """
    from sqlalchemy.exc import OperationalError

    from pipeline.collect.worker import WorkState, run_worker
    from pipeline.config.settings import SettingsError, load_settings
    from storage.errors import StorageError

    states: set[WorkState] = set()

    def print_worked(done: "Worked") -> None:
        states.add(done.state)
        emit([done.as_json()], as_json=as_json, human=describe_worked)

    try:
        settings = load_settings()
        settings.store()
        settings.database()
        run_worker(settings, once=once, on_done=print_worked, on_progress=print_progress)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem
    except OperationalError as problem:
        raise fail(f"The database does not answer: {str(problem.orig).strip()}") from problem
    if once and states - {WorkState.DONE}:
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def describe_worked(row: Mapping[str, Any]) -> str:
    """One address as a line; of a confidential request its number alone."""
    which = f"URL {row['number'] + 1} of request {row['request_id']}" if row["confidential"] else row["url"]
    again = f", attempt {row['attempt']}" if row["attempt"] > 1 else ""
    state = str(row["state"]).replace("_", " ")
    return f"{which}: {state} in {row['seconds']:.1f} s{again}" + (f". {row['problem']}" if row["problem"] else "")


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(worker)
