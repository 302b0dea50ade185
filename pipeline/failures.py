"""Errors that any command may meet, as a sentence with an exit code: the outermost place.

In: the streams and errors of a command. Out: one sentence on stderr and a code of `pipeline.output.Exit`. A
command reports errors itself where only it knows what they mean; those common to all commands are reported here.
An error of the program itself is not caught: its traceback is what a report of it needs.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from pipeline.output import Exit, OutputLostError, fail, warn


class StandardOutput(io.TextIOWrapper):
    """Stdout: one error reports every lost output, of help and usage as well."""

    def write(self, text: str, /) -> int:
        """As of any text file; raises `OutputLostError`, and `BrokenPipeError` where the reader has gone."""
        with _report_lost_output():
            return super().write(text)

    def flush(self) -> None:
        """The same."""
        with _report_lost_output():
            super().flush()


@contextmanager
def _report_lost_output() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise OutputLostError(problem) from problem


class CommandGroup(TyperGroup):
    """The `letapis` command; errors of all of its commands become sentences."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        from pipeline.config.start import begin_command

        with errors_as_sentences():
            for sentence in begin_command():
                warn(sentence)
            return super().invoke(ctx)


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Turn what any command may meet into a sentence and an exit code."""
    try:
        yield
    except typer.Exit:  # an end, as after help
        raise
    except BrokenPipeError as gone:
        discard_stdout()
        raise _quietly(Exit.PIPE_CLOSED) from gone
    except OutputLostError as lost:
        discard_stdout()
        raise fail(str(lost)) from lost
    except UnicodeEncodeError as problem:
        raise fail(
            f"An argument is not text in UTF-8: found {problem.object!r}. Nothing was done.", Exit.WRONG_USE
        ) from problem
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        raise fail(f"{where}{problem.strerror or problem}") from problem
    except Exception as problem:
        known = _sentence_and_code(problem)
        if known is None:
            raise
        sentence, code = known
        raise fail(sentence, code) from problem


def make_streams_safe() -> None:
    """Before anything is opened: no file of ours may take the place of a standard stream that is closed.

    A closed stdout is opened for reading alone, so that writing to it fails as it should. Letters that the
    terminal's encoding lacks are spelled out, since an answer with a gap is better than none.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest number that is free, which is this one
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding, by_line = sys.stdout.encoding, sys.stdout.line_buffering
        sys.stdout = StandardOutput(sys.stdout.detach(), encoding, "backslashreplace", line_buffering=by_line)


def discard_stdout() -> None:
    """What could not be written is not tried again when the interpreter ends."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.close(devnull)


def _sentence_and_code(problem: Exception) -> tuple[str, Exit] | None:
    """The sentence and the exit code of an error; None for a fault of the program itself."""
    from sqlalchemy.exc import DBAPIError, OperationalError

    from crawlers.watchlist.loader import InvalidWatchlist
    from pipeline.airflow_api import AirflowRefused, AirflowUnreachable
    from pipeline.config.settings import SettingsError
    from pipeline.process.run import ProcessError
    from pipeline.supervise.processes import ServiceError
    from storage.errors import StorageError

    match problem:
        case SettingsError() | InvalidWatchlist():
            return str(problem), Exit.WRONG_USE
        case StorageError() | ServiceError() | ProcessError() | AirflowRefused() | AirflowUnreachable():
            return str(problem), Exit.FAILED
        case OperationalError():
            sentence = (
                f"The database does not answer: {str(problem.orig).strip()}\nCheck that the stack is running."
            )
            return sentence, Exit.FAILED
        case DBAPIError():
            how = "Run `letapis doctor` to see whether its tables are those of this version."
            found = str(problem.orig).strip().splitlines()[0]
            return f"The database refused a statement: {found}\n{how}", Exit.FAILED
    return None


def _quietly(code: Exit) -> typer.Exit:
    return typer.Exit(int(code))
