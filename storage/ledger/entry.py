"""One entry of the chain of custody: its fields, its canonical bytes, its digest.

The canonical form is the RFC 8785 JSON of every field but the digest; the digest is the sha256 of these bytes,
which are also the bytes of the locked object ``custody/<seq>.json``. So the store's own checksum of that object is
the entry's digest, and each entry carries the digest of the one before. Raises ``ValueError`` on what is no entry.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import NoneType
from typing import Any, Final

import rfc8785

from crawlers.model.iso_time import time_text
from processors.digest import Digest, sha256


@dataclass(frozen=True, slots=True)
class Clock:
    """The state of the machine's clock: how many seconds it is ahead of ``source``, or why that is not known."""

    source: str | None
    offset_s: float | None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.offset_s is None) == (self.reason is None):
            raise ValueError(f"clock: expected an offset or a reason why there is none, found {self!r}")


BEHIND: Final = "seconds_behind_previous"
"""The detail that marks an entry whose time lies before that of the entry before it."""

SAFE_NUMBER: Final = 2**53 - 1
"""The largest whole number that every JSON reader keeps (RFC 7493, section 2.2)."""

NOT_MEASURED: Final = Clock(None, None, "the clock was not compared with another")


def not_measured() -> Clock:
    """The clock of an act at which nobody compares it."""
    return NOT_MEASURED


MeasureClock = Callable[[], Clock]
"""Compares the clock when it is called, which may take seconds."""


@dataclass(frozen=True, slots=True)
class CustodyEntry:
    """What happened (``event``, an open list) to what, by whom, when, by which software."""

    seq: int
    previous: Digest | None
    event: str
    subject_id: str
    subject_digest: Digest | None
    actor: str
    at: datetime
    software: str
    clock: Clock
    details: Mapping[str, Any]

    def __post_init__(self) -> None:
        _require_lasting(self.details)

    def canonical(self) -> bytes:
        """The bytes that are hashed and stored."""
        return rfc8785.dumps(
            {
                "seq": self.seq,
                "previous": None if self.previous is None else str(self.previous),
                "event": self.event,
                "subject_id": self.subject_id,
                "subject_digest": None if self.subject_digest is None else str(self.subject_digest),
                "actor": self.actor,
                "at": time_text(self.at),
                "software": self.software,
                "clock_source": self.clock.source,
                "clock_offset_s": self.clock.offset_s,
                "clock_reason": self.clock.reason,
                "details": dict(self.details),
            }
        )

    @property
    def digest(self) -> Digest:
        """The sha256 of the canonical bytes."""
        return sha256(self.canonical())


def _require_lasting(value: Any) -> None:
    """Refuse values that JSON readers or the database would return in another form than they were written."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            _require_lasting(name)
            _require_lasting(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _require_lasting(item)
    elif isinstance(value, int | float) and not abs(value) <= SAFE_NUMBER:
        raise ValueError(f"details of a custody entry: expected numbers up to {SAFE_NUMBER}, found {value!r}")
    elif isinstance(value, str) and "\x00" in value:
        raise ValueError(f"details of a custody entry: expected text without U+0000, found {value!r}")


def seconds_behind(at: datetime, previous_at: datetime) -> float:
    """How many seconds ``at`` lies before the moment of the entry before; 0.0 where time went on."""
    return max(0.0, round((previous_at - at).total_seconds(), 6))


def parse_entry(content: bytes) -> CustodyEntry:
    """Read canonical bytes; raises ``ValueError`` where they are no entry, or not in canonical form."""
    try:
        row = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"no custody entry: it cannot be read as JSON ({problem})") from problem
    try:
        _require_kinds(row)
        entry = CustodyEntry(
            seq=row["seq"],
            previous=None if row["previous"] is None else Digest.parse(row["previous"]),
            event=row["event"],
            subject_id=row["subject_id"],
            subject_digest=None if row["subject_digest"] is None else Digest.parse(row["subject_digest"]),
            actor=row["actor"],
            at=datetime.fromisoformat(row["at"]),
            software=row["software"],
            clock=Clock(row["clock_source"], row["clock_offset_s"], row["clock_reason"]),
            details=row["details"],
        )
    except (KeyError, TypeError) as problem:
        raise ValueError(f"no custody entry: {problem!r}") from problem
    if entry.canonical() != content:
        raise ValueError(f"custody entry {entry.seq}: not in canonical form, so its digest could not be told")
    return entry


KINDS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "seq": int,
    "previous": (str, NoneType),
    "event": str,
    "subject_id": str,
    "subject_digest": (str, NoneType),
    "actor": str,
    "at": str,
    "software": str,
    "clock_source": (str, NoneType),
    "clock_offset_s": (int, float, NoneType),
    "clock_reason": (str, NoneType),
    "details": dict,
}


def _require_kinds(row: Any) -> None:
    """Whoever may write to a store can put anything in the place of an entry."""
    if not isinstance(row, dict):
        raise TypeError(f"{type(row).__name__} instead of an object")
    for name, kind in KINDS.items():
        if not isinstance(row[name], kind) or isinstance(row[name], bool):
            raise TypeError(f"{name}: {row[name]!r}")
    if datetime.fromisoformat(row["at"]).tzinfo is None:
        raise TypeError(f"at: {row['at']!r}, without a zone")
