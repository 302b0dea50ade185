"""Runs a Python function of the operator's as a step on a page, for no longer than it may take.

In: the file's text as the watch-list was read, the function's name, the page, seconds. Raises `StepFault` where it
raised, and `StepTookTooLong` where it had to be stopped. A function that waits is cancelled; one that computes
without giving back control is interrupted by an alarm, since nothing else of the crawl runs meanwhile. It has the
rights of the crawl's engine: what it does on the page is recorded as all else, and it is trusted as the watch-list
beside it is (decision 0051).
"""

import asyncio
import signal
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.async_api import Page

from crawlers.watchlist.step_code import parse_step_function

GIVES_BACK_S: Final = 5.0
"""How long after its time a function may go on before it is interrupted, and after that given up."""


class StepFault(Exception):
    """The function raised; the text says what, and in which line."""


class StepTookTooLong(Exception):
    """The function was stopped; the text says how."""


class _Interrupted(BaseException):
    """Raised inside a function that computes without end; no ordinary handler of its own may keep it."""


async def run_step_function(page: Page, reference: str, code: str, within_s: float) -> None:
    """Return when the function has."""
    origin = f"<{reference}>"
    with _interrupted(origin, within_s + GIVES_BACK_S):
        running = asyncio.ensure_future(_called(page, reference, code, origin))
        done, _ = await asyncio.wait({running}, timeout=within_s)
        if not done:
            running.cancel()
            done, _ = await asyncio.wait({running}, timeout=GIVES_BACK_S)
            how = "stopped" if done else "given up, since it did not end when it was cancelled"
            if done and not running.cancelled():
                running.exception()  # looked at: what it raised because it was cancelled is no matter
            raise StepTookTooLong(f"it took longer than {within_s:g} s and was {how}")
    running.result()


async def _called(page: Page, reference: str, code: str, origin: str) -> None:
    _, name = parse_step_function(reference)
    module = types.ModuleType("letapis_step")
    try:
        exec(compile(code, origin, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  the step is this code
        await getattr(module, name)(page)
    except _Interrupted:
        raise StepTookTooLong("it computed without giving back control and was interrupted") from None
    except Exception as error:
        raise StepFault(f"{type(error).__name__}: {_first_line(error)}{_line_in(origin, error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:300]


def _line_in(origin: str, error: Exception) -> str:
    at = error.__traceback__
    line = None
    while at is not None:
        if at.tb_frame.f_code.co_filename == origin:
            line = at.tb_lineno
        at = at.tb_next
    return "" if line is None else f" (line {line})"


@contextmanager
def _interrupted(origin: str, after_s: float) -> Iterator[None]:
    """Have a function of this origin that still computes after so many seconds raise `_Interrupted`.

    The event loop that such a function holds up cannot stop it. The alarm does nothing while other code runs.
    """

    def ring(_: int, frame: types.FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_filename == origin:
                raise _Interrupted
            frame = frame.f_back

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, after_s, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
