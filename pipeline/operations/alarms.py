"""Which alarms begin, last and are over: what is known beside what was found. Pure; no clock.

In: alarms that were reported, a `Look`. Out: `AlarmChanges`. Each alarm is reported when it begins, once a day
while any lasts, and when it is over; one whose topic could not be looked at stays as it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from pipeline.operations.alarm_checks import Look
from pipeline.operations.alarm_memory import Lasting

REMINDED_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class AlarmChanges:
    """Alarms by key. ``unknown``: of those that last, the ones that could not be looked at."""

    began: Mapping[str, Lasting]
    last: Mapping[str, Lasting]
    over: Mapping[str, Lasting]
    unknown: frozenset[str]
    is_due: bool
    """Whether a message is to go out."""

    def remembered(self, look: Look) -> dict[str, Lasting]:
        """What is to be remembered after this look; where a message goes out, all that last are in it."""
        reported = {key: replace(each, reported_at=look.at) for key, each in self.last.items()}
        return {**(reported if self.is_due else self.last), **self.began}


def changes_of(known: Mapping[str, Lasting], look: Look) -> AlarmChanges:
    """Compare what was reported with what was found."""
    began = {key: Lasting(look.at, look.at, sentence) for key, sentence in look.found.items() if key not in known}
    last = {
        key: replace(each, sentence=look.found.get(key, each.sentence))
        for key, each in known.items()
        if key in look.found or not look.knows(key)
    }
    over = {key: each for key, each in known.items() if key not in last}
    reminds = any(look.at - each.reported_at >= REMINDED_AFTER for each in last.values())
    unknown = frozenset(key for key in last if key not in look.found)
    return AlarmChanges(began, last, over, unknown, bool(began or over or reminds))
