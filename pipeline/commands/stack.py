"""Commands of the running stack: `up`, `doctor`, `demo`."""

from typing import Annotated

import typer

from pipeline.output import Exit, JsonOption, emit, err, fail, out


def say(text: str) -> None:
    """Progress, for people."""
    err.print(text, markup=False)


def up(as_json: JsonOption = False) -> None:
    """Start object store, database and Airflow, and stay; Ctrl-C stops all of it."""
    from pipeline.services.data_folder import described, described_for_programs
    from pipeline.services.processes import ServiceError
    from pipeline.services.stack import Stack
    from pipeline.settings import SettingsError, load_settings
    from pipeline.up import bring_up, until_told_to_stop

    try:
        stack = Stack(load_settings(running_stack=False), say=say)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    try:
        with until_told_to_stop():
            bring_up(stack, say)
            if as_json:
                emit([described_for_programs(stack.settings, stack.passwords)], as_json=True, human=str)
            else:
                for line in described(stack.settings, stack.passwords):
                    out.print(line, markup=False)
                say("Ctrl-C stops all of it.")
            stack.watch()
        say("Stopping ...")
    except ServiceError as problem:
        raise fail(str(problem)) from problem
    finally:
        stack.stop()


def doctor(as_json: JsonOption = False) -> None:
    """Say what is missing on this machine and how to get it; exit code 1 if something is."""
    from dataclasses import asdict

    from pipeline.doctor import examine
    from pipeline.settings import SettingsError, load_settings

    marks = {"ok": "ok      ", "warning": "warning ", "missing": "MISSING "}
    try:
        settings = load_settings()
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    states = []
    for check in examine(settings):
        states.append(check.state)
        advice = f"\n                      {check.how}" if check.how and check.state != "ok" else ""
        row = {"kind": "check", **asdict(check), "how": check.how if check.state != "ok" else None}
        emit(
            [row],
            as_json=as_json,
            human=lambda row, advice=advice: f"{marks[row['state']]}{row['name']:<14}{row['found']}{advice}",
        )
    if "missing" in states:
        raise typer.Exit(int(Exit.FAILED))


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop after the table; exit 0 only if all came through.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Harvest the sample sites through a stack of its own, show what came of it, and stay until Ctrl-C."""
    from pipeline.demo import run_demo
    from pipeline.services.processes import ServiceError
    from pipeline.settings import SettingsError, load_settings

    try:
        code = run_demo(load_settings(running_stack=False), stay=not once, as_json=as_json)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except ServiceError as problem:
        raise fail(str(problem)) from problem
    raise typer.Exit(int(code))


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    for command in (up, doctor, demo):
        app.command()(command)
