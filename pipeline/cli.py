"""The `letapis` command: assembles the command groups; the work is in `pipeline.commands`.

A command imports its own group alone, since the imports of all take longer than many a command does; help, and a
name that no command has, import all. Heavy imports stand inside the commands.
"""

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Final

import typer

from pipeline.failures import CommandGroup, errors_as_sentences, make_streams_safe

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "stack": ("up", "prepare", "doctor", "demo"),
    "status": ("status",),
    "morning": ("morning",),
    "alarms": ("alarms",),
    "metrics": ("metrics",),
    "forecast": ("forecast",),
    "harvest": ("harvest",),
    "archive": ("archive",),
    "repeats": ("repeats",),
    "backfill": ("backfill",),
    "reread": ("reread",),
    "crawl": ("crawl",),
    "deposit": ("deposit", "rebuild"),
    "verify": ("verify", "audit"),
    "preserve": ("copies", "timestamps", "custody", "accesses"),
    "quality": ("quality",),
    "backup": ("backup",),
    "recover": ("recover",),
    "drill": ("drill",),
    "replay": ("replay",),
    "witness": ("witness",),
    "parse": ("parse",),
    "fingerprint": ("fingerprint", "group"),
    "search": ("search", "captures", "show"),
    "index": ("index",),
    "similar": ("similar", "judge"),
    "explain": ("explain",),
    "assess": ("assess", "assessments"),
    "changes": ("changes",),
    "receipt": ("receipt",),
    "export": ("export", "disclosures"),
    "export_index": ("export-index",),
    "redact": ("redact", "redactions"),
    "sql": ("sql", "sql-login"),
    "telegram": ("coverage", "withheld", "import-telegram"),
    "receive": ("receive", "received"),
    "sources": ("sources",),
    "login": ("login",),
    "kept_apart": ("kept-apart",),
    "members": ("members",),
    "people": ("people",),
    "law": ("quarantine", "withdraw", "restore", "purge", "withdrawals", "purges", "hold", "release", "holds"),
    "tokens": ("tokens",),
    "validation": ("validation-report",),
    "worker": ("worker",),
}
"""Modules of `pipeline.commands` in the order of the help, each with its commands."""


def assembled(groups: Iterable[str] = GROUPS) -> typer.Typer:
    """The command with these groups alone."""
    command = typer.Typer(
        name="letapis",
        help="Collect open sources as evidence: capture pages, extract records, find similar media, search.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        cls=CommandGroup,
    )
    command.callback()(_named_first)
    for group in groups:
        import_module(f"pipeline.commands.{group}").register(command)
    return command


def _named_first() -> None:
    # one that is the only one has to be named, too
    pass


def __getattr__(name: str) -> typer.Typer:
    """``app``: the command with all groups, for documentation and tests."""
    if name != "app":
        raise AttributeError(name)
    return assembled()


def main() -> None:
    """Entry point of the `letapis` script."""
    make_streams_safe()
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    groups = [group for group, names in GROUPS.items() if wanted in names]
    try:
        with errors_as_sentences():  # help and wrong use are handled before any command runs
            assembled(groups or GROUPS)()
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


if __name__ == "__main__":
    main()
