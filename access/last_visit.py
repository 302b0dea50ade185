"""When a browser opened the first page last, so that it can show what is new since then.

In: the value of a cookie of ours, which holds two moments in seconds since 1970, and the present moment. Out:
`Visits`. A visit ends with an hour in which the first page was not opened. Any other value counts as no visit.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Self

WindowName = Literal["visit", "day", "week"]
WINDOWS: Final[tuple[WindowName, ...]] = ("visit", "day", "week")

VISITS_COOKIE: Final = "letapis_visits"
VISITS_KEPT_S: Final = 90 * 24 * 3600

PAUSE: Final = timedelta(hours=1)
"""Longer than a look at a page, shorter than a lunch break."""

_VALUE: Final = re.compile(r"([0-9]{1,11})\.([0-9]{0,11})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Visits:
    """``now`` is this look (aware UTC), ``before`` the last one of the visit before, None where it is unknown."""

    now: datetime
    before: datetime | None

    @classmethod
    def of_cookie(cls, value: str | None, now: datetime) -> Self:
        """The visits that a cookie tells of; a moment that lies ahead of ``now`` is not believed."""
        parts = _VALUE.fullmatch(value or "")
        if parts is None:
            return cls(now, None)
        last, before = (None if not part else datetime.fromtimestamp(int(part), UTC) for part in parts.groups())
        if last is None or last > now or (before is not None and before > last):
            return cls(now, None)
        return cls(now, last if now - last > PAUSE else before)

    def as_cookie(self) -> str:
        """The value to be kept until the next look."""
        before = "" if self.before is None else str(int(self.before.timestamp()))
        return f"{int(self.now.timestamp())}.{before}"

    def since(self, window: WindowName) -> datetime:
        """From when on changes are shown; where no earlier visit is known, a day counts as one."""
        if window == "week":
            return self.now - timedelta(days=7)
        if window == "visit" and self.before is not None:
            return self.before
        return self.now - timedelta(days=1)
