"""The command `replay`: the host on which archived pages are viewed, for a production set-up."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.output import Exit, JsonOption, emit, fail

Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="The port on loopback; default: LETAPIS_REPLAY_PORT, else 8092."),
]

DEFAULT_PORT = 8092


def replay(port: Port = None, as_json: JsonOption = False) -> None:
    """Serve archived pages on the replay host (LETAPIS_REPLAY_URL), until Ctrl-C.

    Needs database, store and the key that `letapis prepare` made; `letapis up` starts one by itself. It listens on
    loopback only: a reverse proxy with a host name of its own stands before it (docs/replay.md).
    """
    from access.replay.capability import ReplayKeyError
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.replay.environment import ReplayEnvironmentError
    from pipeline.replay.server import serve_replay
    from pipeline.supervise.processes import ServiceError

    def print_ready(url: str) -> None:
        row = {"kind": "replay", "replay_url": url}
        emit([row], as_json=as_json, human=lambda told: f"The replay host answers at {told['replay_url']}.")

    try:
        settings = load_settings()
        settings.database()
        settings.store()
        serve_replay(settings, port=port or settings.replay_port or DEFAULT_PORT, on_ready=print_ready)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except (ReplayEnvironmentError, ReplayKeyError, ServiceError, OSError) as problem:
        raise fail(str(problem)) from problem


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(replay)
