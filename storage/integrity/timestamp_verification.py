"""Checks every time token from the store alone: object, lock, digest, imprint, signature, chain of certificates.

In: the store, the chain read from it, what is expected of locks, and the roots that the operator trusts now. Out:
`Verified` per token, and per object among the tokens that custody does not know. A token is checked against the
roots that were stored with it and, where the operator has pinned the authority, against those as well. One whose
certificates have ended, and that nothing renewed (`renewal_verification`), gets a remark. Reads only.
"""

from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from processors.digest import Digest, sha256
from processors.rfc3161.lifetime import lifetime_of
from processors.rfc3161.token import TokenRefusedError, read_token
from storage.deposit.timestamps import OBTAINED, TIME_RENEWED
from storage.findings import Mismatch, VerificationRemark, Verified, verified
from storage.ledger.chain import LARGEST_BYTES, Chain
from storage.ledger.entry import CustodyEntry
from storage.ledger.retention import RetentionLock, RetentionPolicy
from storage.objects.errors import StoreUnreachableError
from storage.objects.find_version import find_version
from storage.objects.keys import TOKENS_PREFIX, root_key
from storage.objects.model import ObjectHead
from storage.objects.parallel import map_bounded
from storage.objects.reader import StoreReader

UNDER_WAY: Final = timedelta(hours=1)
"""An object younger than this without an entry may belong to a deposit that is under way."""


def verify_tokens(
    objects: StoreReader,
    chain: Chain,
    locks: RetentionPolicy,
    roots: Mapping[str, bytes],
    among: Collection[int] | None = None,
) -> Iterator[Verified]:
    """Every token that custody names, or those whose entry (its number) is ``among`` these."""
    entries = {chained.entry.seq: chained.entry for chained in chain.entries}
    named = [
        entry for entry in entries.values() if entry.event == OBTAINED and (among is None or entry.seq in among)
    ]

    renewed = {
        row["token"]
        for entry in entries.values()
        if entry.event == TIME_RENEWED
        for row in entry.details["records"]
    }

    def check(entry: CustodyEntry) -> Verified:
        alone = entry.subject_id not in renewed
        return verified(entry.subject_id, _found(objects, entry, entries, locks, roots, alone=alone))

    yield from map_bounded(check, named)


def unexpected_tokens(objects: StoreReader, chain: Chain) -> Iterator[Verified]:
    """Objects among the tokens that no custody entry names."""
    named = [chained.entry for chained in chain.entries if chained.entry.event == OBTAINED]
    keys = {entry.subject_id for entry in named}
    known = {
        (head.key, head.version_id) for head in map_bounded(lambda entry: _head(objects, entry), named) if head
    }
    settled_before = datetime.now(UTC) - UNDER_WAY
    for version in objects.list(TOKENS_PREFIX):
        beside = version.key in keys
        if (version.key, version.version_id) not in known and (beside or version.stored_at < settled_before):
            what = "delete marker" if version.delete_marker else "object version"
            yield Verified(version.key, (Mismatch(what, "none without custody", version.version_id),))


def _head(objects: StoreReader, entry: CustodyEntry) -> ObjectHead | None:
    version_id, digest = entry.details["object_version"], entry.subject_digest
    return None if digest is None else find_version(objects, entry.subject_id, version_id, digest)


def _found(
    objects: StoreReader,
    entry: CustodyEntry,
    entries: Mapping[int, CustodyEntry],
    locks: RetentionPolicy,
    roots: Mapping[str, bytes],
    *,
    alone: bool,
) -> Iterator[Mismatch | VerificationRemark]:
    details = entry.details
    stamped = entries.get(details["seq"])
    if stamped is None or str(stamped.digest) != details["digest"]:
        found = "none" if stamped is None else str(stamped.digest)
        yield Mismatch(f"entry {details['seq']}, which the token is for", str(details["digest"]), found)
    named = NamedVersion(entry.subject_id, details["object_version"], entry.subject_digest, entry.at)
    answer = yield from locked_object(objects, "token", named, locks)
    digest = Digest.parse(details["roots"])
    named = NamedVersion(root_key(digest), details["root_version"], digest, entry.at)
    stored = yield from locked_object(objects, "roots", named, locks)
    if answer is None or stamped is None:
        return
    trusted = {} if stored is None else {"roots stored with it": stored}
    if (now := roots.get(details["authority"])) is not None:
        trusted["roots pinned now"] = now
    for which, pem in trusted.items():
        try:
            token = read_token(answer, imprint=stamped.digest, trusted=pem)
        except TokenRefusedError as refused:
            yield Mismatch(f"token by the {which}: {refused.what}", refused.expected, refused.found)
            continue
        if token.at.isoformat() != details["time"]:
            yield Mismatch("time in the token", str(details["time"]), token.at.isoformat())
        if alone and which != "roots pinned now":
            until = lifetime_of(answer, pem).valid_until
            if until <= locks.at:
                yield VerificationRemark(ended_words(until))


def ended_words(until: datetime) -> str:
    """What is said of a token, or of the newest one over it, whose certificates have ended."""
    return (
        f"a certificate behind this token ended on {until:%Y-%m-%d}, and no newer token was obtained before: its "
        "digests hold, but by itself it does not show any more when they existed"
    )


@dataclass(frozen=True, slots=True)
class NamedVersion:
    """An object as an entry of ``at`` names it."""

    key: str
    version_id: str
    digest: Digest | None
    at: datetime


def locked_object(
    objects: StoreReader, what: str, named: NamedVersion, locks: RetentionPolicy
) -> Generator[Mismatch | VerificationRemark, None, bytes | None]:
    """The bytes of one object version, None where it is missing; yields what is wrong with it."""
    expected = named.digest
    head = None if expected is None else find_version(objects, named.key, named.version_id, expected)
    if head is not None and head.length_bytes > LARGEST_BYTES:
        yield Mismatch(f"object of the {what}", f"at most {LARGEST_BYTES} bytes", f"{head.length_bytes} bytes")
        return None
    try:
        got = None if head is None else objects.get(named.key, head.version_id)
    except StoreUnreachableError as problem:
        objects.require_fit()  # a store that is away raises; else it is this object alone
        yield Mismatch(f"object of the {what}", "readable", problem.found)
        return None
    if got is None:
        yield Mismatch(f"object of the {what}", f"{named.key}, version {named.version_id}", "none")
        return None
    head, content = got
    yield from locks.judge(
        RetentionLock(named.key, head.version_id, head.locked_until, named.at), f"lock of the {what}"
    )
    if sha256(content) != expected:
        yield Mismatch(f"sha256 of the {what}", str(expected), str(sha256(content)))
    return content
