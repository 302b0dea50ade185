"""The command `status`: what runs, what is pending, what has failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import typer

from pipeline.output import Exit, JsonOption, emit, fail, harmless, out

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.setup.status import StatusLine

SECTIONS: Final = {
    "failed": ("Failed", "red"),
    "runs": ("Running", "green"),
    "pending": ("Pending", "yellow"),
    "stack": ("Stack", "default"),
}
"""In the order in which they are shown, with heading and colour."""

ROWS: Final = 24
COLUMNS: Final = 80
"""A terminal as it is opened nearly everywhere; `--json` has what does not fit."""

NAMES: Final = 20
SENTENCE: Final = 2 * (COLUMNS - NAMES - 4)
"""Characters of a sentence that are shown: two rows."""


def status(as_json: JsonOption = False) -> None:
    """Show on one screen what runs, what is pending and what failed; also while the stack is down.

    Exit code 1 if anything has failed.
    """
    from dataclasses import asdict

    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.setup.status import status_lines

    try:
        settings = load_settings()
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    order = list(SECTIONS)
    lines = sorted(status_lines(settings), key=lambda line: order.index(line.section))
    if as_json:
        emit(({"kind": "status", **asdict(line)} for line in lines), as_json=True, human=str)
    else:
        out.print(screen(lines), soft_wrap=False)
    if any(line.section == "failed" for line in lines):
        raise typer.Exit(int(Exit.FAILED))


def screen(lines: list[StatusLine]) -> Table:
    """The lines under their headings; a section without any says "nothing"."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, max_width=NAMES)
    table.add_column(overflow="fold")
    by_section = {section: [line for line in lines if line.section == section] for section in SECTIONS}
    shown = fitting(by_section)
    for section, (heading, colour) in SECTIONS.items():
        of_section = by_section[section]
        table.add_row(Text(heading, style="bold"), Text("" if of_section else "nothing", style="dim"))
        for line in of_section[: shown[section]]:
            table.add_row(Text(f"  {harmless(line.what)}", style=colour), Text(cut(harmless(line.found))))
        if len(of_section) > shown[section]:
            left = len(of_section) - shown[section]
            table.add_row("", Text(f"and {left} more; `letapis status --json` lists all", style="dim"))
    return table


def fitting(by_section: Mapping[str, Sequence[StatusLine]]) -> dict[str, int]:
    """How many lines of each section fit on the screen, shared out one at a time, what failed first."""
    left = ROWS - 2 * len(by_section)  # a heading each, and a row that says how many are left out
    shown = dict.fromkeys(by_section, 0)
    for number in range(ROWS):
        for section, lines in by_section.items():
            if shown[section] != number or number >= len(lines):
                continue
            rows = 1 + (len(cut(harmless(lines[number].found))) > SENTENCE // 2)
            if rows <= left:
                shown[section] += 1
                left -= rows
    return shown


def cut(sentence: str) -> str:
    """The sentence, or its beginning."""
    one_line = " ".join(sentence.split())
    return one_line if len(one_line) <= SENTENCE else f"{one_line[: SENTENCE - 4]} ..."


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(status)
