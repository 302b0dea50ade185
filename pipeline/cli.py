"""The `letapis` command: assembles the command groups; the work is in `pipeline.commands`.

Heavy imports stand inside the commands, so that `letapis --help` answers at once.
"""

import sys

import typer

from pipeline.commands import (
    alarms,
    archive,
    assess,
    backfill,
    backup,
    changes,
    crawl,
    deposit,
    drill,
    explain,
    export,
    export_index,
    fingerprint,
    forecast,
    harvest,
    index,
    kept_apart,
    law,
    login,
    members,
    metrics,
    morning,
    parse,
    preserve,
    quality,
    receipt,
    receive,
    recover,
    redact,
    repeats,
    replay,
    reread,
    search,
    similar,
    sources,
    sql,
    stack,
    status,
    telegram,
    tokens,
    validation,
    verify,
    witness,
    worker,
)
from pipeline.failures import CommandGroup, errors_as_sentences, make_streams_safe

app = typer.Typer(
    name="letapis",
    help="Collect open sources as evidence: capture pages, extract records, find similar media, search.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    cls=CommandGroup,
)
for group in (
    stack,
    status,
    morning,
    alarms,
    metrics,
    forecast,
    harvest,
    archive,
    repeats,
    backfill,
    reread,
    crawl,
    deposit,
    verify,
    preserve,
    quality,
    backup,
    recover,
    drill,
    replay,
    witness,
    parse,
    fingerprint,
    search,
    index,
    similar,
    explain,
    assess,
    changes,
    receipt,
    export,
    export_index,
    redact,
    sql,
    telegram,
    receive,
    sources,
    login,
    kept_apart,
    members,
    law,
    tokens,
    validation,
    worker,
):
    group.register(app)


def main() -> None:
    """Entry point of the `letapis` script."""
    make_streams_safe()
    try:
        with errors_as_sentences():  # help and wrong use are handled before any command runs
            app()
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


if __name__ == "__main__":
    main()
