"""What `letapis doctor` finds on the machine that serves the pages, held for a while.

In: a desk that checks the machine, which may take half a minute. Out: `CheckedMachine`, at most `FRESH_S` old, so
that nobody can keep the machine busy by opening the page again and again; whoever comes while it is being checked
waits for the same answer.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final, Protocol

FRESH_S: Final = 60.0


class MachineDesk(Protocol):
    """What the pipeline finds out about the machine on which this process runs."""

    def host(self) -> str:
        """The name of the machine."""

    def checks(self) -> Sequence[Mapping[str, Any]]:
        """A row a requirement: ``name``, ``state`` (``ok``, ``warning``, ``missing``), ``found``, ``how``."""


@dataclass(frozen=True, slots=True)
class CheckedMachine:
    """The rows of a desk, and when (aware UTC) they were found."""

    host: str
    at: datetime
    rows: tuple[Mapping[str, Any], ...]

    @property
    def to_do(self) -> tuple[Mapping[str, Any], ...]:
        """What is not as it should be, what is missing first."""
        wrong = (row for row in self.rows if row["state"] != "ok")
        return tuple(sorted(wrong, key=lambda row: row["state"] != "missing"))

    @property
    def fine(self) -> tuple[Mapping[str, Any], ...]:
        """What is as it should be."""
        return tuple(row for row in self.rows if row["state"] == "ok")


class MachineChecks:
    """The checks of one desk , shared by everybody whom this process serves."""

    def __init__(self, desk: MachineDesk) -> None:
        self._desk = desk
        self._lock = Lock()
        self._known: tuple[float, CheckedMachine] | None = None

    def checked(self) -> CheckedMachine:
        """What was found, `FRESH_S` ago at most."""
        with self._lock:
            if self._known is None or time.monotonic() - self._known[0] > FRESH_S:
                rows = tuple(self._desk.checks())
                found = CheckedMachine(self._desk.host(), datetime.now(UTC), rows)
                self._known = (time.monotonic(), found)  # counted from when it was found
            return self._known[1]
