"""Which keys are the log's: the one it began with and those that took over, as entries of custody say.

In: entries. Out: `VerifierKey`s in their order. An entry ``log_begun`` names the first key, an entry
``log_key_rotated`` the next one with a signature of the key before over it, so that whoever trusts an old key can
trust the new one; an entry ``log_key_lost`` names the next one without. What custody says of itself proves nothing
against the owner of the archive; keys that were noted elsewhere do (`storage.integrity.held_checkpoint`).
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from processors.transparency_log.signed_note import Signer, VerifierKey
from storage.ledger.entry import CustodyEntry

LOG_BEGUN: Final = "log_begun"
KEY_ROTATED: Final = "log_key_rotated"
KEY_LOST: Final = "log_key_lost"
KEY_EVENTS: Final = (LOG_BEGUN, KEY_ROTATED, KEY_LOST)
HEADLINE: Final = "letapis: rotation of a log's key, version 1"


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """An entry that names a key of the log and should not be believed."""

    seq: int
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A key of the log, and the entry from which on it counts."""

    key: VerifierKey
    seq: int
    at: datetime
    event: str

    @property
    def has_no_signature(self) -> bool:
        """Whether the key before does not vouch for it, since that one was lost."""
        return self.event == KEY_LOST


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The keys that custody names, the newest last, and what is wrong with entries that name others."""

    named: tuple[NamedKey, ...]
    problems: tuple[KeyProblem, ...]

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The keys alone."""
        return tuple(each.key for each in self.named)

    @property
    def newest(self) -> VerifierKey | None:
        """The key that signs now; None before the log has begun."""
        return self.named[-1].key if self.named else None


def keys_in(entries: Iterable[CustodyEntry]) -> LogKeys:
    """The keys of the log according to these entries, which are in the order of custody."""
    named: list[NamedKey] = []
    problems: list[KeyProblem] = []
    for entry in entries:
        if entry.event not in KEY_EVENTS:
            continue
        try:
            key = _key_of(entry, [each.key for each in named])
            named.append(NamedKey(key, entry.seq, entry.at, entry.event))
        except ValueError as problem:
            expected, _, found = str(problem).partition(", found ")
            problems.append(KeyProblem(entry.seq, expected.removeprefix("expected "), found))
    return LogKeys(tuple(named), tuple(problems))


def _key_of(entry: CustodyEntry, before: list[VerifierKey]) -> VerifierKey:
    key = VerifierKey.parse(str(entry.details.get("verifier_key")))
    if entry.event == LOG_BEGUN:
        if before:
            raise ValueError(f"expected a log that begins once, found a second beginning with {key}")
        return key
    if entry.event == KEY_LOST:
        if not before or str(before[-1]) != entry.details.get("lost") or before[-1].name != key.name:
            raise ValueError(
                f"expected a log of this name whose key {entry.details.get('lost')} was lost, found none"
            )
        return key
    signature = base64.b64decode(str(entry.details.get("signature")), validate=True)
    newest = before[-1] if before else None
    if newest is None or not newest.verifies(signature, _statement(newest, key)):
        raise ValueError(f"expected a signature of the key before ({newest}) over {key}, found another")
    return key


def begun_details(key: VerifierKey) -> dict[str, Any]:
    """Details of the entry ``log_begun``."""
    return {"verifier_key": str(key)}


def lost_details(lost: VerifierKey, new: VerifierKey) -> dict[str, Any]:
    """Details of the entry ``log_key_lost``; no key signs it."""
    return {"verifier_key": str(new), "lost": str(lost)}


def rotation_details(old: Signer, new: VerifierKey) -> dict[str, Any]:
    """Details of the entry ``log_key_rotated``; the old key signs that the new one takes over."""
    signed = old.sign(_statement(old.verifier_key, new))
    return {
        "verifier_key": str(new),
        "signed_by": str(old.verifier_key),
        "signature": base64.b64encode(signed).decode(),
    }


def _statement(old: VerifierKey, new: VerifierKey) -> bytes:
    return "".join(f"{line}\n" for line in (HEADLINE, str(old), str(new))).encode()


def successors(known: Iterable[VerifierKey], entries: Iterable[CustodyEntry]) -> Iterator[VerifierKey]:
    """The keys that are known from outside, and those to which they have handed over in one step or several."""
    trusted = list(known)
    yield from trusted
    for entry in entries:
        if entry.event != KEY_ROTATED:
            continue
        try:
            key = VerifierKey.parse(str(entry.details.get("verifier_key")))
            signature = base64.b64decode(str(entry.details.get("signature")), validate=True)
        except ValueError:
            continue
        if key not in trusted and any(each.verifies(signature, _statement(each, key)) for each in trusted):
            trusted.append(key)
            yield key
