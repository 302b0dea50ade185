"""Entries of format 2 as they are made, and as they are opened again.

In: what an entry is to say, and the sealing keys; or an entry read from a store, and its sealed object. Out: the
entry with commitments in place of its values, and the bytes of the object that holds values and salts; or the
entry with its values, each held against its commitment, or with the reason why they are not known. An entry that
cannot be opened is still an entry: chain, digests and objects are proved without any key.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from processors.digest import Digest, sha256
from storage.errors import StorageError
from storage.ledger.commitments import commit
from storage.ledger.entry import DETAIL, LONGEST_BYTES, Clock, CustodyEntry, Seal, clock_json
from storage.ledger.entry_schema import open_details, require_shape
from storage.ledger.sealed_objects import SealedError, open_sealed, seal
from storage.sealing_keys import SealingKeys

NONCE_BYTES: Final = 32


class EntryTooLongError(StorageError):
    """The entry does not fit into a bundle of the log; whoever appends it names fewer things in one entry."""

    def __init__(self, event: str, subject_id: str, length_bytes: int) -> None:
        super().__init__(
            f"Custody entry {event} about {subject_id}: expected at most {LONGEST_BYTES} bytes, found "
            f"{length_bytes}. It was not appended; say it in several entries."
        )
        self.event = event
        self.length_bytes = length_bytes


@dataclass(frozen=True, slots=True)
class EntryParts:
    """What an entry is to say, besides its commitments."""

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


def sealed_entry(keys: SealingKeys, parts: EntryParts) -> tuple[CustodyEntry, bytes]:
    """The entry, opened, and its sealed object; raises `EntryTooLongError`, or ``ValueError`` as entries do."""
    stated = open_details(parts.event, parts.details)
    values: dict[str, Any] = {DETAIL + name: value for name, value in parts.details.items() if name not in stated}
    values |= {"actor": parts.actor, "clock": clock_json(parts.clock)}
    committed, salts = commit(values)
    content = seal(keys, _name(parts.seq), {"values": values, "salts": salts})
    entry = CustodyEntry(
        seq=parts.seq,
        previous=parts.previous,
        event=parts.event,
        subject_id=parts.subject_id,
        subject_digest=parts.subject_digest,
        actor=parts.actor,
        at=parts.at,
        software=parts.software,
        clock=parts.clock,
        details=parts.details,
        seal=Seal(secrets.token_hex(NONCE_BYTES), committed, sha256(content), salts, None),
    )
    length = len(entry.canonical())
    if length > LONGEST_BYTES:
        raise EntryTooLongError(parts.event, parts.subject_id, length)
    return entry, content


def opened_entry(entry: CustodyEntry, keys: SealingKeys | None, content: bytes) -> CustodyEntry:
    """The entry with the values that its sealed object holds; raises `SealedError` where it does not open."""
    if entry.seal is None:
        return entry
    held = open_sealed(keys, _name(entry.seq), content)
    values, salts = held.get("values"), held.get("salts")
    if not isinstance(values, dict) or not isinstance(salts, dict):
        raise SealedError("it holds no values and salts")
    if not values.keys() == salts.keys() == entry.seal.committed.keys():
        raise SealedError(f"it holds {sorted(values)}, where the entry commits to {sorted(entry.seal.committed)}")
    try:
        details = {name.removeprefix(DETAIL): values[name] for name in values if name.startswith(DETAIL)}
        opened = replace(
            entry,
            actor=_text(values["actor"]),
            clock=Clock(**values["clock"]),
            details={**entry.details, **details},
            seal=replace(entry.seal, salts=salts, unknown_because=None),
        )
        require_shape(opened)
    except (TypeError, ValueError) as problem:
        raise SealedError(f"it holds other values than an entry has ({problem})") from problem
    if false := [*opened.false_values()]:
        raise SealedError(f"it holds another {false[0]} than the entry commits to")
    return opened


def closed_entry(entry: CustodyEntry, reason: str) -> CustodyEntry:
    """The entry without its sealed values, and why they are not known."""
    if entry.seal is None:
        return entry
    committed = entry.seal.committed
    return replace(
        entry,
        actor=None,
        clock=Clock(None, None, reason),
        details={name: value for name, value in entry.details.items() if DETAIL + name not in committed},
        seal=replace(entry.seal, salts=None, unknown_because=reason),
    )


def _name(seq: int) -> str:
    return f"entry {seq}"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"actor: {value!r}")
    return value
