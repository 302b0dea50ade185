"""What may go wrong in any command, in words and with the exit code that stands for it: the outermost place.

In: the streams and errors of a command. Out: one sentence on stderr and a code of `pipeline.output.Exit`. Commands
say themselves what only they know; what is the same for all of them is said here. An error of the program itself
is not caught: its traceback is what a report of it needs.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

from pipeline.output import Exit, OutputLostError, fail

if TYPE_CHECKING:
    import typer


class Answers(io.TextIOWrapper):
    """Stdout: whoever writes there, help and usage too, is told by one error that it was lost."""

    def write(self, text: str, /) -> int:
        """As of any text file; raises `OutputLostError`, and `BrokenPipeError` where the reader has gone."""
        with _lost_in_words():
            return super().write(text)

    def flush(self) -> None:
        """The same."""
        with _lost_in_words():
            super().flush()


@contextmanager
def _lost_in_words() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise OutputLostError(problem) from problem


class Commands(TyperGroup):
    """The `letapis` command; errors of all of its commands are said in words."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        with in_words():
            return super().invoke(ctx)


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what any command may meet into a sentence and an exit code."""
    try:
        yield
    except BrokenPipeError as gone:
        let_go_of_stdout()
        raise _quietly(Exit.PIPE_CLOSED) from gone
    except OutputLostError as lost:
        let_go_of_stdout()
        raise fail(str(lost)) from lost
    except UnicodeEncodeError as problem:
        raise fail(f"Expected text in UTF-8, found {problem.object!r}.", Exit.WRONG_USE) from problem
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        raise fail(f"{where}{problem.strerror or problem}") from problem
    except Exception as problem:
        said = _said_of(problem)
        if said is None:
            raise
        raise fail(*said) from problem


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
        sys.stdout = Answers(sys.stdout.detach(), encoding, "backslashreplace", line_buffering=by_line)


def let_go_of_stdout() -> None:
    """What could not be written is not tried again when the interpreter ends."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.close(devnull)


def _said_of(problem: Exception) -> tuple[str, Exit] | None:
    """The sentence and the code of an error that is no fault of the program; None where it is one."""
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
            return f"The database does not answer: {str(problem.orig).strip()}\nIs the stack up?", Exit.FAILED
        case DBAPIError():
            how = "`letapis doctor` says whether its tables are those of this version."
            return f"The database refused: {str(problem.orig).strip().splitlines()[0]}\n{how}", Exit.FAILED
    return None


def _quietly(code: Exit) -> typer.Exit:
    import typer

    return typer.Exit(int(code))
