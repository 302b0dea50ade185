"""The sample clock: which day it is on the sites, 1 to 3. Nothing on them depends on the real date."""

from collections.abc import Callable
from pathlib import Path

FIRST_DAY = 1
LAST_DAY = 3

Clock = Callable[[], int]


def checked_day(day: int) -> int:
    """The day itself; raises ``ValueError`` for one the samples have no content for."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"the samples have days {FIRST_DAY} to {LAST_DAY}, not {day}")
    return day


class SetClock:
    """A clock that shows what it was set to."""

    def __init__(self, day: int) -> None:
        self.day = checked_day(day)

    def __call__(self) -> int:
        """The day it was set to."""
        return self.day


class FileClock:
    """A clock that reads its day from a file at every request, so that another process can turn it.

    A missing or empty file is day 1.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> int:
        """The day in the file; raises ``ValueError`` where the file holds no day."""
        written = self._path.read_text(encoding="utf-8").strip() if self._path.exists() else ""
        return checked_day(int(written)) if written else FIRST_DAY
