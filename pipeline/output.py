"""How commands answer: JSON lines on stdout with ``--json``, words and tables for people without.

Logs and progress always go to stderr, so that stdout can be piped. Exit codes are promises (architecture §7).
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import IntEnum
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from processors.digest import Digest

JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines on stdout, for programs.")]

CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All but tab and line feed: terminals obey them (ECMA-48), and archived text may hold any."""


def harmless(text: str) -> str:
    """The text with its control characters spelled out, as ``\\x1b``."""
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


class Terminal(Console):
    """A console on which no text of a page can do more than stand there."""

    def print(self, *objects: Any, **how: Any) -> None:
        """As `Console.print`; strings are made `harmless`."""
        super().print(*(harmless(each) if isinstance(each, str) else each for each in objects), **how)


out = Terminal(file=sys.stdout, soft_wrap=True, highlight=False)
err = Terminal(file=sys.stderr, soft_wrap=True, highlight=False)


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    SOURCES_FAILED = 3


def plain(value: object) -> str:
    """JSON has no times, digests or bytes: times become ISO 8601 in UTC, digests their text form."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Digest):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}: {value!r}")


def to_json(row: Mapping[str, Any]) -> str:
    """One row as one line of JSON, letters of every script left readable."""
    line = json.dumps(row, ensure_ascii=False, default=plain)
    # json leaves U+007F to U+009F as they are
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def emit(
    rows: Iterable[Mapping[str, Any]],
    *,
    as_json: bool,
    human: Callable[[Mapping[str, Any]], str],
    style: str | None = None,
) -> int:
    """Print each row as it comes, as JSON or in the words of ``human``; returns how many there were.

    ``style`` is Rich's (``bold red``), for words on a terminal.
    """
    count = 0
    for row in rows:
        count += 1
        if as_json:
            sys.stdout.write(to_json(row) + "\n")
        else:
            out.print(human(row), markup=False, style=style)
    sys.stdout.flush()
    return count


def warn(text: str) -> None:
    """Say on stderr, in red where it is a terminal, what a person must not miss."""
    err.print(text, style="bold red", markup=False)


def fail(message: str, code: Exit = Exit.FAILED) -> typer.Exit:
    """Say what went wrong on stderr; raise what this returns."""
    err.print(message, markup=False)
    return typer.Exit(int(code))
