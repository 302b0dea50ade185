"""The command `witness`: cosign the checkpoints of other people's archives, with nothing but a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.output import Exit, JsonOption, emit, err, fail

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="What the witness keeps: key, logs, checkpoints.")]
LogKeys = Annotated[
    list[str] | None,
    typer.Option("--log-key", metavar="KEY", help="Verifier key of a log to cosign; may be given several times."),
]
Name = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="The name of a new key, as `witness.example/w1`; needed at the first start."
    ),
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 for any free one.")]


def witness(
    folder: Folder,
    log_key: LogKeys = None,
    name: Name = None,
    host: Host = "127.0.0.1",
    port: Port = 8091,
    as_json: JsonOption = False,
) -> None:
    """Witness the logs of other archives: cosign each checkpoint that extends the last one, and no other.

    Needs no store, no database and no Airflow. Prints its verifier key, which the archive's operator enters. A log
    that contradicts itself is printed in red, and the signed contradiction is kept in the folder. Ctrl-C ends it.
    """
    import uvicorn

    from pipeline.witness.app import witness_app
    from pipeline.witness.folder import WitnessFolder, WitnessFolderError
    from pipeline.witness.witness import Witness
    from processors.transparency_log.signed_note import VerifierKey, is_key_name

    kept = WitnessFolder(folder)
    if name is None and not (folder / "witness.key").exists():
        raise fail(
            f"{folder} holds no key yet. Give the new one a name: --name witness.example/w1", Exit.WRONG_USE
        )
    if name is not None and not is_key_name(name):
        raise fail(f"--name: expected text without spaces and +, found {name!r}", Exit.WRONG_USE)
    try:
        logs = tuple(map(VerifierKey.parse, log_key or ()))
        key = kept.prepare(name or "")
        kept.add_logs(logs)
        known = kept.logs()
        for path in kept.contradictions():
            err.print(f"A log contradicted itself: {path}", style="red", markup=False)
        with kept.held():
            config = uvicorn.Config(
                witness_app(Witness(kept, key), lambda alarm: err.print(alarm, style="red", markup=False)),
                host=host,
                port=port,
                log_level="warning",
                access_log=False,
            )
            listening = config.bind_socket()
            address = f"http://{host}:{listening.getsockname()[1]}"
            row = {
                "kind": "witness",
                "url": address,
                "key": str(key.verifier_key),
                "logs": [str(each) for each in known],
            }
            emit(
                [row],
                as_json=as_json,
                human=lambda told: "\n".join(
                    (
                        f"The witness answers at {told['url']} for {len(told['logs'])} logs.",
                        f"Its verifier key: {told['key']}",
                    )
                ),
            )
            uvicorn.Server(config).run(sockets=[listening])
    except (WitnessFolderError, ValueError, OSError) as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(witness)
