"""The output of commands: JSON lines on stdout with ``--json``, sentences and tables without it.

Logs and progress always go to stderr, so that stdout can be piped. Exit codes are promises (architecture §7); the
meaning of each stands beside it in `Exit`. Raises `OutputLostError` where an answer cannot be written.
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

from crawlers.log_lines import are_json, log_line
from processors.digest import Digest

LOGGER: Final = "letapis"

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON lines, for programs.")]

CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All but tab and line feed: terminals obey them (ECMA-48), and archived text may hold any."""


def harmless(text: str) -> str:
    """The text with its control characters spelled out, as ``\\x1b``."""
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


class OutputLostError(Exception):
    """The output could not be written to stdout; the caller must make room, or name another place."""

    def __init__(self, problem: OSError) -> None:
        super().__init__(
            f"The output could not be written: {problem.strerror or problem}. It is not complete: make room "
            "or name another file, and run the command again."
        )


class Terminal(Console):
    """A console on which no text of a page can do more than stand there."""

    def print(self, *objects: Any, level: str = "info", **how: Any) -> None:
        """As `Console.print`; strings are made `harmless`. What stderr does not take is dropped.

        Where the log is JSON, each print on stderr is one line of it, at this ``level``.
        """
        shown = [harmless(each) if isinstance(each, str) else each for each in objects]
        if self.stderr and are_json():
            with self.capture() as text:
                super().print(*shown, **how | {"style": None})
            shown, how = [log_line(text.get().rstrip("\n"), level=level, logger=LOGGER)], {"markup": False}
        try:
            super().print(*shown, **how)
        except OSError as problem:
            if not self.stderr:
                raise _lost(problem) from problem

    def on_broken_pipe(self) -> None:
        """Whoever read has gone: the command's exit code says it, not rich's."""
        raise BrokenPipeError


out = Terminal(soft_wrap=True, highlight=False)
err = Terminal(stderr=True, soft_wrap=True, highlight=False)


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    """The command did its work; that nothing was found is a result, too."""
    FAILED = 1
    """A service does not answer, evidence is not as expected, or output could not be written."""
    WRONG_USE = 2
    """Wrong arguments, missing files, mistakes in settings or watch-list, or no stack is known."""
    SOURCES_FAILED = 3
    """The command ended, but some sources, pages, copies, tokens or lines failed."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C (128 and the number of SIGINT). Nothing goes on, unless the command says so, as `harvest`
    does."""
    PIPE_CLOSED = 141
    """The reader of the output closed the pipe (128 and the number of SIGPIPE), as in `letapis search court | head
    -1`.
    """


def plain(value: object) -> str:
    """JSON has no times, digests or bytes: times become ISO 8601 in UTC, digests their text form."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Digest):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}: {value!r}")


def to_json(row: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """One row as one line of JSON, letters of every script left readable where the encoding has them."""
    line = json.dumps(row, ensure_ascii=ascii_only, default=plain)
    # json leaves U+007F to U+009F as they are
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def emit(
    rows: Iterable[Mapping[str, Any]],
    *,
    as_json: bool,
    human: Callable[[Mapping[str, Any]], str],
    style: str | None = None,
) -> int:
    """Print each row as it comes, as JSON or as the text that ``human`` makes of it; return the number of rows.

    ``style`` is Rich's (``bold red``), for text on a terminal.
    """
    count = 0
    ascii_only = not (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    for row in rows:
        count += 1
        if as_json:
            _write(to_json(row, ascii_only=ascii_only) + "\n")
        else:
            out.print(human(row), markup=False, style=style)
    _write("")
    return count


def _write(text: str) -> None:
    """Write the whole text; raises `OutputLostError`."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as problem:
        raise _lost(problem) from problem


def _lost(problem: OSError) -> Exception:
    return problem if isinstance(problem, BrokenPipeError) else OutputLostError(problem)


def print_progress(text: str) -> None:
    """A line about how far the work is, on stderr, so that stdout has nothing but results."""
    err.print(text, markup=False)


def warn(text: str) -> None:
    """Print on stderr, in red where it is a terminal, what a person must not miss."""
    err.print(text, level="warning", style="bold red", markup=False)


def fail(message: str, code: Exit = Exit.FAILED) -> typer.Exit:
    """Print an error on stderr; the caller raises what this returns."""
    err.print(message, level="error", markup=False)
    return typer.Exit(int(code))


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number with its noun: ``1 capture``, ``2 captures``, ``3 entries``; ``many`` for any other plural."""
    plural = many or (one[:-1] + "ies" if one.endswith("y") else one + "s")
    return f"{count} {one if count == 1 else plural}"
