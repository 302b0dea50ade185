"""The command `alarms`: what somebody has to know at once, shown or sent."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.morning import describe_message
from pipeline.output import Exit, JsonOption, emit, fail, print_progress

if TYPE_CHECKING:
    from pipeline.operations.alarm_run import AlarmRun


def alarms(
    send: Annotated[bool, typer.Option("--send", help="Send what is new, lasts or is over, once.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what is wrong now with store, database, disk, clock, custody, outlets and silent sources; or send it.

    The DAG `alarms` sends every five minutes to LETAPIS_ALARM_TO. Exit code 3 if an alarm lasts, or if an address
    did not take the message.
    """
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.operations.alarm_run import alarms_now, raise_alarms

    print_progress("Looking at store, database, disk, clock, custody, outlets and sources ...")
    try:
        settings = load_settings()
        made = raise_alarms(settings, on_progress=print_progress) if send else alarms_now(settings)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except OSError as problem:
        expected = f"expected to write into {settings.data}, found: {problem.strerror}"
        raise fail(f"Alarms are remembered in the data folder: {expected}. Make room there.") from problem
    rows = tuple(alarm_rows(made))
    emit(rows, as_json=as_json, human=describe_alarm)
    if not rows and not as_json:
        print_progress("Nothing is wrong.")
    emit(
        ({"kind": "message", **asdict(each)} for each in made.deliveries), as_json=as_json, human=describe_message
    )
    if made.changes.began or made.changes.last or not all(each.sent for each in made.deliveries):
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def alarm_rows(made: "AlarmRun") -> Iterator[dict[str, Any]]:
    """Each alarm, then each topic of which nothing could be found out."""
    changes = made.changes
    for state, found in (("new", changes.began), ("lasts", changes.last), ("over", changes.over)):
        for key, each in found.items():
            yield {"kind": "alarm", "alarm": key, "state": state, "since": each.since, "sentence": each.sentence}
    for topic in sorted(made.look.unknown):
        yield {"kind": "alarm", "alarm": topic, "state": "unknown", "since": None, "sentence": None}


def describe_alarm(row: Mapping[str, Any]) -> str:
    """One alarm as a line."""
    if row["sentence"] is None:
        return f"{row['state']:<8} {row['alarm']}: could not be looked at"
    since = "" if row["state"] == "new" else f"since {row['since']:%Y-%m-%d %H:%M} UTC: "
    return f"{row['state']:<8} {since}{row['sentence']}"


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(alarms)
