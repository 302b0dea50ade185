"""The command `morning`: what the operator has to know in the morning, shown or sent."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.output import Exit, JsonOption, emit, fail

if TYPE_CHECKING:
    from pipeline.operations.morning_run import SentMorning


def morning(
    send: Annotated[bool, typer.Option("--send", help="Send it, with what was kept, and the heartbeat.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Send a test to every address and the heartbeat.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the morning message on one screen, or send it to the addresses of LETAPIS_MORNING_TO.

    Exit code 3 if an address or the heartbeat did not take it.
    """
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.operations.morning_run import compose, send_morning, try_out

    if send and test:
        raise fail("--send and --test: expected one of them, found both. Nothing was sent.", Exit.WRONG_USE)
    try:
        settings = load_settings()
        if test:
            deliveries = try_out(settings)
        else:
            made = send_morning(settings) if send else compose(settings)
            deliveries = made.deliveries
            emit([morning_row(made)], as_json=as_json, human=lambda row: f"{row['title']}\n\n{row['text']}")
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    emit(({"kind": "message", **asdict(each)} for each in deliveries), as_json=as_json, human=describe_message)
    if not all(each.sent for each in deliveries):
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def morning_row(made: "SentMorning") -> dict[str, Any]:
    """The message for programs."""
    found = made.morning.archive
    return {
        "kind": "morning",
        "result": made.morning.result.value,
        "title": made.title,
        "text": made.text,
        "made_at": made.morning.made_at,
        "night": None if found is None or found.night is None else found.night.state.value,
        "red": [] if found is None else [asdict(each) for each in found.red],
        "other_red": 0 if found is None else found.other_red,
    }


def describe_message(row: Mapping[str, Any]) -> str:
    """What came of one address."""
    what = "an earlier message: " if row["earlier"] else ""
    return f"{row['to']}: {what}{'sent' if row['sent'] else 'not sent: ' + str(row['problem'])}"


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(morning)
