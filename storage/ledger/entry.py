"""One entry of the chain of custody: its fields, its canonical bytes, its digest.

The canonical form is RFC 8785 JSON without the digest; the digest is the sha256 of these bytes, which are also the
bytes of the locked object ``custody/<seq>.json``. So the store's own checksum of that object is the entry's
digest, and each entry carries the digest of the one before. Entries of format 1 state every field. Those of format
2 have a `Seal`: they state what names objects and proves them, and carry commitments to everything else
(`storage.ledger.commitments`), so that they disclose nothing by themselves. Source: decision 33. Raises
``ValueError`` on what is no entry.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import NoneType
from typing import Any, Final

import rfc8785

from crawlers.model.iso_time import time_text
from processors.digest import Digest, sha256
from storage.ledger.commitments import opens


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


FORMAT: Final = "letapis/custody/2"
"""The ``format`` of entries with a seal; entries of format 1 have no such field."""

LONGEST_BYTES: Final = 65_535
"""The longest entry that a bundle of the log can hold (C2SP tlog-tiles, "Log entries")."""

NOT_OPENED: Final = "it is sealed, and was not opened"

DETAIL: Final = "details."
"""Sealed details are committed to under their name with this before it."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What an entry of format 2 carries in place of its values.

    ``committed``: the commitment of each value by its name: ``actor``, ``clock``, ``details.<name>``. ``values``:
    the sha256 of the sealed object that holds values and salts. ``salts`` are known where that was opened;
    otherwise they are None, and ``unknown_because`` says why.
    """

    nonce: str
    committed: Mapping[str, Digest]
    values: Digest
    salts: Mapping[str, str] | None = None
    unknown_because: str | None = NOT_OPENED

    def __post_init__(self) -> None:
        if (self.salts is None) == (self.unknown_because is None):
            raise ValueError("seal of a custody entry: expected salts or a reason why there are none")
        if self.salts is not None and self.salts.keys() != self.committed.keys():
            raise ValueError(f"salts of a custody entry: expected {[*self.committed]}, found {[*self.salts]}")


@dataclass(frozen=True, slots=True)
class CustodyEntry:
    """What happened (``event``, an open list) to what, by whom, when, by which software.

    Where a seal was not opened, ``actor`` is None, the clock is unknown with the same reason, and ``details`` has
    the open ones alone. ``seal`` is None of entries of format 1.
    """

    seq: int
    previous: Digest | None
    event: str
    subject_id: str
    subject_digest: Digest | None
    actor: str | None
    at: datetime
    software: str
    clock: Clock
    details: Mapping[str, Any]
    seal: Seal | None = None

    def __post_init__(self) -> None:
        _require_lasting(self.details)
        _require_lasting(self.actor)
        if self.seal is None and self.actor is None:
            raise ValueError("custody entry of format 1: expected an actor, found none")
        if self.seal is not None and self.seal.salts is None and (named := [*self.sealed_values()]):
            raise ValueError(f"custody entry: expected no sealed value without its salt, found {named}")

    def canonical(self) -> bytes:
        """The bytes that are hashed and stored; of an entry with a seal the same whether it was opened or not."""
        stated: dict[str, Any] = {
            "seq": self.seq,
            "previous": None if self.previous is None else str(self.previous),
            "event": self.event,
            "subject_id": self.subject_id,
            "subject_digest": None if self.subject_digest is None else str(self.subject_digest),
            "at": time_text(self.at),
            "software": self.software,
        }
        if self.seal is None:
            return rfc8785.dumps(
                stated
                | {
                    "actor": self.actor,
                    "clock_source": self.clock.source,
                    "clock_offset_s": self.clock.offset_s,
                    "clock_reason": self.clock.reason,
                    "details": dict(self.details),
                }
            )
        committed = self.seal.committed
        return rfc8785.dumps(
            stated
            | {
                "format": FORMAT,
                "nonce": self.seal.nonce,
                "details": {name: self.details[name] for name in self.details if DETAIL + name not in committed},
                "committed": {name: str(digest) for name, digest in committed.items()},
                "values": str(self.seal.values),
            }
        )

    @property
    def digest(self) -> Digest:
        """The sha256 of the canonical bytes."""
        return sha256(self.canonical())

    @property
    def unknown_because(self) -> str | None:
        """Why actor and sealed details are not known; None where they are."""
        return None if self.seal is None else self.seal.unknown_because

    def has_detail(self, name: str) -> bool:
        """Whether the entry states this detail or commits to it, also where its value is not known."""
        return name in self.details or (self.seal is not None and DETAIL + name in self.seal.committed)

    def sealed_values(self) -> dict[str, Any]:
        """The values behind the commitments, as far as they are known, by the names of the commitments."""
        if self.seal is None:
            return {}
        values: dict[str, Any] = {
            DETAIL + name: value for name, value in self.details.items() if DETAIL + name in self.seal.committed
        }
        if self.actor is not None:
            values["actor"] = self.actor
        if self.seal.salts is not None:
            values["clock"] = clock_json(self.clock)
        return values

    def false_values(self) -> Iterator[str]:
        """The names of values that are not those that the entry commits to; none where it was not opened."""
        if self.seal is None or self.seal.salts is None:
            return
        values = self.sealed_values()
        for name, committed in self.seal.committed.items():
            if name not in values or not opens(committed, self.seal.salts[name], name, values[name]):
                yield name


def clock_json(clock: Clock) -> dict[str, Any]:
    """The state of the clock as one value, which is committed to as a whole."""
    return {"source": clock.source, "offset_s": clock.offset_s, "reason": clock.reason}


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
        entry = _entry_of_format_2(row) if isinstance(row, dict) and "format" in row else _entry_of_format_1(row)
    except (KeyError, TypeError) as problem:
        raise ValueError(f"no custody entry: {problem!r}") from problem
    if entry.canonical() != content:
        raise ValueError(f"custody entry {entry.seq}: not in canonical form, so its digest could not be told")
    return entry


def _entry_of_format_1(row: Any) -> CustodyEntry:
    _require_kinds(row, KINDS | KINDS_OF_FORMAT_1)
    clock = Clock(row["clock_source"], row["clock_offset_s"], row["clock_reason"])
    return _entry(row, actor=row["actor"], clock=clock, seal=None)


def _entry_of_format_2(row: dict[str, Any]) -> CustodyEntry:
    _require_kinds(row, KINDS | KINDS_OF_FORMAT_2)
    if row["format"] != FORMAT:
        raise TypeError(f"format: {row['format']!r}, which this version does not know")
    if _NONCE.fullmatch(row["nonce"]) is None:
        raise TypeError(f"nonce: {row['nonce']!r}")
    if not all(isinstance(digest, str) for digest in row["committed"].values()):
        raise TypeError(f"committed: {row['committed']!r}")
    committed = {name: Digest.parse(digest) for name, digest in row["committed"].items()}
    if not {"actor", "clock"} <= committed.keys():
        raise TypeError(f"committed: {[*committed]}, without actor and clock")
    return _entry(
        row,
        actor=None,
        clock=Clock(None, None, NOT_OPENED),
        seal=Seal(row["nonce"], committed, Digest.parse(row["values"])),
    )


def _entry(row: Mapping[str, Any], *, actor: str | None, clock: Clock, seal: Seal | None) -> CustodyEntry:
    return CustodyEntry(
        seq=row["seq"],
        previous=None if row["previous"] is None else Digest.parse(row["previous"]),
        event=row["event"],
        subject_id=row["subject_id"],
        subject_digest=None if row["subject_digest"] is None else Digest.parse(row["subject_digest"]),
        actor=actor,
        at=datetime.fromisoformat(row["at"]),
        software=row["software"],
        clock=clock,
        details=row["details"],
        seal=seal,
    )


_NONCE: Final = re.compile("[0-9a-f]{64}")

Kinds = Mapping[str, type | tuple[type, ...]]

KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "seq": int,
    "previous": (str, NoneType),
    "event": str,
    "subject_id": str,
    "subject_digest": (str, NoneType),
    "at": str,
    "software": str,
    "details": dict,
}
KINDS_OF_FORMAT_1: Final[dict[str, type | tuple[type, ...]]] = {
    "actor": str,
    "clock_source": (str, NoneType),
    "clock_offset_s": (int, float, NoneType),
    "clock_reason": (str, NoneType),
}
KINDS_OF_FORMAT_2: Final[dict[str, type | tuple[type, ...]]] = {
    "format": str,
    "nonce": str,
    "committed": dict,
    "values": str,
}


def _require_kinds(row: Any, kinds: Kinds) -> None:
    """Whoever may write to a store can put anything in the place of an entry."""
    if not isinstance(row, dict):
        raise TypeError(f"{type(row).__name__} instead of an object")
    for name, kind in kinds.items():
        if not isinstance(row[name], kind) or isinstance(row[name], bool):
            raise TypeError(f"{name}: {row[name]!r}")
    if datetime.fromisoformat(row["at"]).tzinfo is None:
        raise TypeError(f"at: {row['at']!r}, without a zone")
